"""Fail where the test figures fall short of what `gate` in params.yaml asks for.

Reads   reports/evaluate/metrics.json
Writes  nothing
"""

from pathlib import Path

from stages import params
from stages.errors import InputError
from stages.files import read_json
from stages.process import run

METRICS = Path("reports/evaluate/metrics.json")
AT_MOST = {"ece"}  # of the others, at least


def check(thresholds: dict, metrics: dict) -> tuple[list[str], list[str]]:
    """Return a table of thresholds and figures, by lines, and the names of those that fall short."""
    lines, short = [], []
    for name, threshold in thresholds.items():
        is_most, figure = name in AT_MOST, metrics[name]
        holds = figure <= threshold if is_most else figure >= threshold
        bound = "at most" if is_most else "at least"
        lines.append(f"{'✓' if holds else '✗'} {name:20}{bound:9}{threshold:<10}{figure}")
        short += [] if holds else [name]
    return lines, short


def main():
    lines, short = check(params.read().gate.model_dump(exclude_unset=True), read_json(METRICS))
    print("\n".join(lines) or "gate: nothing asked for in params.yaml")
    if short:
        cure = f"the model, {METRICS} and the pictures stay; train another model, or lower gate in {params.PATH}"
        raise InputError(f"gate: expected {len(lines)} figures to be reached, {', '.join(short)} fell short; {cure}")


if __name__ == "__main__":
    run(main, stage="gate")
