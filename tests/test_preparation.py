"""What becomes of an image: its size, color and framing, as params.yaml asks for."""

import numpy as np
import pytest
from PIL import Image

from classifier.checked import check_value
from classifier.errors import InputError
from classifier.images import framing
from classifier.images.preparation import Preparation

RED, GREEN, BLUE = (200, 10, 20), (10, 180, 30), (20, 30, 220)


def prepared(colors, opacity=None, **options):
    knobs = {"size": [8, 8], "color": "rgb", "framing": "pad"} | options
    pixels, notes = Preparation(**knobs)(np.asarray(colors, np.uint8), opacity)
    assert notes == [] or knobs["framing"] == "garment"
    assert pixels.dtype == np.uint8
    return pixels


def plane(rows, columns, color=RED) -> np.ndarray:
    return np.full((rows, columns, 3), color, np.uint8)


def test_pad_keeps_the_whole_image_and_fills_with_the_color_of_its_border():
    image = plane(10, 40, GREEN)
    image[2:8, 10:30] = BLUE
    pixels = prepared(image)
    assert pixels.shape == (8, 8, 3)
    assert (pixels[[0, 1, 2, 5, 6, 7]] == GREEN).all()
    assert pixels[3:5, 3:5, 2].min() > 100  # blue in the middle
    assert pixels[3:5, 0, 1].min() > 150


@pytest.mark.parametrize(("rows", "columns"), [(8, 8), (16, 16), (3, 3), (400, 400)])
def test_square_image_of_one_color_stays_that(rows, columns):
    for kind in ("pad", "crop"):
        assert (prepared(plane(rows, columns), framing=kind) == RED).all()


def test_crop_takes_the_middle():
    image = plane(10, 40, GREEN)
    image[:, 15:25] = BLUE
    assert (prepared(image, framing="crop") == BLUE).all()
    assert (prepared(image.swapaxes(0, 1), framing="crop") == BLUE).all()


def test_crop_to_another_ratio_takes_the_largest_part_of_it():
    image = plane(20, 20, GREEN)
    image[5:15] = BLUE
    assert (prepared(image, framing="crop", size=[4, 8]) == BLUE).all()


@pytest.mark.parametrize("kind", ["pad", "crop"])
def test_what_is_transparent_becomes_white(kind):
    opacity = np.zeros((8, 8), np.uint8)
    opacity[2:6, 2:6] = 255
    pixels = prepared(plane(8, 8), opacity, framing=kind)
    assert (pixels[2:6, 2:6] == RED).all()
    assert (pixels[0] == 255).all()


@pytest.mark.parametrize("kind", ["pad", "crop"])
def test_grey_is_what_pillow_makes_of_colors(kind):
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(image).convert("L"))
    np.testing.assert_array_equal(prepared(image, color="grey", framing=kind)[..., 0], expected)


def test_grey_image_has_three_equal_channels_in_color():
    image = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    np.testing.assert_array_equal(prepared(image), np.repeat(image, 3, axis=2))


def test_garment_is_as_large_as_fits_into_any_size():
    image = np.full((100, 100, 3), 255, np.uint8)
    image[40:60, 30:80] = 40
    pixels = prepared(image, size=[64, 48], color="grey", framing="garment")
    assert pixels.shape == (64, 48, 1)
    rows, columns = np.nonzero(pixels[..., 0] > 100)
    assert (columns.min(), columns.max()) == (0, 47)
    assert 17 <= rows.max() - rows.min() <= 20


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 2)])
@pytest.mark.parametrize("kind", ["pad", "crop"])
def test_image_of_any_shape_comes_to_the_size(kind, size):
    assert prepared(plane(*size), framing=kind, size=[5, 7]).shape == (5, 7, 3)


def test_resizing_is_pillow_s(monkeypatch):
    image = np.random.default_rng(0).integers(0, 256, (30, 20, 3), dtype=np.uint8)
    expected = Image.fromarray(image).resize((5, 6), Image.Resampling.LANCZOS, reducing_gap=2.0)
    np.testing.assert_array_equal(framing.resized(image, (6, 5)), np.asarray(expected))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": [28]}, "images.size: expected at least 2 items"),
        ({"size": [28, 0]}, "images.size.1: expected greater than or equal to 1, received 0"),
        ({"size": [2000, 28]}, "images.size.0: expected less than or equal to 1024"),
        ({"size": 28}, "images.size: expected a valid list, received 28"),
        ({"color": "red"}, "images.color: expected 'grey' or 'rgb', received 'red'"),
        ({"framing": "fit"}, "images.framing: expected 'garment', 'pad' or 'crop', received"),
        ({"color": "rgb"}, "images: expected color grey with framing garment, or framing pad or"),
    ],
)
def test_value_that_cannot_be_done_is_named(change, message):
    content = {"size": [28, 28], "color": "grey", "framing": "garment"} | change
    with pytest.raises(InputError) as caught:
        check_value(Preparation, content, "params.yaml", "images")
    assert str(caught.value).startswith(f"params.yaml: {message}")
