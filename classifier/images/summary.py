"""What is in a set of images: statistics of pixels, and which images repeat."""

import hashlib
from collections import Counter
from typing import NamedTuple

import numpy as np


class Summary:
    """Counts of pixel values and a hash an image, of the images that have been added."""

    def __init__(self):
        self.histogram = np.zeros(256, int)
        self.hashed = []

    def add(self, images: np.ndarray) -> None:
        """Count some more images, uint8 (n, rows, columns, channels)."""
        self.histogram += np.bincount(images.ravel(), minlength=256)
        digests = [hashlib.blake2b(image, digest_size=8).digest() for image in images]
        self.hashed.append(b"".join(digests))

    @property
    def digests(self) -> np.ndarray:
        """64-bit BLAKE2b digests of the images, uint64 (n,)."""
        return np.frombuffer(b"".join(self.hashed), np.uint64)

    def pixel_statistics(self) -> tuple[float, float]:
        """Return mean and standard deviation of the pixels, scaled to [0, 1]."""
        values = np.arange(256) / 255
        mean = np.average(values, weights=self.histogram)
        variance = np.average((values - mean) ** 2, weights=self.histogram)
        return round(mean, 6), round(variance**0.5, 6)


def count_repeats(train: np.ndarray, test: np.ndarray) -> dict:
    """Return how many digests, uint64, repeat another one, and how many of test are in train.

    By sorting: NumPy's `unique` and `isin` hash, which is several times as slow for millions.
    """
    train = np.sort(train)
    test = np.sort(test)
    first = np.searchsorted(train, test, "left")
    behind = np.searchsorted(train, test, "right")
    return {
        "train_duplicates": int((train[1:] == train[:-1]).sum()),
        "test_duplicates": int((test[1:] == test[:-1]).sum()),
        "test_images_in_train": int((first < behind).sum()),
    }


def set_metrics(name: str, summary: Summary, counts: list[int]) -> dict:
    """Return the figures of a set of images, by names that begin with its own.

    Args:
        counts: of the images of each class.
    """
    mean, std = summary.pixel_statistics()
    return {
        f"{name}_images": sum(counts),
        f"{name}_pixel_mean": mean,
        f"{name}_pixel_std": std,
        f"{name}_largest_class_share": round(max(counts) / sum(counts), 6),
    }


class Repeat(NamedTuple):
    """An image that occurs more than once: its set, its row there, and its label."""

    group: int  # the same for equal images, from 1
    set: str
    row: int
    label: int


def repeats(digests: dict[str, np.ndarray], labels: dict[str, np.ndarray]) -> list[Repeat]:
    """Return the images that occur more than once, in one set or in several.

    Args:
        digests: uint64 (n,), of each set.
        labels: uint8 (n,), of each set.
    """
    all_digests = np.concatenate(list(digests.values()))
    sets = np.repeat(np.arange(len(digests)), [len(each) for each in digests.values()])
    order = np.argsort(all_digests, kind="stable")
    is_next_same = np.diff(all_digests[order]) == 0
    is_repeated = np.append(is_next_same, False) | np.insert(is_next_same, 0, False)
    starts = np.cumsum([0, *(len(each) for each in digests.values())])
    names = list(digests)
    found, group, last = [], 0, None
    for place in order[is_repeated]:
        if all_digests[place] != last:
            last = all_digests[place]
            group += 1
        name = names[sets[place]]
        row = int(place - starts[sets[place]])
        found.append(Repeat(group, name, row, int(labels[name][row])))
    return found


def find_repeats(digests: dict, labels: dict) -> tuple[dict, list[Repeat]]:
    """Return figures of images that repeat, and these images, from what `repeats` takes."""
    figures = count_repeats(digests["train"], digests["test"])
    repeated = repeats(digests, labels) if any(figures.values()) else []
    return figures | {"images_under_two_labels": count_conflicts(repeated)}, repeated


def count_conflicts(repeated: list[Repeat]) -> int:
    """Return how many images occur under another label too."""
    of = {}
    for each in repeated:
        of.setdefault(each.group, set()).add(each.label)
    return sum(len(of[each.group]) > 1 for each in repeated)


def repeat_rows(repeated: list[Repeat], files: list[dict], classes: list[str]) -> list[tuple]:
    """Return a table of what repeats, with a header, by names of files where these are known."""
    names = {(file["set"], int(file["row"])): file["file"] for file in files} if repeated else {}
    rows = [("group", "set", "row", "file", "class")]
    for each in repeated:
        name = names.get((each.set, each.row), "")
        rows.append((each.group, each.set, each.row, name, classes[each.label]))
    return rows


def kinds(files: list[dict]) -> list[tuple]:
    """Return mode, width and height of image files, and how many there are; the most come first.

    Args:
        files: with the keys mode, width and height.
    """
    counts = Counter((file["mode"], file["width"], file["height"]) for file in files)
    return [(*kind, count) for kind, count in counts.most_common()]
