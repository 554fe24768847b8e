"""The runs of a sweep: each with the parameter's value and what came of it."""

from typing import NamedTuple

from classifier.errors import InputError
from tools import revisions
from tools.runs import PARAMS, Committed, metrics_of, params_of

METRICS = "reports/train/metrics.json"
BEST = {"val_loss": min, "val_accuracy": max}
COMMIT = "HEAD"


class Point(NamedTuple):
    """A run: its name, the parameter's value, the metric, and other parameters in words."""

    name: str
    value: object
    metric: float
    others: str


def read_points(key: str, metric: str) -> list[Point]:
    """Return a point for each run, by the order of values where they are numbers.

    Raises:
        InputError: no run has such a parameter, or all have the same value.
    """
    commit = revisions.find(COMMIT)
    found = [Committed(each.name, each) for each in (commit, *revisions.experiments_of(commit))]
    params = [params_of(each) for each in found]
    if not any(key in each for each in params):
        expected = "expected a parameter such as train.seed"
        raise InputError(f"{PARAMS}: {expected}, received {key}; `dvc params diff --all` has them")
    others = [_others(each, params, key) for each in params]
    points = []
    for each, values, text in zip(found, params, others, strict=True):
        if key in values:
            points.append(Point(each.name, values[key], metrics_of(each, METRICS)[metric], text))
    if len({str(point.value) for point in points}) < 2:
        expected = f"expected experiments with several values of {key}, found one value"
        queue = f"`dvc exp run --queue -S {key}=VALUE,VALUE`, then `dvc queue start`"
        raise InputError(f"{COMMIT}: {expected} in {len(points)} run(s); {queue}")
    if all(is_number(point.value) for point in points):
        points.sort(key=lambda point: point.value)
    return points


def is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _others(own: dict, all_params: list[dict], key: str) -> str:
    """Return the other parameters in which runs differ, with a run's own values."""
    names = dict.fromkeys(name for each in all_params for name in each if name != key)
    differing = [name for name in names if len({str(each.get(name)) for each in all_params}) > 1]
    return ", ".join(f"{name}={own.get(name)}" for name in differing)
