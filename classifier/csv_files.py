"""Tables in CSV files."""

import csv
from collections.abc import Iterable
from pathlib import Path

from classifier.files.atomic import replacing


def read_csv(path: Path) -> list[dict]:
    """Return the rows of a file with a header, by its columns."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_csv(path: Path, rows: Iterable[tuple]) -> None:
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
