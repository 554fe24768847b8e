"""What a comparison says, as text or Markdown."""

import re

from tools.compare.significance import LEVEL, Comparison
from tools.terminal import columns

HEADER = ("class", "recall, first", "recall, second", "points", "p (Holm)", "")
MOST_NAMED = 3  # of the classes that have changed
CAUTION = (
    "This is about these two models; "
    "recipes are compared over several seeds (python -m tools.seeds)."
)


def verdict(result: Comparison, names: tuple[str, str]) -> str:
    """Return the answer in a sentence."""
    if not len(result.only_first) and not len(result.only_second):
        return "No difference: both are right on the same test images."
    changed = [change for change in result.by_class if change.is_significant]
    changed.sort(key=lambda change: (-abs(change.points), change.name))
    if result.p >= LEVEL:
        share = f"chance alone makes one as large in {result.p:.0%} of such comparisons"
        where = f"; but there is one on {_names(changed)}" if changed else ""
        return f"No significant difference: {share}{where}."
    is_second = result.second > result.first
    gains = [change for change in changed if (change.points > 0) == is_second]
    losses = [change for change in changed if change not in gains]
    where = f", above all on {_names(gains)}" if gains else ", by a little in many classes"
    but = f", but worse on {_names(losses)}" if losses else ""
    return f"{names[is_second]} is better{where}{but}."


def _names(changes: list) -> str:
    """Return the names of classes, of many those that changed most."""
    more = f" and {len(changes) - MOST_NAMED} more" if len(changes) > MOST_NAMED else ""
    return ", ".join(change.name for change in changes[:MOST_NAMED]) + more


def report(result: Comparison, names: tuple[str, str], is_markdown: bool) -> str:
    """Return the comparison as text, or as Markdown."""
    low, high = (f"{100 * bound:+.2f}" for bound in result.interval)
    points = f"{100 * (result.second - result.first):+.2f} points, 95 % interval {low} to {high}"
    only = (
        f"only in the first {len(result.only_first)}, only in the second {len(result.only_second)}"
    )
    lines = [
        f"{result.count:,} test images; first: {names[0]}; second: {names[1]}",
        f"Accuracy {result.first:.2%} and {result.second:.2%}: {points}",
        f"McNemar's exact test: p = {result.p:.2g}; right {only}",
    ]
    rows = [HEADER]
    for change in result.by_class:
        recalls = f"{change.first:.1%}", f"{change.second:.1%}"
        mark = "*" if change.is_significant else ""
        rows.append((change.name, *recalls, f"{change.points:+.1f}", f"{change.p:.2g}", mark))
    answer = verdict(result, names)
    if is_markdown:
        return "\n\n".join([f"**{answer}**", *lines, markdown_table(rows), CAUTION])
    table = columns(rows, numeric=(1, 2, 3, 4))
    return "\n".join([answer, "", *lines, "", *table, "", CAUTION])


def _escaped(cell: str) -> str:
    """Return a cell's text, of which Markdown takes nothing for markup but code."""
    return re.sub(r"([*|<!@\[\\])", r"\\\1", " ".join(cell.split()))


def markdown_table(rows: list[tuple]) -> str:
    head, *lines = ["| " + " | ".join(map(_escaped, row)) + " |" for row in rows]
    rule = "| --- |" + " ---: |" * (len(rows[0]) - 2) + " --- |"
    return "\n".join([head, rule, *lines])
