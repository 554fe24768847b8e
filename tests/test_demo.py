"""The demo page, used in a real Chromium as a person would, without a network."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request

import numpy as np
import pytest
from conftest import ROOT, make_images
from PIL import Image
from waiting import wait_until

pytest.importorskip("gradio", reason="needs requirements/demo.txt")
playwright = pytest.importorskip("playwright.sync_api", reason="needs requirements/demo.txt")
PROGRAMS = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
CHROMIUM = next(filter(None, PROGRAMS), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed"),
]

FAR = {"timeout": 60_000}  # milliseconds
CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
CLASSES += ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The demo's, with a network that has learned the small data."""
    from training import write_exports

    folder = tmp_path_factory.mktemp("demo")
    write_exports(folder, CLASSES)
    processed = folder / "data" / "processed"
    processed.mkdir(parents=True)
    for name, array in zip(("images", "labels"), make_images(1, seed=2), strict=True):
        np.save(processed / f"test_{name}.npy", array)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "tools.demo", "--port", str(port)]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    log = folder / "demo.log"
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=file, stderr=file)

    def answers():
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            return False
        return True

    wait_until(answers)
    yield url
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 128 + signal.SIGTERM
    said = log.read_text().splitlines()
    assert said[0] == f"demo: {url} until Ctrl-C"
    again = "the page is closed; the same command opens it again"
    assert said[-1] == f"stopped by SIGTERM: {again}"


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=[1280, 390], ids=["wide", "narrow"])
def page(browser, address, request):
    """The page, opened; what it asks of other hosts, and its errors, are failures."""
    page = browser.new_page(viewport={"width": request.param, "height": 1000})
    asked, errors = [], []
    page.on("request", lambda sent: asked.append(sent.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    heading = page.get_by_role("heading", name="What is it?")
    playwright.expect(heading).to_be_visible(**FAR)
    yield page
    page.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert errors == []


def label(page):
    return page.get_by_test_id("label-output-value")


def upload(page, image, path):
    """Upload an image as a file."""
    Image.fromarray(image).save(path)
    page.locator("input[type=file]").first.set_input_files(path)


def test_example_is_clicked_and_answered(page):
    page.locator(".gallery-item").nth(1).click()
    playwright.expect(label(page)).to_have_text("Trouser", **FAR)
    playwright.expect(page.locator(".pixelated img")).to_be_visible(**FAR)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_file_is_uploaded_and_answered(page, tmp_path):
    images, _ = make_images(per_class=1, seed=9)
    upload(page, images[8], tmp_path / "bag.png")
    playwright.expect(label(page)).to_have_text("Bag", **FAR)


def test_image_unlike_the_training_images_is_said_to_be(page, tmp_path):
    noise = np.random.default_rng(0).integers(0, 120, (28, 28), dtype=np.uint8)
    noise[::2] *= 2
    upload(page, noise, tmp_path / "noise.png")
    playwright.expect(page.get_by_text("Unlike the training images")).to_be_visible(**FAR)


def test_drawing_is_answered(page):
    page.get_by_role("tab", name="Draw").click()
    page.get_by_role("button", name="Brush").click()
    canvas = page.locator("canvas").first
    playwright.expect(canvas).to_be_visible(**FAR)
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.6, steps=8)
    page.mouse.up()
    playwright.expect(label(page)).to_be_visible(**FAR)
