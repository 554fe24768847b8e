"""DVC's page of plots, in a real Chromium without a network."""

import hashlib
import html
import json
import re
import shutil
import subprocess

import pytest
from conftest import ROOT

PAGE = (ROOT / ".dvc" / "page" / "plots.html").read_text(encoding="utf-8")
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
OFFLINE = ["--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
LEGENDS = {  # title of a card: what its legend names beside the runs
    "Loss after each epoch (training with dropout, validation without)": "validation, training",
    "Accuracy after each epoch (training with dropout, validation without)": "validation, training",
    "Confusion matrix, in % of each actual class (diagonal is recall)": "",
    "Precision, recall and F1 by class": "precision, recall, F1",
    "Share of images that keep their label when changed a little": "mirrored, moved, noisy",
    "Reliability on the test images": "images in the bin",
    "Images of each class": "train, test",
    "reports/evaluate/mistakes.png": "",
    "reports/evaluate/samples.png": "",
    "reports/predict/architecture.png": "",
    "reports/preprocess/classes.png": "",
}
APART = [  # titles of cards that have a picture a run
    "Confusion matrix, in % of each actual class (diagonal is recall)",
    "Precision, recall and F1 by class",
    "reports/evaluate/mistakes.png",
    "reports/evaluate/samples.png",
    "reports/predict/architecture.png",
]

# Tells what a reader sees once all is drawn.
PROBE = """<script>
addEventListener("load", () => setTimeout(() => {
  const all = (place, selector) => [...place.querySelectorAll(selector)];
  const text = (element) => element.textContent;
  const box = (element) => element.getBoundingClientRect();
  const shown = (element) => box(element).width > 0;
  const outside = (card) => (element) =>
    box(element).left < box(card).left + 12 || box(element).right > box(card).right - 12;
  const room = document.documentElement.clientWidth;
  const cards = all(document, "section").map((card) => ({
    title: text(card.querySelector("h2")),
    left: box(card).left,
    right: room - box(card).right,
    scrolls: card.scrollWidth > card.clientWidth,
    outside: all(card, "*").filter(shown).filter(outside(card)).map(text),
    texts: all(card, "svg text, figcaption").map(text),
    tops: all(card, "svg text, figcaption").map((element) => Math.round(box(element).top)),
    widths: all(card, "svg.marks, img").map((drawn) => box(drawn).width),
    unloaded: all(card, "img").filter((image) => !image.naturalWidth).length,
  }));
  const title = document.title;
  const header = text(document.querySelector("header"));
  parent.postMessage(JSON.stringify({ title, header, cards }), "*");
}, 5000));
</script>
"""
# A frame, because Chromium's own window is never below 500 pixels.
FRAME = """<iframe src="probed.html" style="border: 0; width: {width}px; height: 900px"></iframe>
<script>onmessage = (event) => document.body.textContent = event.data;</script>
"""

in_chromium = pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed")


@pytest.fixture
def edited(copy):
    """A copy whose plot data a test may edit."""
    yield copy
    copy.sh("dvc checkout --force")


def edit(copy, name: str, values: dict) -> None:
    """Change values in the first row of plot data in reports/evaluate."""
    path = copy.folder / "reports" / "evaluate" / name
    first, *others = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    path.write_text(json.dumps([first | values, *others]), encoding="utf-8")


def look(copy, profile, width: int) -> dict:
    """Return what a reader sees of dvc_plots/index.html, `width` pixels wide."""
    folder = copy.folder / "dvc_plots"
    page = (folder / "index.html").read_text(encoding="utf-8")
    probed = page.replace("<main>", f"{PROBE}<main>")
    (folder / "probed.html").write_text(probed, encoding="utf-8")
    frame = folder / "frame.html"
    frame.write_text(FRAME.format(width=width), encoding="utf-8")
    command = [CHROMIUM, *OFFLINE, f"--user-data-dir={profile}", "--enable-logging=stderr"]
    command += ["--virtual-time-budget=20000", "--dump-dom", frame.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    messages = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    # vega-embed's slip: v5 is v5.2.0
    wrong = r"uses Vega(-Lite)? v5, but (the )?current version (of Vega-Lite )?is v5"
    assert [line for line in messages if not re.search(wrong, line)] == []
    body = re.search(r"<body>(.*)</body>", done.stdout, re.DOTALL)[1]
    return json.loads(html.unescape(body))


@pytest.mark.slow
@in_chromium
@pytest.mark.parametrize("width", [1400, 420])
@pytest.mark.parametrize(
    ("command", "title", "runs"),
    [
        ("dvc plots show", "Plots of workspace", ["workspace"]),
        ("dvc plots diff HEAD", "workspace compared with HEAD", ["workspace", "HEAD"]),
    ],
)
def test_plots_and_legends_are_within_the_window_and_name_each_run(
    command, title, runs, width, edited, tmp_path
):
    edit(edited, "by_class.json", {"score": 0.123})
    edit(edited, "confusion.json", {"share": 0.123})
    edited.sh(command)
    seen = look(edited, tmp_path, width)
    assert seen["title"] == title
    assert ("dvc params diff HEAD" in seen["header"]) == (len(runs) == 2)
    cards = {card["title"]: card for card in seen["cards"]}
    assert list(cards) == list(LEGENDS)
    for name, card in cards.items():
        assert (card["outside"], card["scrolls"], card["unloaded"]) == ([], False, 0), name
        expected = [*filter(None, LEGENDS[name].split(", ")), *runs]
        assert [word for word in expected if word not in " ".join(card["texts"])] == [], name
        assert min(card["widths"]) > (600 if width == 1400 else 340), name
    for name in APART:
        written = zip(cards[name]["texts"], cards[name]["tops"], strict=True)
        rows = {top for text, top in written if text in runs}
        assert len(rows) == (1 if width == 1400 else len(runs)), name
    margin = 24 if width == 1400 else 12
    starts = [round(card["left"]) for card in seen["cards"]].count(margin)
    ends = [round(card["right"]) for card in seen["cards"]].count(margin)
    assert starts == ends, "a row of cards does not reach the right edge"


@pytest.mark.slow
@in_chromium
def test_runs_are_drawn_apart_only_where_they_differ(edited, tmp_path):
    edit(edited, "by_class.json", {"score": 0.123})
    edited.sh("dvc plots diff HEAD")
    cards = {card["title"]: card for card in look(edited, tmp_path, 1400)["cards"]}
    assert cards["Precision, recall and F1 by class"]["texts"].count("Ankle boot") == 2
    assert cards["Images of each class"]["texts"].count("Ankle boot") == 1


@pytest.mark.slow
@in_chromium
def test_script_in_the_data_is_text(edited, tmp_path):
    name = "</script><script>document.title = 'run'</script>"
    edit(edited, "confusion.json", {"actual": name})
    edited.sh("dvc plots show confusion")
    seen = look(edited, tmp_path, 1400)
    assert seen["title"] == "Plots of workspace"
    (card,) = seen["cards"]
    assert any(text.startswith("</script><script>") for text in card["texts"])


@pytest.mark.slow
@in_chromium
def test_plot_that_cannot_be_read_leaves_the_others(edited, tmp_path):
    edit(edited, "by_class.json", {"score": float("nan")})
    edited.sh("dvc plots show confusion by_class")
    confusion, by_class = look(edited, tmp_path, 1400)["cards"]
    assert confusion["widths"]
    assert (by_class["title"], by_class["widths"]) == ("by_class", [])


def test_page_holds_the_pinned_javascript_and_its_licences_and_asks_for_nothing_else():
    scripts = re.findall(
        r'<script data-package="([\w-]+)" data-sha256="(\w+)">(.*?)</script>', PAGE, re.DOTALL
    )
    assert [name for name, *_ in scripts] == ["vega", "vega-lite", "vega-embed"]
    for _, digest, code in scripts:
        assert hashlib.sha256(code.encode()).hexdigest() == digest
    assert PAGE.count("Redistribution and use in source and binary forms") == 3
    outside = re.sub(r"<script.*?</script>", "", PAGE, flags=re.DOTALL)
    assert not re.search(r"(src|href|import|url)\s*[=(]", outside)


def test_page_is_built_from_its_template():
    template = (ROOT / ".dvc" / "page" / "template.html").read_text(encoding="utf-8")
    start, end = template.split("<!-- scripts -->\n")
    assert PAGE.startswith(start)
    assert PAGE.endswith(end)
