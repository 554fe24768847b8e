"""Draws a metric against a parameter."""

import textwrap

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from classifier.drawing.figures import set_matplotlib
from tools.sweep.points import BEST, Point, is_number

LOGARITHMIC = 30  # from this ratio of the largest value to the smallest
MOST_LINES = 8  # in the legend; the table has all
MOST_LETTERS = 70  # of a line there
VALUE_LETTERS = 14  # of a value that is no number


def draw(points: list[Point], key: str, metric: str) -> Figure:
    """Draw a point for each run; a line joins numbers of runs that differ in nothing else."""
    set_matplotlib()
    figure = Figure(figsize=(8, 4.5), dpi=100, layout="constrained")
    axes = figure.subplots()
    values = [each.value for each in points]
    numbers = all(map(is_number, values))
    names = list(dict.fromkeys(map(str, values)))
    places = values if numbers else [names.index(str(each)) for each in values]
    lines = {}
    for each, place in zip(points, places, strict=True):
        lines.setdefault(each.others, []).append((place, each.metric))
    for others, members in lines.items():
        axes.plot(*zip(*members, strict=True), "o-" if numbers else "o", label=others)
    if numbers:
        _set_scale(axes, values)
    else:
        turned = {"rotation": 25, "ha": "right"} if len(names) > 3 else {}
        shortened = [textwrap.shorten(name, VALUE_LETTERS, placeholder="…") for name in names]
        axes.set_xticks(range(len(names)), shortened, **turned)
    _name_best(axes, points, places, metric)
    if 1 < len(lines) <= MOST_LINES and max(map(len, lines)) <= MOST_LETTERS:
        figure.legend(loc="outside lower center", frameon=False)
    axes.margins(x=0.05 if numbers else 0.2, y=0.2)
    axes.set_xlabel(key)
    axes.set_ylabel(metric)
    axes.grid(color="#e5e5e5")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(f"{metric} of {len(points)} runs")
    return figure


def _set_scale(axes, values: list[float]) -> None:
    if min(values) > 0 and max(values) / min(values) >= LOGARITHMIC:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axes.xaxis.set_major_formatter("{x:g}")  # the usual one needs Matplotlib's math
        axes.minorticks_off()


def _name_best(axes, points: list[Point], places: list, metric: str) -> None:
    """Draw a ring around the best point, and its name on the side where no line passes."""
    best = BEST[metric](range(len(points)), key=lambda row: points[row].metric)
    place, figure = places[best], points[best].metric
    ring = {"markersize": 13, "markerfacecolor": "none", "markeredgecolor": "#333333"}
    axes.plot(place, figure, "o", **ring)
    name = textwrap.shorten(points[best].name, 30, placeholder="…")
    side = "right" if place > (min(places) + max(places)) / 2 else "left"
    below = -20 if BEST[metric] is min else 12
    text = {"textcoords": "offset points", "ha": side}
    axes.annotate(f"best: {name}", (place, figure), (0, below), **text).set_in_layout(False)
