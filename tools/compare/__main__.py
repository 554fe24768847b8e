"""Is the change real? Compare two runs by their predictions for the same test images.

    python -m tools.compare                  # the last commit and the workspace
    python -m tools.compare HEAD~3           # another commit, tag or experiment, and the workspace
    python -m tools.compare main busy-lynx --markdown --picture compare.png

States the difference in accuracy with a 95 % confidence interval (Bonett and Price, 2012),
McNemar's exact test, which classes changed (the same test, with Holm's correction), and how many
images flipped. The predictions come from DVC's cache; a run may also be the folder of a checkout.
"""

import argparse

from classifier.process.command import run
from classifier.surroundings import set_environment
from tools import runs
from tools.compare.predictions import compared, read
from tools.compare.report import report
from tools.terminal import png


def parse() -> argparse.Namespace:
    summary = (__doc__ or " ").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m tools.compare", description=summary)
    first = "a commit, an experiment or a checkout's folder (default: HEAD)"
    second = "another one (default: the workspace)"
    drawing = "draw changes by class and flipped images"
    parser.add_argument("first", nargs="?", default="HEAD", metavar="REV", help=first)
    parser.add_argument("second", nargs="?", metavar="REV", help=second)
    parser.add_argument("--markdown", action="store_true", help="for a pull request")
    parser.add_argument("--picture", type=png, metavar="FILE.png", help=drawing)
    return parser.parse_args()


def main():
    options = parse()
    first, second = read(runs.find(options.first)), read(runs.find(options.second))
    result = compared(first, second)
    print(report(result, (first.name, second.name), options.markdown))
    if options.picture:
        set_environment()  # before Matplotlib is imported
        from tools.compare.picture import draw

        draw(options.picture, result, first, second)
        print(f"\ncompare: drew {options.picture}")


if __name__ == "__main__":
    run(main)
