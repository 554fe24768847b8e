"""The page: fields to upload, paste or draw, examples, and beside them the answer."""

import functools
import io
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image

from classifier.images.image_files import as_image
from tools.demo.answers import EMPTY, answer, shown
from tools.predict import good_image
from tools.predictor import Predictor

TEST_IMAGES = Path("data/processed/test_images.npy")
TEST_LABELS = Path("data/processed/test_labels.npy")
FONTS = ["system-ui", "sans-serif"]
HEIGHT = 340  # pixels, of fields
STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def look() -> dict:
    """Return how the page looks; nothing of it comes from another host."""
    theme = gr.themes.Default(font=FONTS, font_mono=["monospace"])
    return {"theme": theme, "css": STYLE}


def write_examples(count: int, folder: Path) -> list[str]:
    """Write the first test image of each class as PNG, named by its label; return their paths."""
    if not TEST_IMAGES.exists():
        return []
    images = np.load(TEST_IMAGES, mmap_mode="r", allow_pickle=False)
    labels = np.load(TEST_LABELS, mmap_mode="r", allow_pickle=False)
    paths = []
    for label in range(count):
        rows = np.flatnonzero(labels == label)
        if len(rows):
            path = folder / f"{label}.png"
            as_image(images[rows[0]]).save(path)
            paths.append(str(path))
    return paths


def drawn(sketch: dict | None) -> bytes | None:
    """Return a drawing as a PNG file's content; None where nothing is drawn."""
    if sketch is None:
        return None
    pixels = np.asarray(sketch["composite"], np.uint8)
    if not pixels[..., 3].any():
        return None
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="PNG")
    return content.getvalue()


def uploaded(file: dict, folder: Path) -> Path:
    """Return an uploaded file's path; Gradio itself would let callers name any file of the disk."""
    path = Path(file.get("path") or "").resolve()
    if not path.is_relative_to(folder.resolve()):
        raise gr.Error("expected an uploaded file, received another", print_exception=False)
    return path


def build(predictor: Predictor, folder: Path) -> gr.Blocks:
    """Return the page; its examples are in the folder `examples` of `folder`."""

    def of_file(file: dict | None) -> str:
        return answer(predictor, uploaded(file, folder) if file else None)

    def of_drawing(sketch: dict | None) -> str:
        return answer(predictor, drawn(sketch))

    gr.set_static_paths([folder / "examples"])  # stay while old uploads are removed
    examples = write_examples(len(predictor.classes), folder / "examples")
    with gr.Blocks(title="What is it?") as page:
        gr.HTML(introduction(predictor), apply_default_css=False)
        with gr.Row():
            with gr.Column(min_width=320):
                with gr.Tab("Upload or paste"):
                    upload = upload_field()
                with gr.Tab("Draw"):
                    sketch = drawing_field()
            with gr.Column(min_width=320):
                shown_answer = gr.HTML(EMPTY, apply_default_css=False)
        listen = functools.partial(gr.on, outputs=shown_answer, show_progress="hidden")
        # A photograph is what was sent: Gradio's own `preprocess` would convert it to RGB.
        listen(upload.change, of_file, upload, api_name="photograph", preprocess=False)
        listen(sketch.change, of_drawing, sketch, api_name="drawing")
        if examples:
            title = "Test images, one a class"
            pages = {"examples_per_page": len(examples), "elem_id": "examples"}
            gr.Examples(examples, upload, label=title, **pages)
    return page


def introduction(predictor: Predictor) -> str:
    names = ", ".join(map(shown, predictor.classes))
    texts = f"<p>{good_image(predictor.preparation)}</p><p>The answer is one of: {names}.</p>"
    return f'<div class="introduction"><h1>What is it?</h1>{texts}</div>'


def upload_field() -> gr.Image:
    return gr.Image(
        type="filepath",
        sources=["upload", "clipboard"],
        label="Photograph",
        show_label=False,
        height=HEIGHT,
        elem_classes="photo",
        alt_text="Photograph, if this browser shows it",
    )


def drawing_field() -> gr.Sketchpad:
    pen = gr.Brush(default_size=14, colors=["#000000"], color_mode="fixed")
    size = (320, 320)
    return gr.Sketchpad(label="Dark on bright", brush=pen, canvas_size=size, layers=False)
