"""Input made at random: it is taken, or refused in one line; no traceback, no partial output."""

import copy
import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import GARMENT, NAMES, idx_bytes, make_images
from conftest import PARAMS as PARAMS_FILE
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image
from ruamel.yaml import YAML

from classifier import parameters
from classifier.datasets.description import FILES
from classifier.errors import InputError
from classifier.files.atomic import write_json
from classifier.images import image_files
from stages import preprocess

EXAMPLES = settings(
    max_examples=200,
    deadline=30_000,  # milliseconds: no hang, also on a loaded machine
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PARAMS = PARAMS_FILE.read_text(encoding="utf-8")
CONTENT = YAML(typ="safe").load(PARAMS)
SECTIONS = [name for name, section in CONTENT.items() if isinstance(section, dict) and section]
FORMATS = ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]
IMAGES = {}
ARRAYS = (*make_images(4, seed=1), *make_images(1, seed=2))
GOOD = {name: idx_bytes(array) for name, array in zip(FILES.values(), ARRAYS, strict=True)}


@st.composite
def damaged(draw, content):
    """`content`, bytes, with a few of them replaced, removed or added; mostly in the header."""
    content = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, 20) | st.integers(0, max(0, len(content) - 1)))
        length = draw(st.sampled_from([0, 0, 1, 1, 2, 8, len(content)]))
        content[place : place + length] = draw(st.binary(max_size=8))
    return bytes(content)


def refused_in_one_line(call) -> bool:
    try:
        call()
        message = None
    except InputError as error:
        message = str(error)
    assert message is None or ("\n" not in message and len(message) < 1000)
    return message is not None


@EXAMPLES
@given(name=st.sampled_from(list(GOOD)), data=st.data())
def test_idx_files(name, data, workplace):
    shutil.rmtree("data", ignore_errors=True)
    shutil.rmtree("reports", ignore_errors=True)
    preprocess.RAW.mkdir(parents=True)
    for each, content in GOOD.items():
        (preprocess.RAW / each).write_bytes(content)
    content = data.draw(damaged(GOOD[name]) | st.binary(max_size=100))
    (preprocess.RAW / name).write_bytes(content)
    write_json(preprocess.RAW / "classes.json", NAMES)
    (preprocess.RAW / "files.csv").write_text("set,row,file,mode,width,height\n")
    with pytest.MonkeyPatch.context() as patch:  # without the picture, which takes its time
        patch.setattr(preprocess, "draw_classes", lambda *_: None)
        is_refused = refused_in_one_line(lambda: preprocess.main(images=GARMENT))
    assert Path("data/processed").exists() == Path("reports").exists() == (not is_refused)
    assert list(Path().rglob(".partial-*")) == []
    if not is_refused:  # then only pixels or labels are others
        assert len(content) == len(GOOD[name])


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["auto", "dense", "relu", "baseline", 0, 1, -1, 0.5, 10**400, "2026-01-01", "1e-3"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def edited_params(draw) -> str:
    """The text of params.yaml with another value, key or name, or with a typing error or a cut."""
    if draw(st.booleans()):
        text = PARAMS
        for _ in range(draw(st.integers(1, 3))):
            place = draw(st.integers(0, len(text)))
            length = draw(st.sampled_from([0, 1, 10, len(text)]))
            typed = st.text(max_size=5) | st.sampled_from(list("&*!|>%@`{}[]:#'\"\t\n-?,"))
            text = text[:place] + draw(typed) + text[place + length :]
        return text
    content = copy.deepcopy(CONTENT)
    name = draw(st.sampled_from([None, *SECTIONS]))
    section = content[name] if name else content
    key = draw(st.sampled_from(list(section)) | st.text(max_size=9))
    section[key] = draw(values)
    if draw(st.booleans()):
        del section[draw(st.sampled_from(list(section)))]
    Path("made.yaml").unlink(missing_ok=True)
    YAML(typ="safe").dump(content, Path("made.yaml"))
    return Path("made.yaml").read_text(encoding="utf-8")


@EXAMPLES
@given(text=edited_params())
@example(text="&a [*a]")
@example(text="x: &a {y: *a}")
@example(text="a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nclasses: [" + "*c, " * 1000 + "]")
@example(text=re.sub(r"seed: \d+", "seed: " + "9" * 5000, PARAMS))
@example(text=re.sub(r"learning_rate: [\d.]+", "learning_rate: 1e999", PARAMS))
@example(text="- " * 10_000)
@example(text="[" * 2000)
@example(text="")
def test_params(text, workplace):
    Path("params.yaml").write_text(text, encoding="utf-8", errors="surrogatepass")
    refused_in_one_line(parameters.read)


@EXAMPLES
@given(content=st.binary(max_size=60))
@example(content="classes: [ü]".encode("latin-1"))
def test_params_of_any_bytes_are_refused(content, workplace):
    Path("params.yaml").write_bytes(content)
    assert refused_in_one_line(parameters.read)


@EXAMPLES
@given(data=st.data(), form=st.sampled_from(FORMATS))
def test_image_files(data, form):
    if form not in IMAGES:
        content = io.BytesIO()
        image = Image.fromarray(make_images(1, seed=1)[0][3, ..., 0])
        image.convert("RGB").save(content, format=form)
        IMAGES[form] = content.getvalue()
    content = data.draw(damaged(IMAGES[form]))

    def read():
        pixels = image_files.read(content, "file", GARMENT).pixels
        assert (pixels.shape, pixels.dtype) == ((28, 28, 1), np.uint8)

    refused_in_one_line(read)
