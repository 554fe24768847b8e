"""A page to try the model on: `python -m tools.demo`.

Upload, paste or draw something to wear; see the probabilities, and the image as the model sees it.
It is served on 127.0.0.1 alone, and asks nothing of the network. Needs
`pip install -r requirements/demo.txt`.
"""

import argparse
import io
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from classifier.errors import InputError
from classifier.images import image_files
from classifier.process.command import run
from tools.predict import Input, Predictor, results

TEST_IMAGES = Path("data/processed/test_images.npy")
TEST_LABELS = Path("data/processed/test_labels.npy")
EXAMPLES = Path(".dvc/tmp/demo")
SCALE = 10  # screen pixels a pixel of the model's
FONTS = ["system-ui", "sans-serif"]
STYLE = """
.pixelated img {image-rendering: pixelated}
.photo img {min-width: 50%; object-fit: contain}
footer {display: none !important}
"""


def write_examples(classes: list[str], folder: Path) -> list[str]:
    """Write the first test image of each class into `folder`, as PNG; return their paths."""
    images = np.load(TEST_IMAGES, mmap_mode="r", allow_pickle=False)
    labels = np.load(TEST_LABELS, mmap_mode="r", allow_pickle=False)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for label, name in enumerate(classes):
        rows = np.flatnonzero(labels == label)
        if len(rows):
            path = folder / f"{label} {name.replace('/', ' ')}.png"
            Image.fromarray(images[rows[0]]).save(path)
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


class Answer(NamedTuple):
    """What the page shows: probabilities by class, the image as the model sees it, and notes."""

    probabilities: dict | None
    seen: Image.Image | None
    notes: str


def answer(predictor: Predictor, source: Path | bytes | None) -> Answer:
    """Return what the page shows of a file, by its path or content."""
    if source is None:
        return Answer(None, None, "")
    try:
        image, notes = image_files.read(source, "this file")
    except InputError as error:
        return Answer(None, None, f"**{str(error).capitalize()}.**")
    (row,) = results(predictor, [Input("image", image, notes)])
    (probabilities,), _ = predictor(image[None])
    by_class = dict(zip(predictor.classes, map(float, probabilities), strict=True))
    rows, columns = image.shape
    size = (columns * SCALE, rows * SCALE)
    seen = Image.fromarray(255 - image).resize(size, Image.Resampling.NEAREST)
    return Answer(by_class, seen, "; ".join(row["notes"]).capitalize())


def build(predictor: Predictor, examples: list[str]):
    """Return the page, as a `gradio.Blocks`; `examples` are paths of images."""
    import gradio as gr

    def of_file(path):
        return answer(predictor, Path(path) if path else None)

    def of_drawing(sketch):
        return answer(predictor, drawn(sketch))

    with gr.Blocks(title="What is it?") as page:
        gr.Markdown(f"# What is it?\nOne of: {', '.join(predictor.classes)}.")
        with gr.Row():
            with gr.Column(min_width=320):
                with gr.Tab("Upload or paste"):
                    upload = upload_field(gr)
                with gr.Tab("Draw"):
                    sketch = drawing_field(gr)
            with gr.Column(min_width=320):
                label = gr.Label(label="Probabilities", num_top_classes=len(predictor.classes))
                notes = gr.Markdown()
                gr.Markdown("As the model sees it, dark for bright:")
                seen = gr.Image(show_label=False, height=240, elem_classes="pixelated", buttons=[])
        outputs = [label, seen, notes]
        upload.change(of_file, upload, outputs, show_progress="hidden")
        sketch.change(of_drawing, sketch, outputs, show_progress="hidden")
        title = "Test images, one a class"
        gr.Examples(examples, upload, label=title, examples_per_page=len(examples) or 1)
    return page


def upload_field(gr):
    sources = ["upload", "clipboard"]
    options = {"height": 320, "elem_classes": "photo"}
    return gr.Image(type="filepath", sources=sources, label="Photograph", **options)


def drawing_field(gr):
    pen = gr.Brush(default_size=14, colors=["#000000"], color_mode="fixed")
    options = {"canvas_size": (320, 320), "layers": False}
    return gr.Sketchpad(label="Dark on bright", brush=pen, **options)


def parse() -> argparse.Namespace:
    summary = __doc__.splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=summary)
    parser.add_argument("--port", type=int, default=7860, help="of 127.0.0.1 (default: 7860)")
    return parser.parse_args()


def main():
    options = parse()
    os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    try:
        import gradio as gr
    except ModuleNotFoundError:
        cure = "run `pip install -r requirements/demo.txt`"
        raise InputError(f"gradio: expected to be installed; {cure}") from None
    predictor = Predictor()
    examples = write_examples(predictor.classes, EXAMPLES) if TEST_IMAGES.exists() else []
    theme = gr.themes.Default(font=FONTS, font_mono=["monospace"])
    page = build(predictor, examples)
    print(f"demo: http://127.0.0.1:{options.port} until Ctrl-C", flush=True)
    page.launch(
        server_name="127.0.0.1",
        server_port=options.port,
        theme=theme,
        css=STYLE,
        quiet=True,
        footer_links=[],
    )


if __name__ == "__main__":
    run(main, stopped="the page is closed; the same command opens it again")
