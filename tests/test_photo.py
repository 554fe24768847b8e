"""Image files of all kinds become what the training images are, or are refused in one line."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from stages import photo
from stages.errors import InputError

# A boot, roughly: 28 × 28, bright on black, of three greys; its toe points right.
BOOT = np.zeros((28, 28), np.uint8)
BOOT[2:20, 6:16] = 200
BOOT[16:24, 6:26] = 160
BOOT[24:26, 6:26] = 90


def save(image, **options) -> bytes:
    content = io.BytesIO()
    image.save(content, **{"format": "PNG"} | options)
    return content.getvalue()


def shop(background, size=(600, 800)):
    """The boot on a page, dark on bright, in RGB."""
    large = Image.fromarray(255 - BOOT).resize((336, 336), Image.Resampling.NEAREST)
    page = Image.new("RGB", size, (background,) * 3)
    page.paste(large.convert("RGB").crop(large.point(lambda value: value < 255 and 255).getbbox()), (100, 200))
    return page


def transparent(mode):
    image = Image.fromarray(255 - BOOT).convert(mode)
    image.putalpha(Image.fromarray((BOOT > 0).astype(np.uint8) * 255))
    return image


def palette(is_transparent):
    image = Image.fromarray(255 - BOOT).convert("P")
    return save(image, transparency=image.getpixel((0, 0))) if is_transparent else save(image)


def rotated_by_exif():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise to see it upright
    return save(shop(255).transpose(Image.Transpose.ROTATE_90), format="JPEG", quality=95, exif=exif)


def animated():
    frames = [Image.fromarray(BOOT), Image.fromarray(255 - BOOT), Image.fromarray(BOOT.T)]
    return save(frames[0], format="GIF", save_all=True, append_images=frames[1:])


INVERTED = "bright background, inverted"
KINDS = {
    "as the training images": (save(Image.fromarray(BOOT)), []),
    "RGB": (save(Image.fromarray(BOOT).convert("RGB")), []),
    "16-bit PNG": (save(Image.fromarray(BOOT.astype(np.uint16) * 257)), []),
    "16-bit TIFF, big-endian": (save(Image.fromarray((BOOT * np.uint16(257)).astype(">u2")), format="TIFF"), []),
    "32-bit TIFF": (save(Image.fromarray(BOOT.astype(np.int32) * 100_000), format="TIFF"), []),
    "floating-point TIFF": (save(Image.fromarray(BOOT / np.float32(255)), format="TIFF"), []),
    "CMYK": (save(shop(255).convert("CMYK"), format="JPEG", quality=95), [INVERTED]),
    "white background": (save(shop(255)), [INVERTED]),
    "light grey background": (save(shop(250), format="JPEG", quality=90), [INVERTED]),
    "WebP": (save(shop(255), format="WEBP", lossless=True), [INVERTED]),
    "BMP": (save(shop(255), format="BMP"), [INVERTED]),
    "rotated by EXIF": (rotated_by_exif(), [INVERTED]),
    "transparent RGBA": (save(transparent("RGB")), [INVERTED]),
    "transparent grey": (save(transparent("L")), [INVERTED]),
    "palette": (palette(False), [INVERTED]),
    "transparent palette": (palette(True), [INVERTED]),
    "animated": (animated(), ["first of 3 frames"]),
    "wide": (save(shop(255, (2400, 700))), [INVERTED]),
}


def as_fitted(pixels):
    """The boot where `fit` puts it: 24 rows of 20 columns become 28 of 23."""
    return photo.fit(np.pad(pixels, 5))


@pytest.mark.parametrize("kind", KINDS)
def test_image_of_any_kind_shows_the_boot(kind):
    content, expected_notes = KINDS[kind]
    pixels, notes = photo.read(content, "boot")
    assert notes == expected_notes
    assert (pixels.dtype, pixels.shape) == (np.uint8, (28, 28))
    expected = BOOT if photo.Image.open(io.BytesIO(content)).size == (28, 28) else as_fitted(BOOT)
    if "32-bit" in kind or "floating" in kind:  # their largest value is white
        expected = expected * (255 / 200)
    assert np.abs(pixels.astype(int) - expected).mean() < 8
    assert np.corrcoef(pixels.ravel(), expected.ravel())[0, 1] > 0.98


def bomb():
    """A PNG of 60,000 × 60,000 pixels by its header, in 100 bytes."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)), (b"IDAT", b""), (b"IEND", b"")]
    parts = []
    for name, body in chunks:
        parts.append(struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def large(width, height):
    return save(Image.new("1", (width, height)))


REFUSED = {
    "empty": (b"", "expected an image, received an empty file"),
    "text": (b"# A page\n", "expected an image, received another kind of file"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "received another kind of file"),
    "PDF": (b"%PDF-1.4\n", "received another kind of file"),
    "cut off": (save(shop(255))[:500], "received a damaged one: image file is truncated"),
    "only a header": (b"\x89PNG\r\n\x1a\n", "received another kind of file"),
    "bomb": (bomb(), "expected an image of at most 50,000,000 pixels, received more"),
    "large": (large(8000, 8000), r"of at most 50,000,000 pixels, received \(8000, 8000\)"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_image_is_refused_in_one_line(kind):
    content, message = REFUSED[kind]
    with pytest.raises(InputError, match=message) as caught:
        photo.read(content, "file.png")
    assert str(caught.value).startswith("file.png: ")


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (27, 28), (29, 29)])
def test_image_of_any_size_fits(size):
    pixels, _ = photo.read(save(Image.new("L", size, 90)), "plain")
    assert pixels.shape == (28, 28)
    assert pixels.max() == 90


def test_black_image_stays_black():
    assert photo.read(save(Image.new("L", (50, 50))), "black")[0].max() == 0
