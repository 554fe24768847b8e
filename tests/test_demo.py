"""The demo page, used in a real Chromium as a person would, without a network."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest
from conftest import make_images
from PIL import Image

pytest.importorskip("gradio", reason="needs requirements/demo.txt")
playwright = pytest.importorskip("playwright.sync_api", reason="needs requirements/demo.txt")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def address(copy):
    """The demo's, with a network that has learned the small data."""
    copy.edit("epochs: 2 ", "epochs: 60 ")
    copy.edit("patience: 3 ", "patience: 60 ")
    copy.edit("learning_rate: 0.0005", "learning_rate: 0.01")
    copy.repro()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tools.demo", "--port", str(port)]
    with (copy.folder / "demo.log").open("w") as log:
        process = subprocess.Popen(command, cwd=copy.folder, env=copy.env, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            break
        except OSError:
            assert process.poll() is None, (copy.folder / "demo.log").read_text()
            time.sleep(0.2)
    yield url
    process.terminate()
    assert process.wait(timeout=20) == 143


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
    page.on(
        "request", lambda sent: asked.append(sent.url) if not sent.url.startswith((address, "data:", "blob:")) else None
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    playwright.expect(page.get_by_role("heading", name="What is it?")).to_be_visible(timeout=30_000)
    yield page
    page.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert errors == []


def label(page):
    return page.get_by_test_id("label-output-value")


def test_example_is_clicked_and_answered(page):
    page.locator(".gallery-item").nth(1).click()
    playwright.expect(label(page)).to_have_text("Trouser", timeout=20_000)
    playwright.expect(page.locator(".pixelated img")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_file_is_uploaded_and_answered(page, tmp_path):
    image = make_images(per_class=1, seed=9)[0][8]
    Image.fromarray(image).save(tmp_path / "bag.png")
    page.locator("input[type=file]").first.set_input_files(tmp_path / "bag.png")
    playwright.expect(label(page)).to_have_text("Bag", timeout=20_000)


def test_image_unlike_the_training_images_and_no_image_are_said_to_be(page, tmp_path):
    noise = np.random.default_rng(0).integers(0, 120, (28, 28), dtype=np.uint8)
    noise[::2] *= 2
    Image.fromarray(noise).save(tmp_path / "noise.png")
    page.locator("input[type=file]").first.set_input_files(tmp_path / "noise.png")
    playwright.expect(page.get_by_text("Unlike the training images")).to_be_visible(timeout=20_000)


def test_drawing_is_answered(page):
    page.get_by_role("tab", name="Draw").click()
    page.get_by_role("button", name="Brush").click()
    canvas = page.locator("canvas").first
    playwright.expect(canvas).to_be_visible(timeout=20_000)
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.6, steps=8)
    page.mouse.up()
    playwright.expect(label(page)).to_be_visible(timeout=20_000)
