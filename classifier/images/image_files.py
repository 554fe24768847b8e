"""Reads image files of any kind, whatever is in them, in bounded time and memory."""

import io
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

from classifier.errors import InputError
from classifier.images.framing import NothingThere
from classifier.images.preparation import Preparation

FORMATS = (  # those that Pillow decodes itself: for EPS it starts another program
    *("AVIF", "BMP", "DDS", "DIB", "GIF", "ICNS", "ICO", "JPEG", "JPEG2000", "PCX", "PNG"),
    *("PPM", "PSD", "QOI", "SGI", "TGA", "TIFF", "WEBP"),
)
MAX_BYTES = 100_000_000
MAX_PIXELS = 50_000_000  # a decoded image takes up to 4 bytes a pixel
MAX_SLOW_PIXELS = 2_000_000  # of kinds that Pillow decodes in Python: a second
MAX_SIDE = 65_535  # a row takes some memory, however short it is
MAX_JPEG_PIXELS = 2 * Image.MAX_IMAGE_PIXELS  # which is read smaller
SIZES = f"at most {MAX_PIXELS:,} pixels (JPEG: {MAX_JPEG_PIXELS:,}) and {MAX_SIDE:,} a side"
WORKING_SIZE = 1024  # of the longer side; what is larger is reduced at once
WHOLE_NUMBERS = tuple(2**bits - 1 for bits in (8, 10, 12, 14, 16))  # as cameras use them
FRACTIONS = (1, 255)
HIGH_BYTES = (3, 15, 63, 255)  # of 10, 12, 14 and 16 bits
PngImagePlugin.MAX_TEXT_CHUNK = MAX_BYTES  # a long text beside the pixels is no damage


class Prepared(NamedTuple):
    """An image as the model takes it.

    Attributes:
        pixels: uint8 of the preparation's shape.
        notes: in words, what was done that changes what it shows.
        mode: of the file's pixels, as Pillow names it.
        size: of the file's pixels, width and height.
    """

    pixels: np.ndarray
    notes: list[str]
    mode: str
    size: tuple[int, int]


def is_image(path: Path) -> bool:
    """Whether a file is to be read as an image: by the end of its name, or else by its content."""
    if path.name.startswith(".") or not path.is_file():  # hidden, or a link to nowhere
        return False
    Image.init()
    if Image.EXTENSION.get(path.suffix.lower()) in FORMATS:
        return True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            Image.open(path, formats=FORMATS).close()
        except Exception:  # of many kinds, by what is in it
            return False
    return True


def read(source: Path | bytes, name: str, preparation: Preparation) -> Prepared:
    """Return an image as the model takes it.

    Args:
        source: a file's path or content.
        name: what to call it in errors.
        preparation: says what becomes of it.

    Raises:
        InputError: it is missing, empty, no image, damaged, too large, or nothing is on it.
    """
    expected = f"{name}: expected an image"
    content = _content(source, expected)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about odd metadata and sizes
        try:
            return prepare(content, expected, preparation)
        except InputError:
            raise
        except NothingThere:
            found = "received a plain one"
            raise InputError(f"{name}: expected something on a background, {found}") from None
        except Image.DecompressionBombError:
            raise InputError(f"{expected} of {SIZES}, received a larger one") from None
        except Image.UnidentifiedImageError:
            kinds = "one of PNG, JPEG, WebP, TIFF, GIF, BMP, AVIF and the like"
            raise InputError(f"{expected}, {kinds}, received another kind of file") from None
        except Exception as error:  # of many kinds, by format and damage
            raise InputError(f"{expected} that can be read, received: {error}") from None


def _content(source: Path | bytes, expected: str) -> bytes:
    """Return what is in a file; raises InputError."""
    try:
        if not isinstance(source, bytes):
            with source.open("rb") as file:
                source = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{expected}, received: {error.strerror}") from None
    if not source:
        raise InputError(f"{expected}, received an empty file")
    if len(source) > MAX_BYTES:
        raise InputError(f"{expected} of at most {MAX_BYTES:,} bytes, received a larger file")
    return source


def prepare(content: bytes, expected: str, preparation: Preparation) -> Prepared:
    """Return what `read` does, of a file's content."""
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        mode, size = image.mode, image.size
        image.draft(None, (WORKING_SIZE, WORKING_SIZE))  # JPEG alone can be read smaller
        if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_SIDE:
            received = f"{image.width:,} × {image.height:,}"
            raise InputError(f"{expected} of {SIZES}, received {received}")
        is_slow = any(tile.codec_name in Image.DECODERS for tile in image.tile)
        if is_slow and image.width * image.height > MAX_SLOW_PIXELS:
            kind = f"{image.format} of this kind at most {MAX_SLOW_PIXELS:,} pixels"
            raise InputError(f"{expected}, of {kind}, received {image.width:,} × {image.height:,}")
        frames = getattr(image, "n_frames", 1)
        colors, opacity = decode(image)
    pixels, notes = preparation(colors, opacity)
    notes = [f"first of {frames} frames"] * (frames > 1) + notes
    return Prepared(pixels, notes, mode, size)


def decode(image: Image.Image) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the first frame, upright by its EXIF tag, with sides of at most 1024 pixels.

    Returns:
        colors: uint8 (rows, columns, channels), of 1 or 3 channels.
        opacity: uint8 (rows, columns), or None.
    """
    is_deep = ";16" in str(image.tile)  # Pillow drops the lower half of each of several channels
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        return to_8_bits(_reduced(image.convert("I")), WHOLE_NUMBERS)[..., None], None
    if image.mode == "F":
        return to_8_bits(_reduced(image), FRACTIONS)[..., None], None
    if image.mode == "LAB":
        image = image.getchannel("L")
    is_grey = image.mode in ("1", "L", "LA")
    if image.has_transparency_data:
        values = _reduced(image.convert("RGBA"))
        colors, opacity = values[..., : 1 if is_grey else 3], values[..., 3]
    else:
        values = _reduced(image.convert("L" if is_grey else "RGB"))
        colors, opacity = values.reshape(*values.shape[:2], -1), None
    if is_deep:
        colors = to_8_bits(colors, HIGH_BYTES)
        opacity = None if opacity is None else to_8_bits(opacity, HIGH_BYTES)
    return colors, opacity


def _reduced(image: Image.Image) -> np.ndarray:
    """Return pixels, averaged over squares so that no side exceeds `WORKING_SIZE`."""
    factor = -(-max(image.size) // WORKING_SIZE)
    return np.asarray(image.reduce(factor) if factor > 1 else image)


def to_8_bits(values: np.ndarray, ends: tuple[int, ...]) -> np.ndarray:
    """Return numbers of any range as uint8; white is the least of `ends` that holds them all.

    Resampling may have overshot it a little. Where none fits, or some numbers are negative, the
    smallest is black and the largest is white.
    """
    values = np.nan_to_num(values.astype(np.float64), posinf=0, neginf=0)
    black, white = values.min(), values.max()
    fitting = [end for end in ends if end / 4 <= white <= end * 1.1]
    if fitting and black >= 0:
        black, white = 0, min(fitting)
    scaled = (values - black) / max(white - black, 1e-9) * 255
    return scaled.round().clip(0, 255).astype(np.uint8)


def as_image(pixels: np.ndarray) -> Image.Image:
    """Return what the model takes, uint8 (rows, columns, channels), as an image."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
