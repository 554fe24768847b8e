"""A picture of one garment, made as Fashion-MNIST was: grey, bright on black, all of one size.

The data set's authors took photographs on white, inverted and trimmed them, resized the longer
side, centred, and stretched brightness to the full range (section 2 of arXiv:1708.07747). Here, the
background may have any colour: it is what the picture's border has.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

from classifier.images.framing import NothingThere

MAX_MARGIN = 13  # of 255: what differs by less from the background belongs to it
MIN_CONTRAST = 20  # of 255: a picture in which nothing differs by so much is plain
MIN_EVEN_SHARE = 0.55  # of the border; of Fashion-MNIST's images, 0.05 % have less
TOLERANCES = (8, 1)  # of 255: in a JPEG an even background is not quite even, in a drawing it is
DARK = 0.85  # an outline is: of the inside, and of what another reading's outline has
NEARLY = 1.08  # times a size is so large that the rest stays background: 26 of 28 pixels
CROSS = ndimage.generate_binary_structure(2, 1)  # a pixel and its four neighbours
MAX_SECOND_SHARE = 0.5  # of the largest part's area; of Fashion-MNIST's images, 0.2 % exceed it
MIN_FIRST_LENGTH = 0.9  # of the largest part, in that of all; of these images, 0.6 % have less

CUT_OUT = "cut out by its transparency"
INVERTED = "bright background, inverted"
TAKEN_AWAY = "grey or coloured background, taken away"
DOUBT = "do not trust the label"  # so ends what is a warning
UNEVEN = f"uneven background: {DOUBT}"
SEVERAL = f"more than one thing: {DOUBT}"


def prepare(
    colors: np.ndarray, opacity: np.ndarray | None, size: tuple[int, int]
) -> tuple[np.ndarray, list[str]]:
    """Return uint8 of a size, and in words what was done that changes what the picture shows.

    Args:
        colors: uint8 (rows, columns, channels), of 1 or 3 channels.
        opacity: uint8 (rows, columns), where the picture has any.

    Raises:
        NothingThere: it is plain, or transparent.
    """
    if opacity is not None and np.median(_border(opacity)) < 128:
        readings = _of_cut_out(colors, opacity)
        notes = [CUT_OUT]
    else:
        background, notes = _background(colors)
        if opacity is not None:
            share = opacity[..., None] / np.float32(255)
            colors = (colors * share + background * (1 - share)).round().astype(np.uint8)
        readings = _of_photograph(colors, background)
        if UNEVEN in notes:  # then there is no outline
            readings = readings[:1]
    pixels = _clearest(readings).pixels
    brightest = pixels.max()
    if brightest < MIN_CONTRAST:
        raise NothingThere
    is_background = pixels <= MAX_MARGIN
    if brightest < 254:  # as no training image is
        pixels = pixels * (255 / brightest)
    if pixels.shape != size:
        pixels = fit(pixels[_box(~is_background)], size)
    pixels = pixels.round().clip(0, 255).astype(np.uint8)
    if _has_several_parts(pixels > MAX_MARGIN):
        notes.append(SEVERAL)
    return pixels, notes


class Shape:
    """Where a garment is, and which of that is its inside and its outline, bool (rows, columns)."""

    def __init__(self, whole: np.ndarray):
        self.whole = whole
        self.inside = ndimage.binary_erosion(whole, CROSS)
        self.outline = whole & ~self.inside
        self.has_inside = self.inside.any()


class Reading(NamedTuple):
    """What may be seen, float32 (rows, columns), bright on black; and the garment's shape."""

    pixels: np.ndarray
    shape: Shape

    def outline(self) -> float:
        """Return the brightness of the outline, in units of that of what is inside it.

        The outline is half background. So it is dark where the garment is read the right way round.
        """
        inside = self.pixels[self.shape.inside].mean() if self.shape.has_inside else 0
        return self.pixels[self.shape.outline].mean() / inside if inside >= 1 else np.inf


def _border(image: np.ndarray) -> np.ndarray:
    """Return the outermost pixels, (n, …)."""
    return np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])


def _background(colors: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return the background's color (channels,), and what is to be said about it."""
    border = _border(colors).astype(float)
    color = np.median(border, axis=0)
    notes = []
    distance = np.abs(border - color).max(axis=1)
    if (distance <= MAX_MARGIN).mean() < MIN_EVEN_SHARE:
        color = np.full_like(color, 255 if border.mean() > 127 else 0)
        notes.append(UNEVEN)
    if color.min() >= 255 - MAX_MARGIN:
        notes.insert(0, INVERTED)
    elif color.max() > MAX_MARGIN:
        notes.insert(0, TAKEN_AWAY)
    return color, notes


def _of_photograph(colors: np.ndarray, background: np.ndarray) -> list[Reading]:
    """Return readings of what is before a background: the difference from it comes first."""
    grey = _grey(colors)
    level = _grey(background.round().astype(np.uint8)[None, None])
    distance = np.abs(colors - background.astype(np.float32)).max(axis=2)
    filled = [ndimage.binary_fill_holes(distance > margin, CROSS) for margin in TOLERANCES]
    shapes = list(map(Shape, filled))
    readings = [Reading(np.abs(grey - level), shapes[0])]
    for shape in shapes:
        for pixels in (255 - grey, grey):
            readings.append(Reading(pixels * shape.whole, shape))
    return readings


def _of_cut_out(colors: np.ndarray, opacity: np.ndarray) -> list[Reading]:
    """Return readings of what is not transparent: the brighter one comes first."""
    grey = _grey(colors)
    share = opacity / np.float32(255)
    shape = Shape(opacity > TOLERANCES[0])
    readings = [Reading((255 - grey) * share, shape), Reading(grey * share, shape)]
    return sorted(readings, key=lambda reading: reading.pixels.sum(), reverse=True)


def _grey(colors: np.ndarray) -> np.ndarray:
    """Return brightness, float32 (rows, columns)."""
    if colors.shape[2] == 3:
        colors = np.asarray(Image.fromarray(colors).convert("L"))
    return colors.reshape(colors.shape[:2]).astype(np.float32)


def _clearest(readings: list[Reading]) -> Reading:
    """Return the first reading, unless another one has a dark outline, and it has not."""
    outlines = [reading.outline() for reading in readings]
    best = int(np.argmin(outlines))
    is_better = outlines[best] < DARK * min(1, outlines[0])
    return readings[best if is_better else 0]


def _box(is_there: np.ndarray) -> tuple[slice, slice]:
    """Return rows and columns from the first to the last pixel that is there.

    Where there are more, those do not count that are noise: without a neighbour.
    """
    is_thing = ndimage.binary_opening(is_there, np.ones((2, 2)))
    if is_thing.any():
        is_there = is_thing
    rows = np.flatnonzero(is_there.any(axis=1))
    columns = np.flatnonzero(is_there.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def fit(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return pixels (rows, columns) as large as fits into a size, and centred there.

    What is nearly of that size is only moved: resampling would blur it. An odd rest is larger at
    the top and at the left, as in the training images.
    """
    scale = min(wanted / length for wanted, length in zip(size, pixels.shape, strict=True))
    if 1 < scale <= NEARLY:
        scale = 1
    height, width = (max(1, round(length * scale)) for length in pixels.shape)
    image = Image.fromarray(pixels.astype(np.float32))
    small = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    top = (size[0] - height + 1) // 2
    left = (size[1] - width + 1) // 2
    canvas = np.zeros(size, np.float32)
    canvas[top : top + height, left : left + width] = np.asarray(small)
    return canvas


def _has_several_parts(is_there: np.ndarray) -> bool:
    """Whether a second part is nearly as large as the largest, or small ones made that smaller.

    The latter is what small print beside a garment does: all of it is made to fit.
    """
    parts, _ = ndimage.label(is_there, CROSS)
    areas = np.append(np.bincount(parts.ravel())[1:], 0)  # the last: in place of a second part
    second, first = np.sort(areas)[-2:]
    boxes = _box(parts == areas.argmax() + 1), _box(is_there)
    length, whole = (max(side.stop - side.start for side in box) for box in boxes)
    return second > MAX_SECOND_SHARE * first or length < MIN_FIRST_LENGTH * whole
