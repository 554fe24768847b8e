"""Brings an image to a size: the whole of it, or its middle.

What is transparent becomes white, as on a page.
"""

import numpy as np
from PIL import Image

WHITE = 255


class NothingThere(ValueError):  # noqa: N818  it is no error of the program's
    """Nothing stands out from the background."""


def pad(
    colors: np.ndarray, opacity: np.ndarray | None, size: tuple[int, int]
) -> tuple[np.ndarray, list[str]]:
    """Return the whole image at the centre of uint8 (*size, channels), and no notes.

    What is left over has the color that its border has, by the median.
    """
    image = on_white(colors, opacity)
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    canvas = np.empty((*size, image.shape[2]), np.uint8)
    canvas[:] = np.median(border, axis=0).round()
    scale = min(wanted / length for wanted, length in zip(size, image.shape[:2], strict=True))
    height, width = (max(1, round(length * scale)) for length in image.shape[:2])
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    canvas[top : top + height, left : left + width] = resized(image, (height, width))
    return canvas, []


def crop(
    colors: np.ndarray, opacity: np.ndarray | None, size: tuple[int, int]
) -> tuple[np.ndarray, list[str]]:
    """Return the largest middle part that fills uint8 (*size, channels), and no notes."""
    image = on_white(colors, opacity)
    scale = min(length / wanted for wanted, length in zip(size, image.shape[:2], strict=True))
    height, width = (max(1, round(wanted * scale)) for wanted in size)
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return resized(image[top : top + height, left : left + width], size), []


def grey(colors: np.ndarray) -> np.ndarray:
    """Return uint8 (rows, columns, 1) of one or three channels."""
    if colors.shape[2] == 1:
        return colors
    return np.asarray(Image.fromarray(colors).convert("L"))[..., None]


def on_white(colors: np.ndarray, opacity: np.ndarray | None) -> np.ndarray:
    if opacity is None:
        return colors
    share = opacity[..., None] / np.float32(255)
    return (colors * share + WHITE * (1 - share)).round().astype(np.uint8)


def resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return uint8 (rows, columns, channels) at another size, the same number of channels."""
    if image.shape[:2] == size:
        return image
    is_grey = image.shape[2] == 1
    picture = Image.fromarray(np.ascontiguousarray(image[..., 0] if is_grey else image))
    small = picture.resize(size[::-1], Image.Resampling.LANCZOS, reducing_gap=2.0)
    return np.asarray(small).reshape(*size, -1)
