"""Images of one's own, in a folder a class: two edits of params.yaml, from nothing to a report."""

import json

import numpy as np
import pytest
from conftest import ORDER, PARAMS
from PIL import Image, ImageDraw

TEXT = PARAMS.read_text(encoding="utf-8")
NAMES = ["circle", "square", "triangle"]


@pytest.fixture
def shapes(tmp_path):
    """300 PNG files in three folders: dark shapes of other sizes and places on white."""
    generator = np.random.default_rng(7)
    folder = tmp_path / "my shapes"
    for name in NAMES:
        (folder / name).mkdir(parents=True)
        for number in range(100):
            image = Image.new("RGB", (120, 100), "white")
            x, y, size = (int(value) for value in generator.integers((5, 5, 30), (60, 40, 55)))
            corners = {
                "square": [(x, y), (x + size, y), (x + size, y + size), (x, y + size)],
                "triangle": [(x, y + size), (x + size, y + size), (x + size // 2, y)],
            }
            color = tuple(int(value) for value in generator.integers(0, 120, 3))
            if name == "circle":
                ImageDraw.Draw(image).ellipse((x, y, x + size, y + size), fill=color)
            else:
                ImageDraw.Draw(image).polygon(corners[name], fill=color)
            image.save(folder / name / f"{number}.png")
    return folder


def test_two_edits_lead_from_a_folder_of_images_to_a_report(shapes, copy):
    """The recipe is the published one; the edits are those of docs/your-data.md, but for names."""
    (copy.folder / "params.yaml").write_text(TEXT, encoding="utf-8")
    copy.set({"fetch.source": str(shapes), "classes": NAMES})
    assert copy.repro() == ORDER
    metrics = json.loads((copy.folder / "reports/evaluate/metrics.json").read_text())
    assert metrics["accuracy"] > 0.9
    preprocessed = json.loads((copy.folder / "reports/preprocess/metrics.json").read_text())
    assert (preprocessed["train_images"], preprocessed["test_images"]) == (240, 60)
    card = (copy.folder / "reports/model_card.md").read_text(encoding="utf-8")
    assert "3 classes: circle, square, triangle" in card
    assert "Fashion-MNIST" not in card
    done = copy.sh(f"python -m tools.predict '{shapes}/triangle/3.png' --json")
    assert json.loads(done.stdout)["label"] == "triangle"
    assert copy.repro() == []
