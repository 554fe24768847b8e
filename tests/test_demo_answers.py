"""The demo's answers: of files of any kind, what tools.predict says of them."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import GARMENT, ROOT, make_images
from demo_process import completed, demo, noise, write_project
from PIL import Image, PngImagePlugin

from classifier.images import image_files
from tools.predict import GOOD_PHOTOGRAPH, is_warning

pytestmark = pytest.mark.extras

ORIENTATION = 0x0112  # an EXIF tag


def encoded(image: Image.Image, form: str, **options) -> bytes:
    content = io.BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


def article() -> np.ndarray:
    """Return an image as the small data's, in which size, sides and depth matter."""
    (image, *_), _ = make_images(1, seed=5)
    large = np.kron(image[:, 2:, 0], np.ones((4, 3), np.uint8))
    return np.pad(large, ((20, 4), (0, 30)))


def files() -> dict[str, bytes]:
    """Return files of many kinds by their names."""
    grey = article()
    image = Image.fromarray(grey)
    color = Image.merge("RGB", [image, image.rotate(180), Image.fromarray(255 - grey)])
    cut_out = color.copy()
    cut_out.putalpha(image.point(lambda value: 255 * (value > 100)))
    turned = Image.Exif()
    turned[ORIENTATION] = 6
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "a" * 2_000_000, zip=True)
    frames = [image.convert("P"), image.rotate(90).convert("P")]
    whole = encoded(color, "PNG")
    return {
        "grey.png": encoded(image, "PNG"),
        "color.jpg": encoded(color, "JPEG"),
        "cut out.png": encoded(cut_out, "PNG"),
        "cut out.webp": encoded(cut_out, "WEBP", lossless=True),
        "grey and alpha.png": encoded(cut_out.convert("LA"), "PNG"),
        "palette.png": encoded(cut_out.quantize(16), "PNG"),
        "16 bits.png": encoded(Image.fromarray(grey.astype(np.uint16) * 200), "PNG"),
        "32 bits.tif": encoded(Image.fromarray(grey.astype(np.int32) * 1000), "TIFF"),
        "floats.tif": encoded(Image.fromarray(grey.astype(np.float32) / 255), "TIFF"),
        "one bit.png": encoded(image.convert("1"), "PNG"),
        "cmyk.jpg": encoded(color.convert("CMYK"), "JPEG"),
        "moving.gif": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "turned.jpg": encoded(color, "JPEG", exif=turned),
        "photo.avif": encoded(color, "AVIF"),
        "pages.tif": encoded(image, "TIFF", save_all=True, append_images=[color]),
        "photo.jp2": encoded(color, "JPEG2000"),
        "photo.bmp": encoded(color, "BMP"),
        "no suffix": encoded(color, "PNG"),
        "<b>&amp; *ü* 雪'.png": encoded(color, "PNG"),
        "a jpeg.png": encoded(color, "JPEG"),
        "much text.png": encoded(image, "PNG", pnginfo=text),
        "noise.png": encoded(Image.fromarray(noise()), "PNG"),
        "half.png": whole[: len(whole) // 2],
        "empty.png": b"",
        "text.png": b"no image",
        "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "print.eps": encoded(color, "EPS"),
        "vast.png": encoded(Image.new("1", (8000, 8000)), "PNG"),
    }


def test_page_says_of_a_file_what_predict_says(served, project):
    contents = files()
    for name, content in contents.items():
        (project / name).write_bytes(content)
    command = [sys.executable, "-m", "tools.predict", "--json", *contents]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True)
    rows = {row["file"]: row for row in map(json.loads, done.stdout.splitlines())}
    refused = dict(line.split(": ", 2)[1:] for line in done.stderr.splitlines())
    assert {*rows, *refused} == set(contents)
    assert len(rows) >= 20
    assert len(refused) >= 5
    for name, content in contents.items():
        answer = served.ask(name, content)
        if name in refused:
            assert answer.warning == f"This file: {refused[name]}.", name
            assert answer.label is None
        else:
            check_agreement(answer, rows[name])
            pixels = image_files.read(project / name, name, GARMENT).pixels
            np.testing.assert_array_equal(answer.seen, pixels[..., 0], err_msg=name)


def check_agreement(answer, row: dict) -> None:
    """Compare what the page shows with what tools.predict gives."""
    warnings = [note for note in row["notes"] if is_warning(note)]
    notes = "; ".join(note for note in row["notes"] if not is_warning(note))
    assert answer.label == row["label"], row
    assert answer.bars[0] == (row["label"], f"{row['confidence']:.1%}"), row
    runner_up = (row["runner_up"], f"{row['runner_up_confidence']:.1%}")
    assert answer.bars[1:2] == ([runner_up] if runner_up[1] != "0.0%" else []), row
    assert len(answer.bars) <= 3
    assert (answer.notes or "").removesuffix(".").lower() == notes.lower(), row
    assert (answer.warning is not None) == bool(warnings), row
    if warnings:
        reasons = " ".join(f"{warning.capitalize()}." for warning in warnings)
        advice = GOOD_PHOTOGRAPH[0].lower() + GOOD_PHOTOGRAPH[1:]
        assert answer.warning == f"{reasons} It is made for {advice}"


def test_drawing_of_nothing_has_no_answer(served):
    assert "The answer appears here" in completed(served.call("drawing", None))


def test_classes_of_any_name_have_examples(tmp_path):
    names = ["a" * 300, "a/b", "..", "", "\0", *"abcde"]
    folder = write_project(tmp_path, names)
    with demo(folder) as started:
        page = started.send("GET", "/").text
        assert page.count("/examples/") >= len(names)
