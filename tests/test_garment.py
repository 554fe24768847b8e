"""A garment on any even background looks as on black; what else is in a picture is said."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from classifier.images import garment
from classifier.images.framing import NothingThere

SIZE = (28, 28)
BOOT = np.zeros(SIZE, np.uint8)
BOOT[4:20, 6:15] = 250
BOOT[16:24, 6:24] = 160
BOOT[8:18, 9:12] = 90
for _ in range(2):  # an outline that fades, as after resizing
    BOOT = np.round(ndimage.uniform_filter(BOOT.astype(float), 3)).astype(np.uint8)
BOOT = np.round(BOOT * (255 / BOOT.max())).astype(np.uint8)
SHAPE = ndimage.binary_fill_holes(BOOT > 0)
GREYS = [30, 64, 100, 128, 160, 200, 230]
COLORS = [(200, 30, 30), (30, 120, 40), (20, 20, 90), (240, 220, 90)]


def uint8(values) -> np.ndarray:
    values = np.round(values).clip(0, 255).astype(np.uint8)
    return values if values.ndim == 3 else values[..., None]


def prepare(colors, opacity=None):
    return garment.prepare(colors, opacity, SIZE)


def error(picture, opacity=None) -> float:
    """Return the mean difference of what is seen from the boot, of 255."""
    pixels, _ = prepare(picture, opacity)
    return np.abs(pixels.astype(int) - BOOT).mean()


def test_picture_like_the_training_images_stays_as_it_is():
    pixels, notes = prepare(uint8(BOOT))
    np.testing.assert_array_equal(pixels, BOOT)
    assert notes == []


def test_dark_on_white_is_inverted():
    pixels, notes = prepare(uint8(255 - BOOT))
    np.testing.assert_array_equal(pixels, BOOT)
    assert notes == [garment.INVERTED]


@pytest.mark.parametrize("background", [*GREYS, *COLORS])
def test_background_is_what_the_border_has(background):
    color = np.array(background, float)
    share = BOOT[..., None] / 255
    lighter = uint8(color + (255 - color) * share)
    darker = uint8(color * (1 - share))
    if lighter.mean(axis=2).max() - color.mean() >= 64:
        assert error(lighter) < 4
        assert prepare(lighter)[1] == [garment.TAKEN_AWAY]
    if color.mean() >= 64:
        assert error(darker) < 4
        assert prepare(darker)[1] == [garment.TAKEN_AWAY]


@pytest.mark.parametrize("background", [0, *GREYS, 255])
@pytest.mark.parametrize("is_dark", [True, False], ids=["dark", "bright"])
def test_garment_of_all_brightnesses_is_read_the_right_way_round(background, is_dark):
    """Parts of it are as bright as the background; its outline tells."""
    values = 255.0 - BOOT if is_dark else BOOT
    assert error(uint8(np.where(SHAPE, values, background))) < 12


@pytest.mark.parametrize("is_dark", [True, False], ids=["dark", "bright"])
def test_transparency_has_the_shape(is_dark):
    colors = uint8(255.0 - BOOT if is_dark else BOOT)
    assert error(colors, SHAPE * np.uint8(255)) < 1
    silhouette = uint8(np.full(BOOT.shape, 0 if is_dark else 255))
    assert error(silhouette, BOOT) < 1
    assert prepare(silhouette, BOOT)[1] == [garment.CUT_OUT]


def test_rounded_corners_are_no_cut_out():
    opacity = np.full((28, 28), 255, np.uint8)
    opacity[:3, :3] = 0
    colors = uint8(255 - BOOT)
    colors[:3, :3] = 0
    pixels, notes = prepare(colors, opacity)
    np.testing.assert_array_equal(pixels, BOOT)
    assert notes == [garment.INVERTED]


def test_noise_of_a_background_does_not_move_the_garment():
    large = np.asarray(Image.fromarray(BOOT).resize((280, 280), Image.Resampling.BICUBIC))
    noise = np.random.default_rng(0).normal(0, 3, (400, 400))
    picture = np.full((400, 400), 128.0)
    picture[50:330, 60:340] *= 1 - large / 255
    clean, noisy = (prepare(uint8(each))[0].astype(int) for each in (picture, picture + noise))
    assert np.abs(clean - noisy).mean() < 4


@pytest.mark.parametrize("length", range(1, 29))
def test_odd_rest_is_at_the_top_and_left_as_in_the_training_images(length):
    tall = garment.fit(np.full((28, length), 255, np.float32), SIZE)
    columns = np.flatnonzero(tall.any(axis=0))
    assert columns[0] - (27 - columns[-1]) in (0, 1)
    np.testing.assert_array_equal(garment.fit(np.full((length, 28), 255, np.float32), SIZE), tall.T)


def slope(low, high):
    return np.repeat(np.linspace(low, high, 100)[:, None], 100, axis=1)


UNEVEN = {
    "gradient": slope(0, 255),
    "weak gradient": slope(90, 170),
    "sunset": np.dstack([slope(255, 150), slope(180, 30), slope(60, 160)]),
    "noise": np.random.default_rng(0).integers(0, 256, (100, 100)),
    "checkerboard": np.kron(np.indices((10, 10)).sum(axis=0) % 2 * 255, np.ones((10, 10))),
    "stripes": 120 + 100 * np.sin(np.arange(100) / 3)[None] * np.ones((100, 1)),
}


@pytest.mark.parametrize("length", [26, 27, 28])
def test_what_is_nearly_of_the_size_is_moved_and_not_resampled(length):
    pixels = np.random.default_rng(0).integers(1, 255, (length, 17)).astype(np.float32)
    moved = garment.fit(pixels, SIZE)
    there = moved[moved.any(axis=1)][:, moved.any(axis=0)]
    np.testing.assert_array_equal(there, pixels)


@pytest.mark.parametrize("kind", UNEVEN)
def test_uneven_background_is_said(kind):
    assert garment.UNEVEN in prepare(uint8(UNEVEN[kind]))[1]


@pytest.mark.parametrize("gap", [1, 12])
def test_two_things_are_said(gap):
    picture = np.hstack([BOOT, np.zeros((28, gap), np.uint8), BOOT])
    assert garment.SEVERAL in prepare(uint8(picture))[1]


@pytest.mark.parametrize("side", range(4))
def test_small_print_beside_it_is_said(side):
    """All of it is made to fit, so the garment is smaller than those that the model knows."""
    picture = np.zeros((28, 40), np.uint8)
    picture[:, :28] = BOOT
    for left in range(0, 28, 3):  # letters: too small to be a second thing
        picture[left : left + 2, 34:36] = 200
    assert garment.SEVERAL in prepare(uint8(np.rot90(picture, side)))[1]
    assert garment.SEVERAL not in prepare(uint8(np.rot90(BOOT, side)))[1]


PLAIN = {
    "black": np.zeros((9, 9)),
    "white": np.full((9, 9), 255),
    "grey": np.full((9, 9), 90),
    "color": np.full((9, 9, 3), (10, 200, 30)),
    "noise of a camera": 100 + np.random.default_rng(0).normal(0, 5, (50, 50)),
    "much too dark": BOOT / 16,
}


@pytest.mark.parametrize("kind", PLAIN)
def test_plain_picture_is_refused(kind):
    with pytest.raises(NothingThere):
        prepare(uint8(PLAIN[kind]))


def test_transparent_picture_is_refused():
    for value in (0, 255):
        colors = uint8(np.full((9, 9), value))
        with pytest.raises(NothingThere):
            prepare(colors, np.zeros((9, 9), np.uint8))
