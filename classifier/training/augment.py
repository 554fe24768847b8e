"""Random changes of training images, in the graph."""

import keras
import numpy as np
from keras import ops

# Of the rectangle, as in Zhong et al., Random Erasing Data Augmentation, AAAI 2020.
ERASED_AREA = (0.02, 0.33)  # share of the image's
ERASED_RATIO = 0.3  # of height to width, at least; at most its inverse


class Augment(keras.layers.Layer):
    """Mirrors, moves and partly erases training images, each at random.

    They are (n, rows, columns, channels).

    Args:
        flip: mirror half of the images left to right.
        shift: move each by up to that many pixels along both axes; what comes in is 0.
        erasing: share of images in which a rectangle is filled with noise.
    """

    def __init__(self, flip: bool, shift: int, erasing: float, **options):
        super().__init__(**options)
        self.flip = flip
        self.shift = shift
        self.erasing = erasing
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, images, training=False):
        if not training:
            return images
        if self.flip:
            images = ops.where(self._uniform(images) < 0.5, images[:, :, ::-1], images)
        if self.shift:
            images = self._shifted(images, axis=1)
            images = self._shifted(images, axis=2)
        if self.erasing:
            images = self._erased(images)
        return images

    def _uniform(self, images, *shape: int):
        """Return numbers from 0 to 1 for each image, (n, 1, 1, 1) unless a shape is given."""
        size = (ops.shape(images)[0], *(shape or (1, 1, 1)))
        return keras.random.uniform(size, seed=self.seed_generator)

    def _shifted(self, images, axis: int):
        """Return each image moved along an axis: one slice of all is taken for each distance."""
        length = images.shape[axis]
        count = 2 * self.shift + 1
        padding = [(0, 0)] * 4
        padding[axis] = (self.shift, self.shift)
        padded = ops.pad(images, padding)
        places = ops.floor(self._uniform(images) * count)
        for place in range(count):
            if place != self.shift:
                moved = [slice(None)] * axis + [slice(place, place + length)]
                images = ops.where(places == place, padded[tuple(moved)], images)
        return images

    def _erased(self, images):
        rows, columns, channels = images.shape[1:]
        smallest, largest = ERASED_AREA
        area = (smallest + (largest - smallest) * self._uniform(images)) * rows * columns
        ratio = ERASED_RATIO ** (2 * self._uniform(images) - 1)
        top = self._uniform(images) * rows
        left = self._uniform(images) * columns
        down = np.arange(0.5, rows, dtype=np.float32).reshape(1, rows, 1, 1)  # centres of pixels
        right = np.arange(0.5, columns, dtype=np.float32).reshape(1, 1, columns, 1)
        is_in_rows = ops.abs(down - top) < ops.sqrt(area * ratio) / 2
        is_in_columns = ops.abs(right - left) < ops.sqrt(area / ratio) / 2
        is_chosen = self._uniform(images) < self.erasing
        noise = 255 * self._uniform(images, rows, columns, channels)
        is_erased = is_chosen & is_in_rows & is_in_columns
        return ops.where(is_erased, ops.cast(noise, images.dtype), images)
