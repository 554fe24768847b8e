"""What tools take from a terminal and show in it: names of pictures, a progress line, tables."""

import argparse
import contextlib
import sys
from pathlib import Path

from classifier.errors import InputError, printable


@contextlib.contextmanager
def requiring(name: str):
    """Name the package that is missing, and the file in requirements/ that has it."""
    try:
        yield
    except ModuleNotFoundError as error:
        cure = f"run `pip install -r requirements/{name}.txt`"
        raise InputError(f"{error.name}: expected to be installed; {cure}") from None


def show(text: str) -> None:
    """Replace the progress line; nothing where nobody watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def png(text: str) -> Path:
    """Return the path of a picture to write, for argparse."""
    path = Path(text)
    if path.suffix != ".png" or path.is_dir():
        raise argparse.ArgumentTypeError(
            f"expected a file whose name ends in .png, received {text!r}"
        )
    return path


def columns(rows: list[tuple], numeric: tuple = ()) -> list[str]:
    """Return the lines of a table, its columns as wide as needed.

    Args:
        rows: cells of text, as many in each; what could steer a terminal is shown in escapes.
        numeric: the numbers of the columns that stand at the right.
    """
    rows = [tuple(map(printable, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for number, cell in enumerate(row):
            put = str.rjust if number in numeric else str.ljust
            cells.append(put(cell, widths[number]))
        lines.append("  ".join(cells).rstrip())
    return lines
