"""Random changes of training images, in the graph."""

import keras
import numpy as np
from keras import ops

ERASED_AREA = (0.02, 0.33)  # of the image's, as in Zhong et al., Random Erasing Data Augmentation, AAAI 2020
ERASED_RATIO = 0.3  # of height to width, at least; at most its inverse


class Augment(keras.layers.Layer):
    """Mirrors, moves and partly erases images (n, rows, columns) in training, each image at random; else none.

    Args:
        flip: mirror half of the images left to right.
        shift: move each by up to that many pixels along both axes; what comes in is 0.
        erasing: share of images in which a rectangle is filled with noise.
    """

    def __init__(self, flip: bool, shift: int, erasing: float, **options):
        super().__init__(**options)
        self.flip, self.shift, self.erasing = flip, shift, erasing
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, images, training=False):
        if not training:
            return images
        if self.flip:
            images = ops.where(self._uniform(images) < 0.5, images[:, :, ::-1], images)
        if self.shift:
            for axis in (1, 2):
                images = self._shifted(images, axis)
        return self._erased(images) if self.erasing else images

    def _uniform(self, images, *shape: int):
        """Return numbers from 0 to 1 for each image, (n, 1, 1) unless a shape is given."""
        return keras.random.uniform((ops.shape(images)[0], *(shape or (1, 1))), seed=self.seed_generator)

    def _shifted(self, images, axis: int):
        length, count = images.shape[axis], 2 * self.shift + 1
        padding = [(self.shift, self.shift) if number == axis else (0, 0) for number in range(3)]
        padded, places = ops.pad(images, padding), ops.floor(self._uniform(images) * count)
        for place in range(count):
            if place != self.shift:
                at = [slice(None)] * axis + [slice(place, place + length)]
                images = ops.where(places == place, padded[tuple(at)], images)
        return images

    def _erased(self, images):
        rows, columns = images.shape[1:]
        smallest, largest = ERASED_AREA
        area = (smallest + (largest - smallest) * self._uniform(images)) * rows * columns
        ratio = ERASED_RATIO ** (2 * self._uniform(images) - 1)
        tops, lefts = self._uniform(images) * rows, self._uniform(images) * columns
        down = np.arange(0.5, rows, dtype=np.float32).reshape(1, rows, 1)  # centres of pixels
        right = np.arange(0.5, columns, dtype=np.float32).reshape(1, 1, columns)
        across = ops.abs(down - tops) < ops.sqrt(area * ratio) / 2
        along = ops.abs(right - lefts) < ops.sqrt(area / ratio) / 2
        chosen = (self._uniform(images) < self.erasing) & across & along
        noise = 255 * self._uniform(images, rows, columns)
        return ops.where(chosen, ops.cast(noise, images.dtype), images)
