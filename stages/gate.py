"""Fail where the test figures fall short of what `gate` in params.yaml asks for.

Reads   reports/evaluate/metrics.json, behaviour.json
Writes  nothing
"""

from pathlib import Path

from pydantic import create_model

from classifier.errors import InputError
from classifier.evaluation import behaviour
from classifier.evaluation.scores import METRICS
from classifier.files.atomic import read_json
from classifier.knobs import Proportion, Section

REPORT = Path("reports/evaluate/metrics.json")
BEHAVIOUR = Path("reports/evaluate/behaviour.json")
SHARES_KEPT = [name for names in behaviour.NAMES.values() for name in names]
BETTER = {metric.name: metric.better for metric in METRICS if metric.better}
BETTER |= dict.fromkeys(SHARES_KEPT, "higher")

# A threshold for any metric that is better higher or lower; one that is absent asks for nothing.
THRESHOLDS = {metric.name: metric.threshold for metric in METRICS if metric.better}
THRESHOLDS |= dict.fromkeys(SHARES_KEPT, Proportion)
Gate = create_model(
    "Gate", __base__=Section, **{name: (kind, None) for name, kind in THRESHOLDS.items()}
)


def check(thresholds: dict, metrics: dict) -> tuple[list[str], list[str]]:
    """Return a table of thresholds and figures, by lines, and the names of what falls short."""
    lines, short = [], []
    for name, threshold in thresholds.items():
        if name not in metrics:
            found = f"expected {name}, found none"
            raise InputError(f"{REPORT.parent}: {found}; `dvc repro` measures it")
        figure = metrics[name]
        if BETTER[name] == "higher":
            bound, holds = "at least", figure >= threshold
        else:
            bound, holds = "at most", figure <= threshold
        if not holds:
            short.append(name)
        lines.append(f"{'✓' if holds else '✗'} {name:27}{bound:9}{threshold:<10}{figure}")
    return lines, short


def main(gate: Gate):
    metrics = read_json(REPORT) | read_json(BEHAVIOUR)
    lines, short = check(gate.model_dump(exclude_unset=True), metrics)
    print("\n".join(lines) or "gate: nothing asked for in params.yaml")
    if short:
        figures = "figure" if len(lines) == 1 else "figures"
        fell_short = f"expected {len(lines)} {figures} to be reached, {', '.join(short)} fell short"
        kept = f"the model, {REPORT} and the pictures stay"
        cure = "train another model, or lower gate in params.yaml"
        raise InputError(f"gate: {fell_short}; {kept}; {cure}")
