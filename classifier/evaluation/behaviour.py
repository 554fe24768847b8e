"""How a model behaves where images change a little: which of them keep their label.

`kept` always says that of some images, bool (n,), by the name of the change. `actual` are their
class numbers, int (n,).
"""

import numpy as np

from classifier.images.changes import CHANGES

# shares of images, and of those of the class that has the lowest
NAMES = {each.name: (f"kept_{each.name}", f"worst_class_kept_{each.name}") for each in CHANGES}


def headline(kept: dict[str, np.ndarray], actual: np.ndarray) -> dict[str, float]:
    """Return the share of images that keep their label, and the lowest of a class, by `NAMES`."""
    figures = {}
    for change, is_kept in kept.items():
        shares = [is_kept[actual == number].mean() for number in np.unique(actual)]
        for name, share in zip(NAMES[change], (is_kept.mean(), min(shares)), strict=True):
            figures[name] = round(float(share), 6)
    return figures


def by_class(kept: dict[str, np.ndarray], actual: np.ndarray, classes: list[str]) -> list[dict]:
    """Return these shares, a row for each change of each class with images."""
    rows = []
    for number in np.unique(actual):
        for change, is_kept in kept.items():
            share = round(float(is_kept[actual == number].mean()), 6)
            rows.append({"class": classes[number], "group": change, "share": share})
    return rows
