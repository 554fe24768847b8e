"""The runs of a sweep: each with the parameter's value and what came of it."""

import math
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
    params, figures = {}, {}
    for each in found:
        values = params_of(each)
        if key in values:
            params[each.name] = values
            figures[each.name] = _figure(each, metric)
    if not params:
        expected = "expected a parameter such as train.seed"
        raise InputError(f"{PARAMS}: {expected}, received {key}; `dvc params diff --all` has them")
    others = _others(params, key)
    points = [
        Point(name, params[name][key], figure, others[name]) for name, figure in figures.items()
    ]
    if len({str(point.value) for point in points}) < 2:
        expected = f"expected experiments with several values of {key}, found one value"
        queue = f"`dvc exp run --queue -S {key}=VALUE,VALUE`, then `dvc queue start`"
        others = "`dvc exp list --all-commits` has those of other commits"
        raise InputError(f"{COMMIT}: {expected} in {len(points)} run(s); {queue}; {others}")
    if all(is_number(point.value) for point in points):
        points.sort(key=lambda point: point.value)
    return points


def is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _figure(each: Committed, metric: str) -> float:
    figure = metrics_of(each, METRICS).get(metric)
    if not is_number(figure) or not math.isfinite(figure):
        expected = f"expected a number as {metric} of {each.name}, received {figure}"
        raise InputError(f"{METRICS}: {expected}; `dvc exp remove {each.name}` leaves it out")
    return figure


def _others(params: dict[str, dict], key: str) -> dict[str, str]:
    """Return, for each run by its name, the other parameters in which the runs differ."""
    known = dict.fromkeys(name for each in params.values() for name in each if name != key)
    differing = [
        name for name in known if len({str(each.get(name)) for each in params.values()}) > 1
    ]
    return {
        run: ", ".join(f"{name}={values[name]}" for name in differing if name in values)
        for run, values in params.items()
    }
