"""A page to try the model on: `python -m tools.demo`, after `pip install -r requirements/demo.txt`.

Upload, paste or draw something to wear; see the probabilities, and the image as the model sees it. It is served on
127.0.0.1 alone, and asks nothing of the network.
"""

import argparse
import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

from stages import photo
from stages.errors import InputError
from stages.process import run
from tools.predict import Predictor, results

TEST_IMAGES, TEST_LABELS = Path("data/processed/test_images.npy"), Path("data/processed/test_labels.npy")
SCALE = 10  # screen pixels a pixel of the model's
FONTS = ["system-ui", "sans-serif"]
STYLE = """
.pixelated img {image-rendering: pixelated}
.photo img {min-width: 50%; object-fit: contain}
footer {display: none !important}
"""


def examples(classes: list[str], folder: Path) -> list[str]:
    """Write the first test image of each class into `folder`, as PNG; return their paths."""
    images, labels = (np.load(path, mmap_mode="r", allow_pickle=False) for path in (TEST_IMAGES, TEST_LABELS))
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for label, name in enumerate(classes):
        rows = np.flatnonzero(labels == label)
        if len(rows):
            paths.append(str(folder / f"{label} {name.replace('/', ' ')}.png"))
            Image.fromarray(images[rows[0]]).save(paths[-1])
    return paths


def drawn(sketch: dict | None) -> bytes | None:
    """Return a drawing as a PNG file's content; None where nothing is drawn."""
    if sketch is None or not np.asarray(sketch["composite"])[..., 3].any():
        return None
    content = io.BytesIO()
    Image.fromarray(np.asarray(sketch["composite"], np.uint8)).save(content, format="PNG")
    return content.getvalue()


def answer(predictor: Predictor, source: Path | bytes | None) -> tuple[dict | None, Image.Image | None, str]:
    """Return what the page shows: probabilities by class, the image as the model sees it, and notes."""
    if source is None:
        return None, None, ""
    try:
        image, notes = photo.read(source, "this file")
    except InputError as error:
        return None, None, f"**{str(error).capitalize()}.**"
    (row,) = results(predictor, ["image"], [image], [notes])
    (probabilities,), _ = predictor(image[None])
    size = image.shape[1] * SCALE, image.shape[0] * SCALE
    seen = Image.fromarray(255 - image).resize(size, Image.Resampling.NEAREST)
    likely = dict(zip(predictor.classes, map(float, probabilities), strict=True))
    return likely, seen, "; ".join(row["notes"]).capitalize()


def build(predictor: Predictor, paths: list[str]):
    """Return the page, as a `gradio.Blocks`."""
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
                    upload = gr.Image(
                        type="filepath",
                        sources=["upload", "clipboard"],
                        label="Photograph",
                        height=320,
                        elem_classes="photo",
                    )
                with gr.Tab("Draw"):
                    pen = gr.Brush(default_size=14, colors=["#000000"], color_mode="fixed")
                    sketch = gr.Sketchpad(label="Dark on bright", brush=pen, canvas_size=(320, 320), layers=False)
            with gr.Column(min_width=320):
                label = gr.Label(label="Probabilities", num_top_classes=len(predictor.classes))
                notes = gr.Markdown()
                gr.Markdown("As the model sees it, dark for bright:")
                seen = gr.Image(show_label=False, height=240, elem_classes="pixelated", buttons=[])
        outputs = [label, seen, notes]
        upload.change(of_file, upload, outputs, show_progress="hidden")
        sketch.change(of_drawing, sketch, outputs, show_progress="hidden")
        gr.Examples(paths, upload, label="Test images, one a class", examples_per_page=len(paths) or 1)
    return page


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=7860, help="of 127.0.0.1 (default: 7860)")
    options = parser.parse_args()
    os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    try:
        import gradio as gr
    except ModuleNotFoundError:
        raise InputError("gradio: expected to be installed; run `pip install -r requirements/demo.txt`") from None
    predictor = Predictor()
    paths = examples(predictor.classes, Path(".dvc/tmp/demo")) if TEST_IMAGES.exists() else []
    theme = gr.themes.Default(font=FONTS, font_mono=["monospace"])
    page = build(predictor, paths)
    print(f"demo: http://127.0.0.1:{options.port} until Ctrl-C", flush=True)
    page.launch(server_name="127.0.0.1", server_port=options.port, theme=theme, css=STYLE, quiet=True, footer_links=[])


if __name__ == "__main__":
    run(main)
