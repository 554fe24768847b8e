"""Image files of all kinds become what the training images are, or are refused in one line."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from classifier.errors import InputError
from classifier.images import image_files

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
    """Return the boot on a page, dark on bright, in RGB."""
    large = Image.fromarray(255 - BOOT).resize((336, 336), Image.Resampling.NEAREST)
    box = large.point(lambda value: value < 255 and 255).getbbox()
    page = Image.new("RGB", size, (background,) * 3)
    page.paste(large.convert("RGB").crop(box), (100, 200))
    return page


def transparent(mode):
    image = Image.fromarray(255 - BOOT).convert(mode)
    image.putalpha(Image.fromarray((BOOT > 0).astype(np.uint8) * 255))
    return image


def palette():
    return Image.fromarray(255 - BOOT).convert("P")


def rotated_by_exif():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise to see it upright
    turned = shop(255).transpose(Image.Transpose.ROTATE_90)
    return save(turned, format="JPEG", quality=95, exif=exif)


def animated():
    frames = [Image.fromarray(BOOT), Image.fromarray(255 - BOOT), Image.fromarray(BOOT.T)]
    return save(frames[0], format="GIF", save_all=True, append_images=frames[1:])


SIXTEEN_BIT = BOOT.astype(np.uint16) * 257
THIRTY_TWO_BIT = BOOT.astype(np.int32) * 100_000
FLOATING = BOOT / np.float32(255)
INVERTED = "bright background, inverted"
KINDS = {
    "as the training images": (save(Image.fromarray(BOOT)), []),
    "RGB": (save(Image.fromarray(BOOT).convert("RGB")), []),
    "16-bit PNG": (save(Image.fromarray(SIXTEEN_BIT)), []),
    "16-bit TIFF, big-endian": (
        save(Image.fromarray(SIXTEEN_BIT.astype(">u2")), format="TIFF"),
        [],
    ),
    "32-bit TIFF": (save(Image.fromarray(THIRTY_TWO_BIT), format="TIFF"), []),
    "floating-point TIFF": (save(Image.fromarray(FLOATING), format="TIFF"), []),
    "CMYK": (save(shop(255).convert("CMYK"), format="JPEG", quality=95), [INVERTED]),
    "white background": (save(shop(255)), [INVERTED]),
    "light grey background": (save(shop(250), format="JPEG", quality=90), [INVERTED]),
    "WebP": (save(shop(255), format="WEBP", lossless=True), [INVERTED]),
    "BMP": (save(shop(255), format="BMP"), [INVERTED]),
    "rotated by EXIF": (rotated_by_exif(), [INVERTED]),
    "transparent RGBA": (save(transparent("RGB")), [INVERTED]),
    "transparent grey": (save(transparent("L")), [INVERTED]),
    "palette": (save(palette()), [INVERTED]),
    "transparent palette": (
        save(palette(), transparency=palette().getpixel((0, 0))),
        [INVERTED],
    ),
    "animated": (animated(), ["first of 3 frames"]),
    "wide": (save(shop(255, (2400, 700))), [INVERTED]),
}


def as_fitted(pixels):
    """Return the boot where `fit` puts it: 24 rows of 20 columns become 28 of 23."""
    return image_files.fit(np.pad(pixels, 5))


@pytest.mark.parametrize("kind", KINDS)
def test_image_of_any_kind_shows_the_boot(kind):
    content, expected_notes = KINDS[kind]
    pixels, notes = image_files.read(content, "boot")
    assert notes == expected_notes
    assert (pixels.dtype, pixels.shape) == (np.uint8, (28, 28))
    size = Image.open(io.BytesIO(content)).size
    expected = BOOT if size == (28, 28) else as_fitted(BOOT)
    if "32-bit" in kind or "floating" in kind:  # their largest value is white
        expected = expected * (255 / 200)
    assert np.abs(pixels.astype(int) - expected).mean() < 8
    assert np.corrcoef(pixels.ravel(), expected.ravel())[0, 1] > 0.98


def test_margins_up_to_5_percent_of_white_are_trimmed():
    content = np.full((100, 100), 13, np.uint8)
    content[10:66, 10:66] = 200
    pixels, _ = image_files.read(save(Image.fromarray(content)), "square")
    assert (pixels == 200).all()
    content[0, 0] = 14
    pixels, _ = image_files.read(save(Image.fromarray(content)), "square")
    assert (pixels[:3] < 20).all()  # 10 of 66 rows are margin


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a part of a PNG file."""
    size = struct.pack(">I", len(body))
    return size + name + body + struct.pack(">I", zlib.crc32(name + body))


def bomb():
    """Return a PNG of 60,000 × 60,000 pixels by its header, in 100 bytes."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunks = [chunk(b"IHDR", header), chunk(b"IDAT", b""), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


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
        image_files.read(content, "file.png")
    assert str(caught.value).startswith("file.png: ")


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (27, 28), (29, 29)])
def test_image_of_any_size_fits(size):
    pixels, _ = image_files.read(save(Image.new("L", size, 90)), "plain")
    assert pixels.shape == (28, 28)
    assert pixels.max() == 90


def test_black_image_stays_black():
    assert image_files.read(save(Image.new("L", (50, 50))), "black")[0].max() == 0
