"""Draw a metric against a parameter, over the experiments that were run from the last commit.

    python -m tools.sweep baseline.dropout
    python -m tools.sweep split.share --metric val_accuracy --picture share.png

The last commit's own run is one of them. Prints a table and writes a picture. The metric is one of
validation images, for values are chosen by it. Experiments that differ in other parameters too are
told apart by these.
"""

import argparse
from pathlib import Path

from classifier.drawing.figures import write_figure
from classifier.process.command import run
from classifier.surroundings import set_environment
from tools.sweep.points import BEST, COMMIT, Point, read_points
from tools.terminal import columns, png


def table(points: list[Point], key: str, metric: str) -> list[str]:
    """Return the lines of a table, and one that names the best run."""
    rows = [(key, metric, "experiment", "")]
    for each in points:
        rows.append((str(each.value), f"{each.metric:.4f}", each.name, each.others))
    best = BEST[metric](points, key=lambda point: point.metric)
    text = f"best: {best.value}, of {best.name}" + (f" ({best.others})" if best.others else "")
    use = "" if best.name == COMMIT else f"; `dvc exp apply {best.name}` brings it here"
    return [*columns(rows, numeric=(1,)), text + use]


def parse() -> argparse.Namespace:
    summary = (__doc__ or " ").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m tools.sweep", description=summary)
    parser.add_argument("key", help="a parameter, say baseline.dropout")
    metric = "of the finished model on validation images (default: val_loss)"
    parser.add_argument("--metric", choices=BEST, default="val_loss", help=metric)
    picture = "what to draw into (default: sweep.png)"
    default = Path("sweep.png")
    parser.add_argument("--picture", type=png, default=default, metavar="FILE.png", help=picture)
    return parser.parse_args()


def main():
    options = parse()
    points = read_points(options.key, options.metric)
    print("\n".join(table(points, options.key, options.metric)))
    set_environment()  # before Matplotlib is imported
    from tools.sweep.picture import draw

    write_figure(options.picture, draw(points, options.key, options.metric))
    print(f"sweep: drew {options.picture}")


if __name__ == "__main__":
    run(main)
