"""A report for whoever reviews a change: what changed, and whether the model is better.

    python -m tools.report main                     # that branch and the workspace
    python -m tools.report ../base --fail-if-worse  # a checkout in which it has run, too

Writes report/report.md and its pictures: parameters and metrics that changed, the comparison of
`tools.compare`, images that flipped, curves of both. With --fail-if-worse, it ends with status 1
where the model of the workspace is significantly worse (McNemar's exact test, 5 %).
"""

import argparse
from pathlib import Path

from classifier.drawing.figures import write_figure
from classifier.errors import InputError
from classifier.files.atomic import write_text
from classifier.process.command import run
from classifier.surroundings import set_environment
from tools import runs
from tools.compare.predictions import compared, read
from tools.compare.significance import LEVEL, Comparison
from tools.report.text import changed_metrics, changed_params, report

FOLDER = Path("report")


def parse() -> argparse.Namespace:
    summary = (__doc__ or " ").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m tools.report", description=summary)
    base = "a commit, an experiment or a checkout's folder, to compare the workspace with"
    folder = f"where to write it (default: {FOLDER})"
    failing = "end with status 1 where the model is significantly worse"
    parser.add_argument("base", metavar="BASE", help=base)
    parser.add_argument("--name", help="what the report calls BASE (default: as it is given)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help=folder)
    parser.add_argument("--fail-if-worse", action="store_true", help=failing)
    return parser.parse_args()


def is_worse(result: Comparison) -> bool:
    """Whether the second of two runs is significantly worse."""
    return result.second < result.first and result.p < LEVEL


def main():
    options = parse()
    set_environment()  # before Matplotlib is imported
    from tools.compare.picture import draw
    from tools.report.curves import draw_curves

    base = runs.find(options.base)
    pair = base._replace(name=options.name or base.name), runs.find(None)
    first, second = map(read, pair)
    result = compared(first, second)
    folder = options.folder
    draw(folder / "images.png", result, first, second)
    write_figure(folder / "curves.png", draw_curves(*pair))
    names = first.name, second.name
    text = report(result, names, changed_params(*pair), changed_metrics(*pair))
    write_text(folder / "report.md", text)
    print(f"report: {folder / 'report.md'}")
    if options.fail_if_worse and is_worse(result):
        expected = f"expected a model not significantly worse than {first.name}"
        received = f"received accuracy {result.second:.2%} after {result.first:.2%}"
        raise InputError(f"report: {expected}, {received}, p = {result.p:.2g}; see {folder}")


if __name__ == "__main__":
    run(main)
