"""Draws a network: its layers, their output shapes and parameters."""

import keras
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

COLORS = {"Conv2D": "#d5ead0", "Dense": "#cfe3f5", "Dropout": "#f8e5c6"}
OTHER_COLOR = "#ededed"  # of any other kind of layer
COLUMNS = ((0.3, "left"), (6.0, "left"), (9.7, "right"))  # of a drawing 10 wide


def draw(network: keras.Model) -> Figure:
    """Return a figure with a box for each layer, from input to output.

    A box without an arrow to it, or with more inputs than the box above, names them.
    """
    layers = network.layers
    height = 0.55 * len(layers) + 0.9
    figure = Figure(figsize=(6.4, height), dpi=120, layout="constrained")
    figure.suptitle(f"{network.name}: {network.count_params():,} parameters", size=13)
    axes = figure.add_subplot(xlim=(0, 10), ylim=(len(layers) - 0.4, -1))
    axes.set_axis_off()

    _write_line(axes, -0.75, ("layer", "output shape", "parameters"), color="#555555")
    for row, layer in enumerate(layers):
        kind = type(layer).__name__
        axes.add_patch(_box(row, COLORS.get(kind, OTHER_COLOR)))
        sources = _sources(layer)
        is_chained = row == 0 or sources == [layers[row - 1]]
        origin = "" if is_chained else f"  of {', '.join(source.name for source in sources)}"
        shape = " × ".join(map(str, layer.output.shape[1:]))
        parameters = f"{layer.count_params():,}" if layer.weights else ""
        _write_line(axes, row, (f"{kind}  {layer.name}{origin}", shape, parameters))
        if row and layers[row - 1] in sources:
            arrow = {"arrowstyle": "-|>", "lw": 0.8}
            axes.annotate("", (5, row - 0.3), (5, row - 0.7), arrowprops=arrow)
    return figure


def _sources(layer) -> list:
    """Return the layers whose outputs a layer takes."""
    return [tensor._keras_history.operation for tensor in keras.tree.flatten(layer.input)]


def _box(row: int, color: str) -> FancyBboxPatch:
    style = "round,pad=0,rounding_size=0.12"
    return FancyBboxPatch((0.1, row - 0.3), 9.8, 0.6, boxstyle=style, ec="#888888", fc=color)


def _write_line(axes, row: float, texts: tuple, **style) -> None:
    for (x, alignment), text in zip(COLUMNS, texts, strict=True):
        axes.text(x, row, text, ha=alignment, va="center", size=10, **style)
