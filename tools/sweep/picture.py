"""Draws a metric against a parameter."""

from matplotlib.figure import Figure

from classifier.surroundings import set_matplotlib
from tools.sweep.points import BEST, Point, is_number

LOGARITHMIC = 30  # from this ratio of the largest value to the smallest
MOST_LINES = 10  # for more colors are not told apart


def draw(points: list[Point], key: str, metric: str) -> Figure:
    """Draw a point for each run; a line joins numbers of runs that differ in nothing else."""
    set_matplotlib()
    figure = Figure(figsize=(8, 4.5), dpi=100, layout="constrained")
    axes = figure.subplots()
    numbers = all(is_number(each.value) for each in points)
    lines = {}
    for each in points:
        lines.setdefault(each.others, []).append(each)
    for others, members in lines.items():
        values = [each.value if numbers else str(each.value) for each in members]
        style = "o-" if numbers else "o"
        axes.plot(values, [each.metric for each in members], style, label=others)
    best = BEST[metric](points, key=lambda point: point.metric)
    place = best.value if numbers else str(best.value)
    ring = {"markersize": 13, "markerfacecolor": "none", "markeredgecolor": "#333333"}
    axes.plot(place, best.metric, "o", **ring)
    side = -20 if BEST[metric] is min else 12  # where no line passes
    text = {"textcoords": "offset points", "ha": "center"}
    axes.annotate(f"best: {best.name}", (place, best.metric), (0, side), **text)
    values = [each.value for each in points]
    if numbers and min(values) > 0 and max(values) / min(values) >= LOGARITHMIC:
        axes.set_xscale("log")
        axes.set_xticks(values, [f"{each:g}" for each in values])
        axes.minorticks_off()
    if 1 < len(lines) <= MOST_LINES:
        axes.legend(frameon=False)
    axes.margins(x=0.05 if numbers else 0.2, y=0.2)
    axes.set_xlabel(key)
    axes.set_ylabel(metric)
    axes.grid(color="#e5e5e5")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(f"{metric} of {len(points)} runs")
    return figure
