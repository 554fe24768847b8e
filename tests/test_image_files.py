"""Image files of all kinds become what the training images are, or are refused in one line."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from conftest import GARMENT
from PIL import Image, ImageCms, PngImagePlugin

from classifier.errors import InputError
from classifier.images import garment, image_files

# A boot, roughly: 28 × 28, bright on black, of three greys; its toe points right.
BOOT = np.zeros((28, 28), np.uint8)
BOOT[2:20, 6:16] = 200
BOOT[16:24, 6:26] = 160
BOOT[24:26, 6:26] = 90


def read(source, name):
    """Return pixels (28, 28), and notes, as a garment is read."""
    image = image_files.read(source, name, GARMENT)
    return image.pixels[..., 0], image.notes


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
CUT_OUT = "cut out by its transparency"
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
    "transparent RGBA": (save(transparent("RGB")), [CUT_OUT]),
    "transparent grey": (save(transparent("L")), [CUT_OUT]),
    "palette": (save(palette()), [INVERTED]),
    "transparent palette": (
        save(palette(), transparency=palette().getpixel((0, 0))),
        [CUT_OUT],
    ),
    "animated": (animated(), ["first of 3 frames"]),
    "wide": (save(shop(255, (2400, 700))), [INVERTED]),
}


def as_fitted(pixels):
    """Return the boot where `fit` puts it: 24 rows of 20 columns become 28 of 23."""
    top, left = 2, 6
    return garment.fit(pixels[top : top + 24, left : left + 20], (28, 28))


@pytest.mark.parametrize("kind", KINDS)
def test_image_of_any_kind_shows_the_boot(kind):
    content, expected_notes = KINDS[kind]
    pixels, notes = read(content, "boot")
    assert notes == expected_notes
    assert (pixels.dtype, pixels.shape) == (np.uint8, (28, 28))
    size = Image.open(io.BytesIO(content)).size
    expected = BOOT if size == (28, 28) else as_fitted(BOOT)
    expected = expected * (255 / 200)  # stretched, as the training images are
    assert np.abs(pixels.astype(int) - expected).mean() < 8
    assert np.corrcoef(pixels.ravel(), expected.ravel())[0, 1] > 0.98


FULL_RANGE = np.round(BOOT * (255 / 200)).astype(np.uint32)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_of_16_bits_those_count_that_are_used(bits, form):
    values = FULL_RANGE * (2**bits - 1) // 255
    pixels, _ = read(save(Image.fromarray(values.astype(np.uint16)), format=form), "")
    assert np.abs(pixels.astype(int) - FULL_RANGE).max() <= 1


@pytest.mark.parametrize(
    "values",
    [
        FULL_RANGE.astype(np.int32),
        FULL_RANGE.astype(np.int32) * 100_000,
        FULL_RANGE.astype(np.int32) - 1_000,
        FULL_RANGE.astype(np.float32),
        FULL_RANGE / np.float32(255),
        FULL_RANGE * np.float32(2),
        FULL_RANGE * np.float32(1e9),
        np.where(FULL_RANGE == 0, np.nan, FULL_RANGE / 255).astype(np.float32),
    ],
)
def test_numbers_of_32_bits_are_read_by_their_range(values):
    pixels, _ = read(save(Image.fromarray(values), format="TIFF"), "")
    assert np.abs(pixels.astype(int) - FULL_RANGE).max() <= 1


def lab():
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    return save(ImageCms.applyTransform(shop(255), to_lab), format="TIFF")


def with_long_text():
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "x" * 2_000_000, zip=True)
    return save(shop(255), pnginfo=text)


@pytest.mark.parametrize("make", [lab, with_long_text])
def test_odd_files_that_are_not_damaged_are_read(make):
    pixels, _ = read(make(), "odd")
    np.testing.assert_allclose(pixels, read(save(shop(255)), "")[0], atol=12)


def png_of_16_bits(values, color_type: int) -> bytes:
    """Return a PNG of (rows, columns, channels) numbers of 16 bits each."""
    rows = b"".join(b"\0" + row.tobytes() for row in values.astype(">u2"))
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, color_type, 0, 0, 0)
    chunks = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["RGB", "cut-out"])
def test_of_16_bits_a_channel_those_count_that_are_used(bits, kind):
    """Pillow drops the lower 8 of them, so a few grey levels are left."""
    grey = FULL_RANGE * (2**bits - 1) // 255
    content = png_of_16_bits(np.repeat(grey[..., None], 3, axis=2), color_type=2)
    if kind == "cut-out":
        shape = (FULL_RANGE > 0) * (2**bits - 1)
        content = png_of_16_bits(np.dstack([grey, shape]), color_type=4)
    pixels, _ = read(content, "")
    assert np.corrcoef(pixels.ravel(), FULL_RANGE.ravel())[0, 1] > 0.9
    assert np.abs(pixels.astype(int) - FULL_RANGE).mean() < 16


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


def empty_first_frame():
    frames = [Image.new("L", (28, 28), 255), Image.fromarray(BOOT)]
    return save(frames[0], format="GIF", save_all=True, append_images=frames[1:])


REFUSED = {
    "empty": (b"", "expected an image, received an empty file"),
    "text": (b"# A page\n", "expected an image, one of PNG, .*, received another kind of file"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "received another kind of file"),
    "PDF": (b"%PDF-1.4\n", "received another kind of file"),
    "cut off": (save(shop(255))[:500], "that can be read, received: image file is truncated"),
    "only a header": (b"\x89PNG\r\n\x1a\n", "received another kind of file"),
    "bomb": (
        bomb(),
        r"at most 50,000,000 pixels \(JPEG: 178,956,970\) and 65,535 a side",
    ),
    "large": (large(8000, 8000), "a side, received 8,000 × 8,000"),
    "long": (large(1, 65_536), "a side, received 1 × 65,536"),
    "plain": (large(100, 100), "expected something on a background, received a plain one"),
    "transparent": (save(Image.new("RGBA", (9, 9), (255, 255, 255, 0))), "received a plain one"),
    "empty first frame": (empty_first_frame(), "received a plain one"),
    "EPS, for which Pillow starts a program": (save(shop(255), format="EPS"), "another kind"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_image_is_refused_in_one_line(kind):
    content, message = REFUSED[kind]
    with pytest.raises(InputError, match=message) as caught:
        read(content, "file.png")
    assert str(caught.value).startswith("file.png: ")


@pytest.mark.parametrize("source", ["/dev/zero", "sparse"])
def test_no_more_is_read_than_an_image_can_be_large(source, tmp_path):
    path = Path(source)
    if source == "sparse":
        path = tmp_path / "large.png"
        with path.open("wb") as file:
            file.truncate(10**12)
    with pytest.raises(InputError, match="at most 100,000,000 bytes, received a larger file"):
        read(path, "file.png")


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_large_photograph_is_read_small(form):
    """Of 108 megapixels as JPEG, which no other format may have."""
    size = (12_000, 9_000) if form == "JPEG" else (6_000, 4_500)
    image = shop(255).resize(size, Image.Resampling.NEAREST)
    pixels, _ = read(save(image, format=form), "large")
    small = shop(255).resize((1_000, 750), Image.Resampling.NEAREST)
    np.testing.assert_allclose(pixels, read(save(small), "")[0], atol=30)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (27, 28), (29, 29)])
def test_plain_image_of_any_size_is_refused(size):
    with pytest.raises(InputError, match="received a plain one"):
        read(save(Image.new("L", size, 90)), "plain")


@pytest.mark.parametrize("size", [(2, 5000), (5000, 2), (27, 28), (29, 29), (3, 3)])
def test_image_of_any_size_fits(size):
    image = Image.new("L", size, 0)
    image.paste(255, (size[0] // 2, size[1] // 2, size[0], size[1]))
    pixels, _ = read(save(image), "corner")
    assert pixels.shape == (28, 28)


SLOW = {  # which Pillow decodes in Python, a pixel at a time
    "PPM of 100 greys": b"P5 2000 1001 100\n" + bytes(2000 * 1001),
    "QOI": b"qoif" + struct.pack(">IIBB", 2000, 1001, 4, 0) + bytes(2000 * 1001),
}


@pytest.mark.parametrize("kind", SLOW)
def test_kind_that_takes_long_may_have_fewer_pixels(kind):
    with pytest.raises(InputError, match="of this kind at most 2,000,000 pixels, received 2,000"):
        read(SLOW[kind], "slow")
    assert read(b"P5 28 28 100\n" + (BOOT // 2).tobytes(), "small")[0].any()
