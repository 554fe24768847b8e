"""Image files of any kind, as the training images are: 28 × 28 grey pixels, bright on black.

As the data set's authors did it (section 2 of arXiv:1708.07747): trimmed, the longer side resized,
centred; what is dark on bright is inverted.
"""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from classifier.errors import InputError

SIZE = 28  # pixels, of both sides
MAX_PIXELS = 50_000_000  # a decoded image takes up to 4 bytes a pixel
MAX_MARGIN = 13  # a margin no brighter than 5 % of 255 is background


def read(source: Path | bytes, name: str) -> tuple[np.ndarray, list[str]]:
    """Return an image as uint8 (28, 28), and in words what was done that changes what it shows.

    Args:
        source: a file's path or content.
        name: what to call it in errors.

    Raises:
        InputError: it is missing, empty, no image, damaged, or larger than 50 million pixels.
    """
    expected = f"{name}: expected an image"
    too_large = f"{expected} of at most {MAX_PIXELS:,} pixels, received"
    content = _content(source, expected)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about odd metadata and sizes
        try:
            with Image.open(io.BytesIO(content)) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise InputError(f"{too_large} {image.size}")
                return prepare(image)
        except InputError:
            raise
        except Image.DecompressionBombError:
            raise InputError(f"{too_large} more") from None
        except Image.UnidentifiedImageError:
            raise InputError(f"{expected}, received another kind of file") from None
        except Exception as error:  # of many kinds, by format and damage
            raise InputError(f"{expected}, received a damaged one: {error}") from None


def _content(source: Path | bytes, expected: str) -> bytes:
    try:
        content = source if isinstance(source, bytes) else source.read_bytes()
    except OSError as error:
        raise InputError(f"{expected}, received: {error.strerror}") from None
    if not content:
        raise InputError(f"{expected}, received an empty file")
    return content


def prepare(image: Image.Image) -> tuple[np.ndarray, list[str]]:
    """Return what `read` does, of an open image."""
    notes = []
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        notes.append(f"first of {frames} frames")
    pixels = grey(image)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    if border.mean() > 127:
        pixels = 255 - pixels
        notes.append("bright background, inverted")
    if pixels.shape != (SIZE, SIZE):
        pixels = fit(pixels)
    return pixels, notes


def grey(image: Image.Image) -> np.ndarray:
    """Return the first frame as uint8 (rows, columns), upright by its EXIF tag.

    What is transparent is white. Of 32-bit and floating-point images, the smallest value is black
    and the largest white.
    """
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):  # more than 8 bits a pixel
        return _scaled_to_8_bits(np.asarray(image).astype(np.float64), image.mode[0] == "I")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("L"))


def _scaled_to_8_bits(values: np.ndarray, is_integer: bool) -> np.ndarray:
    values = np.nan_to_num(values, posinf=0, neginf=0)
    low, high = values.min(), values.max()
    if is_integer and low >= 0 and high <= 65535:  # 16 bits: their whole range counts
        low, high = 0, 65535
    return ((values - low) / max(high - low, 1e-9) * 255).round().astype(np.uint8)


def fit(pixels: np.ndarray) -> np.ndarray:
    """Return uint8 pixels without dark margins, the longer side at 28, centred on 28 × 28."""
    bright = pixels > MAX_MARGIN
    rows = np.flatnonzero(bright.any(axis=1))
    columns = np.flatnonzero(bright.any(axis=0))
    if len(rows):
        pixels = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = SIZE / max(pixels.shape)
    height, width = (max(1, round(length * scale)) for length in pixels.shape)
    image = Image.fromarray(pixels)
    small = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    top = (SIZE - height) // 2
    left = (SIZE - width) // 2
    canvas = np.zeros((SIZE, SIZE), np.uint8)
    canvas[top : top + height, left : left + width] = np.asarray(small)
    return canvas
