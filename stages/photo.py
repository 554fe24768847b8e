"""Turns an image file of any kind into what the training images are: 28 × 28 grey pixels, the thing bright on black.

As the data set's authors did it (section 2 of arXiv:1708.07747): trimmed, its longer side resized, centred; what is
dark on bright is inverted.
"""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from stages.errors import InputError

SIZE = 28
MOST_PIXELS = 50_000_000  # a decoded image takes up to 4 bytes a pixel
TRIM = 13  # a margin no brighter than 5 % of 255 is background


def read(source: Path | bytes, name: str) -> tuple[np.ndarray, list[str]]:
    """Return an image as uint8 (28, 28), and what was done to it that changes what it shows, in words.

    Args:
        source: a file's path or content.
        name: what to call it in errors.

    Raises:
        InputError: it is missing, empty, no image, damaged, or larger than 50 million pixels.
    """
    expected = f"{name}: expected an image"
    try:
        content = source if isinstance(source, bytes) else source.read_bytes()
    except OSError as error:
        raise InputError(f"{expected}, received: {error.strerror}") from None
    if not content:
        raise InputError(f"{expected}, received an empty file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about odd metadata and sizes
        try:
            with Image.open(io.BytesIO(content)) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise InputError(f"{expected} of at most {MOST_PIXELS:,} pixels, received {image.size}")
                return prepare(image)
        except InputError:
            raise
        except Image.DecompressionBombError:
            raise InputError(f"{expected} of at most {MOST_PIXELS:,} pixels, received more") from None
        except Image.UnidentifiedImageError:
            raise InputError(f"{expected}, received another kind of file") from None
        except Exception as error:  # of many kinds, by format and damage
            raise InputError(f"{expected}, received a damaged one: {error}") from None


def prepare(image: Image.Image) -> tuple[np.ndarray, list[str]]:
    """Return what `read` does of an open image."""
    notes = []
    if (frames := getattr(image, "n_frames", 1)) > 1:
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
    """Return the first frame as uint8 (rows, columns), upright by its EXIF tag, what is transparent as white.

    Of 32-bit and floating-point images, the smallest value is black and the largest white.
    """
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):  # more than 8 bits a pixel
        values = np.nan_to_num(np.asarray(image).astype(np.float64), posinf=0, neginf=0)
        is_16_bit = image.mode[0] == "I" and values.min() >= 0 and values.max() <= 65535
        low, high = (0, 65535) if is_16_bit else (values.min(), values.max())
        return ((values - low) / max(high - low, 1e-9) * 255).round().astype(np.uint8)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("L"))


def fit(pixels: np.ndarray) -> np.ndarray:
    """Return uint8 pixels without their dark margins, the longer side at 28, in the middle of 28 × 28."""
    bright = pixels > TRIM
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    if len(rows):
        pixels = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = SIZE / max(pixels.shape)
    width, height = (max(1, round(length * scale)) for length in pixels.shape[::-1])
    small = Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    canvas = np.zeros((SIZE, SIZE), np.uint8)
    top, left = (SIZE - height) // 2, (SIZE - width) // 2
    canvas[top : top + height, left : left + width] = np.asarray(small)
    return canvas
