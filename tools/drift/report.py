"""What a comparison of incoming images with validation images says."""

from collections import Counter

import numpy as np
from scipy.stats import binomtest

from classifier.errors import InputError
from tools.drift.looks import Looks
from tools.drift.shift import LEVEL, Shift, is_drift
from tools.terminal import columns

MOST_SHOWN = 2  # kinds, and files that cannot be read
LEAST_SHOWN = 0.005  # share of a kind


def report(
    found: list[Shift],
    reference: Looks,
    incoming: Looks,
    unreadable: list[InputError],
    classes: list[str],
) -> str:
    """Return the answer, and what it is made of, as lines."""
    lines = [verdict(found), ""]
    counted = f"{len(incoming.labels):,} images, {len(unreadable):,} more cannot be read"
    lines.append(f"{counted}; {len(reference.labels):,} validation images")
    rows = [("", "validation", "incoming", "p")]
    for shift, texts in zip(found, _figures(reference, incoming, classes), strict=True):
        mark = " *" if shift.p < LEVEL else ""
        rows.append((shift.name, *texts, f"{shift.p:.2g}{mark}"))
    lines += [*columns(rows), "", outliers(reference, incoming)]
    lines += [f"error: {error}" for error in unreadable[:MOST_SHOWN]]
    return "\n".join(lines)


def verdict(found: list[Shift]) -> str:
    if is_drift(found):
        names = ", ".join(shift.name for shift in found if shift.p < LEVEL)
        return f"Drift: what comes in differs from the validation images in {names}."
    return "No drift: chance alone explains how it differs from the validation images."


def outliers(reference: Looks, incoming: Looks) -> str:
    """Return a line on the share of images that are unlike the training images."""
    is_one = incoming.scores > 1
    low, high = binomtest(int(is_one.sum()), len(is_one)).proportion_ci(method="wilson")
    interval = f"95 % interval {low:.1%} to {high:.1%}"
    usual = (reference.scores > 1).mean()
    return f"Unlike the training images: {is_one.mean():.1%}, {interval}; usual is {usual:.1%}"


def _figures(reference: Looks, incoming: Looks, classes: list[str]):
    """Yield two texts for each shift: of the validation images and of those that come in."""
    both = (reference, incoming)
    yield [_most_frequent(each.notes) for each in both]
    yield [_most_frequent(np.array(classes)[each.labels]) for each in both]
    yield [f"median {np.median(each.confidences):.1%}" for each in both]
    yield [f"median {np.median(each.scores):.2f}" for each in both]


def _most_frequent(kinds: np.ndarray) -> str:
    counted = Counter(kinds.tolist()).most_common(MOST_SHOWN)
    shown = [(kind, count / len(kinds)) for kind, count in counted]
    return ", ".join(
        f"{kind or 'nothing'} {share:.0%}" for kind, share in shown if share >= LEAST_SHOWN
    )
