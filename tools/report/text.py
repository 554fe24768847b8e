"""What a report says of two runs, in Markdown."""

import json

from ruamel.yaml import YAML, YAMLError

from classifier.errors import InputError
from tools.compare.report import markdown_table
from tools.compare.report import report as comparison
from tools.compare.significance import Comparison
from tools.runs import Run

PARAMS = "params.yaml"
METRICS = [f"reports/{stage}/metrics.json" for stage in ("evaluate", "train", "teach")]
ABSENT = "–"
TEMPLATE = """# Is the model better than that of {base}?

{comparison}

## Parameters that changed

{params}

## Metrics that changed

{metrics}

## Images that changed sides

![Recall by class, and test images that one of the two models alone has right](images.png)

## Curves

![Loss and accuracy of both after each epoch](curves.png)
"""


def report(result: Comparison, names: tuple[str, str], params: list, metrics: list) -> str:
    """Return the report; `params` and `metrics` are rows, as the functions below return them."""
    heads = {"params": ("parameter", *names, ""), "metrics": ("metric", *names, "change")}
    tables = {}
    for key, rows in {"params": params, "metrics": metrics}.items():
        tables[key] = markdown_table([heads[key], *rows]) if rows else "None."
    return TEMPLATE.format(
        base=names[0], comparison=comparison(result, names, is_markdown=True), **tables
    )


def changed_params(first: Run, second: Run) -> list[tuple[str, str, str, str]]:
    """Return a row for each parameter that two runs do not share: its key and both values."""
    before, after = map(_params, (first, second))
    rows = []
    for key in dict.fromkeys([*before, *after]):
        values = [str(each.get(key, ABSENT)) for each in (before, after)]
        if values[0] != values[1]:
            rows.append((f"`{key}`", *values, ""))
    return rows


def changed_metrics(first: Run, second: Run) -> list[tuple[str, str, str, str]]:
    """Return a row for each metric that changed: its name, both values, and the change."""
    rows = []
    for path in METRICS:
        before, after = (_metrics(each, path) for each in (first, second))
        for name in dict.fromkeys([*before, *after]):
            old, new = before.get(name), after.get(name)
            if old != new:
                change = f"{new - old:+.4g}" if None not in (old, new) else ""
                values = [ABSENT if value is None else f"{value:g}" for value in (old, new)]
                rows.append((f"{path.split('/')[1]}: {name}", *values, change))
    return rows


def _params(run: Run) -> dict[str, object]:
    """Return a run's parameters by their keys, such as train.seed."""
    try:
        content = YAML(typ="safe").load(run.file(PARAMS).decode())
        return dict(_leaves(content, ""))
    except (YAMLError, ValueError):
        expected = f"expected parameters of {run.name}, received something else"
        raise InputError(f"{PARAMS}: {expected}") from None


def _leaves(content, key: str):
    if isinstance(content, dict) and content:
        for name, inner in content.items():
            yield from _leaves(inner, f"{key}.{name}" if key else str(name))
    else:
        yield key, content


def _metrics(run: Run, path: str) -> dict[str, float]:
    try:
        return json.loads(run.file(path))
    except ValueError:
        expected = f"expected metrics of {run.name}, received something else"
        raise InputError(f"{path}: {expected}") from None
