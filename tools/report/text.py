"""What a report says of two runs, in Markdown."""

from tools.compare.report import markdown_table
from tools.compare.report import report as comparison
from tools.compare.significance import Comparison
from tools.revisions import AbsentError
from tools.runs import Run, metrics_of, params_of

STAGES = ("evaluate", "train", "teach")
METRICS = [
    *(f"reports/{stage}/metrics.json" for stage in STAGES),
    "reports/evaluate/behaviour.json",
]
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
    before, after = map(params_of, (first, second))
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
        before, after = (_metrics_if_any(each, path) for each in (first, second))
        for name in dict.fromkeys([*before, *after]):
            old, new = before.get(name), after.get(name)
            if old != new:
                change = f"{new - old:+.4g}" if None not in (old, new) else ""
                values = [ABSENT if value is None else f"{value:g}" for value in (old, new)]
                rows.append((f"{path.split('/')[1]}: {name}", *values, change))
    return rows


def _metrics_if_any(run: Run, path: str) -> dict[str, float]:
    """Return a run's metrics, none where its code did not measure them yet."""
    try:
        return metrics_of(run, path)
    except AbsentError:
        return {}
