"""Reads tables of image files and their labels, which people have as CSV of several kinds."""

import csv
import io
import reprlib
import unicodedata
from collections import Counter
from pathlib import Path

from classifier.errors import InputError
from classifier.images.image_files import is_image

LABELS = ("label", "class", "category", "target")  # what the column of labels may be called
DELIMITERS = ",;\t"


def by_table(table: Path, places: list[Path], left_out: Counter) -> dict[str, list[Path]]:
    """Return the image files of each label in a table, whose names are of one of some folders."""
    expected = f"{table}: expected a row an image, its file's name and its label"
    try:
        text = table.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{expected}, received a file that is not UTF-8") from None
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows = [row for row in lines if row]
    except csv.Error as error:
        raise InputError(f"{expected}, received: {error}") from None
    place, name_column = _place_of_files(rows[:2], places)
    if place is None:
        received = reprlib.repr(", ".join(rows[-1])) if rows else "an empty table"
        raise InputError(f"{expected}, found no file that is named in {received}")
    has_header = not (place / rows[0][name_column]).is_file()
    label_column = _label_column(rows[0], name_column, has_header)
    if label_column is None:
        raise InputError(f"{expected}, received the columns {', '.join(rows[0])}")
    found = {}
    for number, row in enumerate(rows[has_header:], start=1 + has_header):
        if len(row) != len(rows[0]):
            raise InputError(f"{expected}, received {len(row)} columns in row {number}")
        name = Path(row[name_column])
        if name.is_absolute() or ".." in name.parts:
            found = (
                f"received {row[name_column]!r} in row {number}: outside, DVC would not watch it"
            )
            raise InputError(f"{expected} within the folder, {found}")
        path = place / name
        if not path.is_file():
            raise InputError(f"{expected}, found no file {row[name_column]!r} of row {number}")
        if is_image(path):
            label = unicodedata.normalize("NFC", row[label_column].strip())
            if not label:
                raise InputError(f"{expected}, received no label in row {number}")
            found.setdefault(label, []).append(path)
        else:
            left_out[path.suffix.lower() or path.name] += 1
    return found


def _place_of_files(rows: list[list[str]], places: list[Path]) -> tuple[Path | None, int]:
    """Return the folder and the column of a table's file names, by its first rows."""
    for row in reversed(rows):
        for place in places:
            for column, cell in enumerate(row):
                if cell and (place / cell).is_file():
                    return place, column
    return None, 0


def _label_column(header: list[str], name_column: int, has_header: bool) -> int | None:
    others = [column for column in range(len(header)) if column != name_column]
    if len(others) == 1:
        return others[0]
    named = [column for column in others if header[column].strip().lower() in LABELS]
    return named[0] if has_header and len(named) == 1 else None
