"""Views of an image: it and its mirror image, each moved by some pixels. They are a finite set."""

import itertools
from typing import NamedTuple

import numpy as np


class View(NamedTuple):
    """An image that is mirrored left to right, or not, and then moved; what comes in is 0."""

    is_mirrored: bool
    down: int  # pixels
    right: int

    @property
    def distance(self) -> int:
        """How many pixels it is moved, down or up and to a side together."""
        return abs(self.down) + abs(self.right)

    @property
    def mirror_image(self) -> "View":
        """The view that is the mirror image of this one."""
        return View(not self.is_mirrored, self.down, -self.right)

    def of(self, images: np.ndarray) -> np.ndarray:
        """Return this view of images, (n, rows, columns, channels)."""
        rows, columns = images.shape[1:3]
        if self.is_mirrored:
            images = images[:, :, ::-1]
        far = max(abs(self.down), abs(self.right))
        padded = np.pad(images, ((0, 0), (far, far), (far, far), (0, 0)))
        return padded[:, far - self.down :, far - self.right :][:, :rows, :columns]


def views(flip: bool, shift: int) -> list[View]:
    """Return all views by an option `flip` and a `shift` of so many pixels at most."""
    distances = range(-shift, shift + 1)
    return list(map(View._make, itertools.product((False, True)[: 1 + flip], distances, distances)))
