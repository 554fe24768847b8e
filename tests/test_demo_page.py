"""The demo's page, used in a real Chromium as a person would, without a network."""

import re
import shutil

import pytest
from conftest import make_images
from demo_process import demo, noise, write_project
from PIL import Image

from tools.predict import GOOD_PHOTOGRAPH

pytest.importorskip("gradio", reason="needs requirements/demo.txt")
playwright = pytest.importorskip("playwright.sync_api", reason="needs requirements/demo.txt")
PROGRAMS = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
CHROMIUM = next(filter(None, PROGRAMS), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed"),
]

FAR = {"timeout": 60_000}  # milliseconds
ACTING = [
    "<img src=x onerror=\"document.title='mine'\">",
    "</script><script>document.title='mine'</script>",
    "**bold** # [link](http://evil.example) ![](http://evil.example/a.png)",
    "${document.title='mine'} `${1+1}` {{value}} {{{value}}} @children",
    "&lt;b&gt; &amp; \"'",
    "\u202eright to left",
    "a" * 300,
    "a/b",
    "..",
    "$x^2$",
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with demo(write_project(tmp_path_factory.mktemp("demo"))) as started:
        yield started.url


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser):
    """Open pages; what they ask of other hosts, and their errors, are failures."""
    asked, errors, pages = [], [], []

    def open_page(address: str, width: int):
        page = browser.new_page(viewport={"width": width, "height": 1000})
        pages.append((address, page))
        page.on("request", lambda sent: asked.append(sent.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        playwright.expect(page.locator(".answer")).to_be_visible(**FAR)
        return page

    yield open_page
    for address, page in pages:
        page.close()
        own = (address, "data:", "blob:")
        assert [url for url in asked if not url.startswith(own)] == []
    assert errors == []


@pytest.fixture(params=[1400, 420], ids=["wide", "narrow"])
def page(opened, address, request):
    return opened(address, request.param)


def upload(page, image, path):
    """Upload an image as a file."""
    Image.fromarray(image.squeeze()).save(path)
    page.locator("input[type=file]").first.set_input_files(path)


def label(page):
    return page.locator(".answer .label")


def top(page, selector: str) -> float:
    return page.locator(selector).first.bounding_box()["y"]


def test_page_says_what_a_good_photograph_is(page):
    playwright.expect(page.get_by_text(GOOD_PHOTOGRAPH)).to_be_visible(**FAR)


def test_example_is_clicked_and_answered(page):
    page.locator(".gallery-item").nth(1).click()
    playwright.expect(label(page)).to_have_text("Trouser", **FAR)
    assert page.locator(".answer .bars i").count() <= 3
    playwright.expect(page.locator(".answer img")).to_be_visible(**FAR)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_file_is_uploaded_and_answered(page, tmp_path):
    images, _ = make_images(per_class=1, seed=9)
    upload(page, images[8], tmp_path / "bag.png")
    playwright.expect(label(page)).to_have_text("Bag", **FAR)


def test_image_is_pasted_and_answered(page):
    """A picture of the page's own example, from the clipboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".gallery-item img").first.evaluate(
        """async example => {
            const png = await (await fetch(example.src)).blob()
            await navigator.clipboard.write([new ClipboardItem({'image/png': png})])
        }"""
    )
    page.get_by_role("button", name="Paste from clipboard").click()
    playwright.expect(label(page)).to_have_text("T-shirt/top", **FAR)


def test_warning_comes_before_a_muted_label(page, tmp_path):
    upload(page, noise(), tmp_path / "noise.png")
    warned = page.get_by_role("alert")
    playwright.expect(warned).to_contain_text("Unlike the training images: do not trust", **FAR)
    assert top(page, ".answer .warning") < top(page, ".answer .label")
    styles = "[e => getComputedStyle(e).opacity, e => getComputedStyle(e).fontWeight]"
    opacity, weight = label(page).evaluate(f"e => {styles}.map(f => Number(f(e)))")
    assert opacity < 1
    assert weight < 500


def test_file_that_is_no_image_is_said_to_be_none(page, tmp_path):
    path = tmp_path / "<b>x.png"
    path.write_text("no image")
    page.locator("input[type=file]").first.set_input_files(path)
    said = re.compile("^This file: expected an image, .* received another kind of file.$")
    playwright.expect(page.get_by_role("alert")).to_have_text(said, **FAR)


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


def test_names_of_classes_are_shown_and_do_nothing(opened, tmp_path):
    images, _ = make_images(per_class=1, seed=9)
    with demo(write_project(tmp_path, ACTING)) as started:
        page = opened(started.url, 420)
        for image, name in zip(images, ACTING, strict=True):
            playwright.expect(page.locator(".introduction")).to_contain_text(name, **FAR)
            upload(page, image, tmp_path / "image.png")
            playwright.expect(label(page)).to_have_text(name, **FAR)
            assert page.title() == "What is it?"
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.locator(".introduction :is(a, b, img, em, strong)").count() == 0
