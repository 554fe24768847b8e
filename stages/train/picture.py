"""Draws a network: its layers, their output shapes and parameters."""

import keras
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

COLORS = {"Conv2D": "#d5ead0", "Dense": "#cfe3f5", "Dropout": "#f8e5c6"}  # any other kind: OTHER
OTHER = "#ededed"
COLUMNS = ((0.3, "left"), (6.0, "left"), (9.7, "right"))  # of a drawing 10 wide


def draw(network) -> Figure:
    """Return a figure with a box for each layer, from input to output.

    A box without an arrow to it, or with more inputs than the box above, names them.
    """
    layers = network.layers
    figure = Figure(figsize=(6.4, 0.55 * len(layers) + 0.9), dpi=120, layout="constrained")
    figure.suptitle(f"{network.name}: {network.count_params():,} parameters", size=13)
    axes = figure.add_subplot(xlim=(0, 10), ylim=(len(layers) - 0.4, -1))
    axes.set_axis_off()

    def line(row, texts, **style):
        for (x, alignment), text in zip(COLUMNS, texts, strict=True):
            axes.text(x, row, text, ha=alignment, va="center", size=10, **style)

    line(-0.75, ("layer", "output shape", "parameters"), color="#555555")
    for row, layer in enumerate(layers):
        kind, shape = type(layer).__name__, " × ".join(map(str, layer.output.shape[1:]))
        box = {"boxstyle": "round,pad=0,rounding_size=0.12", "ec": "#888888", "fc": COLORS.get(kind, OTHER)}
        axes.add_patch(FancyBboxPatch((0.1, row - 0.3), 9.8, 0.6, **box))
        sources = [tensor._keras_history.operation for tensor in keras.tree.flatten(layer.input)]
        chained = row == 0 or sources == [layers[row - 1]]
        origin = "" if chained else f"  of {', '.join(source.name for source in sources)}"
        line(row, (f"{kind}  {layer.name}{origin}", shape, f"{layer.count_params():,}" if layer.weights else ""))
        if row and layers[row - 1] in sources:
            axes.annotate("", (5, row - 0.3), (5, row - 0.7), arrowprops={"arrowstyle": "-|>", "lw": 0.8})
    return figure
