"""Drift: what comes in is told from the validation images where it differs, and not elsewhere."""

import contextlib

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from classifier.images.framing import NothingThere
from tools.drift import looks
from tools.drift.looks import Looks
from tools.drift.report import report
from tools.drift.shift import LEVEL, Shift, is_drift, of_kinds, of_numbers, shifts
from tools.predictor import Predictor

ONES = np.repeat([0, 1], [50, 50])


def test_chi_squared_of_kinds_by_hand():
    """Of 100 and 100: 50 and 50 beside 70 and 30. Chi squared is 8.33, of one degree of freedom."""
    assert of_kinds(ONES, np.repeat([0, 1], [70, 30])) == pytest.approx(0.0039, abs=1e-4)
    assert of_kinds(ONES, ONES) == 1


def test_rare_kinds_are_one_kind_or_none():
    """Four of 100 are too few to be tested; two such kinds are enough together."""
    few = np.repeat([0, 1], [96, 4])
    assert of_kinds(np.zeros(100, int), few) == 1
    many = np.repeat([0, 1, 2, 3], [88, 4, 4, 4])
    assert of_kinds(np.zeros(100, int), many) == pytest.approx(0.0004, abs=1e-4)  # 12 of 200


def test_numbers_of_one_distribution_seldom_differ():
    generator = np.random.default_rng(0)
    p_values = [of_numbers(*generator.normal(size=(2, 200))) for _ in range(500)]
    assert np.mean(np.array(p_values) < 0.05) < 0.08
    assert of_numbers(np.arange(200), np.arange(200) + 60) < 1e-6


def test_level_is_that_of_all_figures_together():
    names = ("a", "b", "c", "d")
    assert is_drift([Shift(name, 1.0) for name in names[:3]] + [Shift("d", 0.9 * LEVEL)])
    assert not is_drift([Shift(name, 1.1 * LEVEL) for name in names])


def looks_of(labels: np.ndarray) -> Looks:
    count = len(labels)
    notes = np.array(["" for _ in labels])
    pixels = np.zeros((count, 28, 28, 1), np.uint8)
    return Looks(pixels, notes, labels, np.full(count, 0.9), np.full(count, 0.5))


def test_report_says_what_differs_and_by_how_much():
    first, second = looks_of(ONES), looks_of(np.repeat([0, 1], [90, 10]))
    found = shifts(first, second)
    lines = report(found, first, second, [], ["bag", "boot"]).splitlines()
    drift = "Drift: what comes in differs from the validation images in predicted classes."
    assert lines[0] == drift
    assert lines[2] == "100 images, 0 more cannot be read; 100 validation images"
    assert "bag 50%, boot 50%" in lines[5]
    assert lines[5].endswith("*")
    assert "bag 90%, boot 10%" in lines[5]
    assert lines[-1].startswith("Unlike the training images: 0.0%, 95 % interval 0.0% to 3.7%")


@pytest.fixture(scope="module")
def incoming(copy):
    """The copy with folders of image files: as it was trained on, and of noise."""
    pixels = np.load(copy.folder / "data/processed/test_images.npy")[..., 0]
    noise = np.random.default_rng(0).integers(0, 255, (40, 28, 28), np.uint8)
    for name, images in {"usual": pixels, "strange/in a folder": noise}.items():
        folder = copy.folder.parent / name
        folder.mkdir(parents=True)
        for number, image in enumerate(images):
            Image.fromarray(image).save(folder / f"{number}.png")
    (copy.folder.parent / "usual" / "broken.png").write_bytes(b"no image")
    (copy.folder.parent / "usual" / "notes.txt").write_text("no image, and not said to be one")
    return copy


def test_usual_images_are_no_drift(incoming):
    done = incoming.sh("python -m tools.drift ../usual")
    assert done.stdout.startswith("No drift: chance alone explains")
    assert "50 images, 1 more cannot be read; 20 validation images" in done.stdout
    assert "error: ../usual/broken.png: expected an image" in done.stdout


def test_strange_images_are_drift_with_a_picture_and_a_status(incoming):
    done = incoming.sh("python -m tools.drift ../strange --picture drift.png", check=False)
    assert done.returncode == 3
    assert done.stdout.startswith("Drift: what comes in differs from the validation images in ")
    assert done.stdout.endswith("drift: drew drift.png\n")
    assert (incoming.folder / "drift.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("nowhere", "nowhere: expected a folder of images, found none"),
        ("docs", "docs: expected at least 20 images that can be read, received 0, and 0 that"),
    ],
)
def test_folder_without_images_is_named(folder, said, incoming):
    done = incoming.sh(f"python -m tools.drift {folder}", check=False)
    assert done.returncode == 1
    assert done.stdout.startswith(f"error: {said}")


def digits(count: int, generator: np.random.Generator) -> np.ndarray:
    """Return digits as MNIST has them: bright on black, of 20 pixels, smooth."""
    font = ImageFont.load_default(24)
    found = np.zeros((count, 28, 28), np.uint8)
    for pixels in found:
        image = Image.new("L", (28, 28))
        place = (14 + generator.integers(-2, 3), 14 + generator.integers(-2, 3))
        ImageDraw.Draw(image).text(place, str(generator.integers(10)), 255, font, anchor="mm")
        turned = image.rotate(generator.uniform(-20, 20), Image.Resampling.BICUBIC)
        pixels[:] = ndimage.gaussian_filter(np.asarray(turned), 0.5)
    return found


def blurred(images: np.ndarray) -> np.ndarray:
    return ndimage.gaussian_filter(images, (0, 0.7, 0.7))


CHANGES = {  # of test images
    "none": lambda images, generator: images,
    "mirrored brightness": lambda images, generator: 255 - images,
    "blur": lambda images, generator: blurred(images),
    "digits": lambda images, generator: digits(len(images), generator),
    "half digits": lambda images, generator: half_and_half(images, digits(len(images), generator)),
    "half blurred": lambda images, generator: half_and_half(images, blurred(images)),
}


def half_and_half(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    mixed = first.copy()
    mixed[1::2] = second[1::2]
    return mixed


@pytest.fixture(scope="module")
def compared():
    """The project's own model, and how it sees validation images."""
    with contextlib.chdir(ROOT):
        if not looks.IMAGES.exists():
            pytest.skip("needs what `dvc repro` makes")
        predictor = Predictor()
        return predictor, looks.of_validation(predictor)


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_samples_of_five_hundred_are_told_apart(change, compared):
    """Of a hundred samples of the test images, hardly any is drift; changed, nearly all are."""
    predictor, reference = compared
    generator = np.random.default_rng(0)
    test_images = np.load(ROOT / "data/processed/test_images.npy")[..., 0]
    images = test_images if change == "none" else test_images[:1000]

    def prepared():
        for image in CHANGES[change](images, generator):
            with contextlib.suppress(NothingThere):
                yield predictor.preparation(image[..., None], None)

    all_looks = looks.looked_at(prepared(), predictor)
    alarms = 0
    for _ in range(100):
        rows = generator.choice(len(all_looks.labels), 500, replace=False)
        alarms += is_drift(shifts(reference, Looks(*(each[rows] for each in all_looks))))
    print(f"{change}: {alarms} of 100")
    assert alarms <= 5 if change == "none" else alarms >= 95
