"""Thresholds of test figures: which figures may have one, and what falls short of its own."""

from pydantic import create_model

from classifier.errors import InputError
from classifier.evaluation import behaviour
from classifier.evaluation.scores import METRICS
from classifier.knobs import Proportion, Section

SHARES_KEPT = [name for names in behaviour.NAMES.values() for name in names]
BETTER = {metric.name: metric.better for metric in METRICS if metric.better}
BETTER |= dict.fromkeys(SHARES_KEPT, "higher")

# A threshold for any metric that is better higher or lower; one that is absent asks for nothing.
THRESHOLDS = {metric.name: metric.threshold for metric in METRICS if metric.better}
THRESHOLDS |= dict.fromkeys(SHARES_KEPT, Proportion)
Gate = create_model(
    "Gate", __base__=Section, **{name: (kind, None) for name, kind in THRESHOLDS.items()}
)


def check(thresholds: dict, figures: dict) -> tuple[list[str], list[str]]:
    """Return a table of thresholds and figures, by lines, and the names of what falls short.

    Raises:
        InputError: there is no such figure.
    """
    lines, short = [], []
    for name, threshold in thresholds.items():
        if name not in figures:
            found = f"expected {name} in reports/evaluate, found none"
            raise InputError(f"gate: {found}; `dvc repro` measures it")
        figure = figures[name]
        if BETTER[name] == "higher":
            bound, holds = "at least", figure >= threshold
        else:
            bound, holds = "at most", figure <= threshold
        if not holds:
            short.append(name)
        lines.append(f"{'✓' if holds else '✗'} {name:27}{bound:9}{threshold:<10}{figure}")
    return lines, short
