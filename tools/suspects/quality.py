"""What is wrong with image files themselves, by CleanVision."""

import contextlib
import io
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from cleanvision import Imagelab

from tools.suspects.files import ImageFile

# Not "exact_duplicates", which preprocess finds; nor "grayscale", which is nothing wrong; nor
# "low_information", which takes all drawings for faulty.
CHECKS = (
    "dark",
    "light",
    "blurry",
    "odd_aspect_ratio",
    "odd_size",
    "near_duplicates",
)
MODES = {"1", "CMYK", "F", "I", "I;16", "L", "P", "RGB", "RGBA"}  # which CleanVision reads


class Flagged(NamedTuple):
    """A file that does not pass a check, and its score: 0 is worst, 1 is best.

    Attributes:
        check: in words.
        row: of the training images.
    """

    check: str
    row: int
    score: float


def check_files(source: Path, files: list[ImageFile]) -> list[Flagged]:
    """Return the files of training images that do not pass, by check, the worst first."""
    rows = {str(source / file.path): row for row, file in enumerate(files) if file.mode in MODES}
    print(f"suspects: checks {len(rows):,} image files …", flush=True)
    for mode, count in sorted(Counter(file.mode for file in files).items()):
        if mode not in MODES:
            print(f"suspects: leaves out {count:,} of mode {mode}", flush=True)
    if not rows:
        return []
    bars = contextlib.nullcontext()
    if not sys.stderr.isatty():
        bars = contextlib.redirect_stderr(io.StringIO())
    with bars:
        lab = Imagelab(filepaths=list(rows), verbose=False)
        lab.find_issues({name: {} for name in CHECKS}, n_jobs=1, verbose=False)
    found = []
    for name in CHECKS:
        scores = lab.issues[lab.issues[f"is_{name}_issue"]][f"{name}_score"]
        for path, score in scores.sort_values(kind="stable").items():
            found.append(Flagged(name.replace("_", " "), rows[path], float(score)))
    return found
