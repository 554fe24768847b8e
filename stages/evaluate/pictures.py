"""Pictures of predictions, as Matplotlib figures."""

from matplotlib.figure import Figure

RIGHT, WRONG = "#1a6e2e", "#b3001b"


def image_grid(title: str, images, actual, predicted, confidence, classes, columns: int) -> Figure:
    """Show each image with predicted label, confidence and true label; a wrong one has a thick
    frame, a cross and bold letters.

    Args:
        images: uint8 (n, rows, columns).
        actual, predicted: int (n,), class numbers.
        confidence: float (n,).
    """
    rows = max(1, -(-len(images) // columns))
    figure = Figure(figsize=(1.62 * columns, 2.05 * rows + 0.5), dpi=100, layout="constrained")
    figure.suptitle(title, size=14)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, image, truth, guess, share in zip(
        grid, images, actual, predicted, confidence, strict=False
    ):
        wrong = truth != guess
        axes.imshow(image, cmap="gray_r", vmin=0, vmax=255)
        axes.set_axis_on()
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(color=WRONG if wrong else "#bbbbbb", linewidth=3 if wrong else 1)
        mark = "✗" if wrong else "✓"
        axes.set_xlabel(
            f"{mark} {classes[guess]} {share:.1%}\ntrue: {classes[truth]}",
            color=WRONG if wrong else RIGHT,
            size=9,
            weight="bold" if wrong else "normal",
        )
    return figure


def confusion_matrix(table: list[dict], classes) -> Figure:
    """Draw the rows of `scores.confusion`: actual classes down, predicted across, share in %."""
    size = len(classes)
    shares = [[table[row * size + column]["share"] for column in range(size)] for row in range(size)]
    figure = Figure(figsize=(0.62 * size + 2.2, 0.55 * size + 2.2), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row in range(size):
        for column in range(size):
            percent = 100 * shares[row][column]
            axes.text(
                column,
                row,
                f"{percent:.1f}" if percent else "·",
                ha="center",
                va="center",
                size=9,
                color="white" if percent > 55 else "#333333",
            )
    axes.set_xticks(range(size), classes, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(size), classes)
    axes.set(xlabel="predicted", ylabel="actual")
    axes.set_title("Test images of each actual class, in % (diagonal: recall)", size=12)
    return figure
