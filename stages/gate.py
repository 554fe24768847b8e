"""Fail where the test figures fall short of what `gate` in params.yaml asks for.

Reads   reports/evaluate/metrics.json, behaviour.json
Writes  nothing
"""

from pathlib import Path

from classifier.errors import InputError
from classifier.evaluation.thresholds import Gate, check
from classifier.files.atomic import read_json

REPORT = Path("reports/evaluate/metrics.json")
BEHAVIOUR = Path("reports/evaluate/behaviour.json")


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
