"""What is said of doubted labels and flagged files: for people, and as a table."""

from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from tools.suspects.files import ImageFile
from tools.terminal import columns

HEADER = ("rank", "row", "file", "label", "suggested", "score")
MAX_NAMES = 5  # of files, after each check
CAUTION = "suspects: a doubted label may be right: look at each image before you change it"


class Report(NamedTuple):
    """Suspects and flagged files, and what their numbers mean.

    Attributes:
        suspects: `ranking.Suspect`s that are listed.
        flagged: `quality.Flagged` files.
        classes: the names of labels 0, 1, …
        files: of all training images, or none.
    """

    suspects: list
    flagged: list
    classes: list[str]
    files: list[ImageFile]

    def text(self, doubted: int, count: int, source: Path) -> list[str]:
        """Return lines for people.

        Args:
            doubted: how many labels are doubted, listed or not.
            count: of the training images.
            source: where they are from.
        """
        first = f"; the first {len(self.suspects)}" if len(self.suspects) < doubted else ""
        found = f"suspects: {doubted:,} of {count:,} labels are doubted{first}"
        lines = [*self._checks(), "", found]
        if not self.suspects:
            return lines
        rows = self._rows()
        last = len(rows[0]) - 1
        table = columns(rows, numeric=(0, 1, last))
        return [*lines, *table, "", CAUTION, f"suspects: and now? {self._next(source)}"]

    def _next(self, source: Path) -> str:
        """Return in words how a label is mended."""
        if self.files:
            move = f"move a wrong file in {source} to the folder of its class"
            return f"{move}, or mend its row of a table; then `dvc repro`"
        mend = f"mend wrong ones in a copy of what {source} describes; rows count from 0"
        return f"{mend}; name the copy's description in fetch.source; then `dvc repro`"

    def _rows(self) -> list[tuple]:
        """Return the header and the suspects, without files where there are none."""
        rows = [HEADER, *self._listed()]
        return rows if self.files else [(*row[:2], *row[3:]) for row in rows]

    def _listed(self) -> list[tuple]:
        rows = []
        for number, each in enumerate(self.suspects, start=1):
            file = self.files[each.row].path if self.files else ""
            names = self.classes[each.given], self.classes[each.suggested]
            rows.append((str(number), str(each.row), file, *names, f"{each.score:.2g}"))
        return rows

    def _checks(self) -> list[str]:
        """Return a line for each check that files do not pass."""
        lines = []
        for check, group in groupby(self.flagged, key=lambda each: each.check):
            paths = [self.files[each.row].path for each in group]
            more = f" and {len(paths) - MAX_NAMES} more" if len(paths) > MAX_NAMES else ""
            names = ", ".join(paths[:MAX_NAMES])
            files = "1 file" if len(paths) == 1 else f"{len(paths):,} files"
            lines.append(f"suspects: {check}: {files}: {names}{more}")
        return lines

    def table(self) -> list[tuple]:
        """Return the suspects, then the flagged files, as rows of a table with a header."""
        rows = [("reason", *HEADER)]
        rows += [("label", *row) for row in self._listed()]
        for each in self.flagged:
            path = self.files[each.row].path
            rows.append((each.check, "", each.row, path, "", "", f"{each.score:.2g}"))
        return rows
