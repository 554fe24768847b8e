"""What the page shows of an image, as HTML.

Names of classes come from elsewhere: whatever is in them, they are shown, and do nothing.
"""

import base64
import html
import io
from pathlib import Path

import numpy as np

from classifier.errors import InputError
from classifier.images import image_files
from classifier.images.image_files import as_image
from tools.predict import Input, good_image, is_warning, results
from tools.predictor import Predictor

TOP = 3  # labels that are shown with their probabilities
EMPTY = '<div class="answer empty">The answer appears here.</div>'


def shown(text: str) -> str:
    """Return a foreign text as HTML that shows it, in its own direction of writing."""
    return f"<bdi>{html.escape(text)}</bdi>"


def sentence(text: str) -> str:
    return html.escape(f"{text[:1].upper()}{text[1:]}.")


def doubts(warnings: list[str], good: str) -> str:
    """Return what is said where the label is not to be trusted, and what would help."""
    reasons = " ".join(f"<b>{sentence(warning)}</b>" for warning in warnings)
    return f"{reasons} It is made for {good[0].lower()}{good[1:]}"


def answer(predictor: Predictor, source: Path | bytes | None) -> str:
    """Return what the page shows of an image file, by its path or content."""
    if source is None:
        return EMPTY
    try:
        image, notes, *_ = image_files.read(source, "this file", predictor.preparation)
    except InputError as error:
        return f'<div class="answer">{alert(sentence(str(error)))}</div>'
    (row,) = results(predictor, [Input("image", image, notes)])
    (probabilities,), _ = predictor(image[None])
    warnings = [note for note in row["notes"] if is_warning(note)]
    others = [note for note in row["notes"] if not is_warning(note)]
    parts = [
        f'<div class="answer {"doubtful" if warnings else ""}">',
        alert(doubts(warnings, good_image(predictor.preparation))) if warnings else "",
        '<div class="sides"><div>',
        f'<p class="label">{shown(row["label"])}</p>',
        bars(predictor.classes, probabilities),
        f'<p class="notes">{sentence("; ".join(others))}</p>' if others else "",
        f"</div>{picture(image, predictor.preparation.is_bright_on_black)}</div></div>",
    ]
    return "".join(parts)


def alert(content: str) -> str:
    return f'<p class="warning" role="alert">{content}</p>'


def bars(classes: list[str], probabilities: np.ndarray) -> str:
    """Return the likeliest classes with bars for their probabilities, without bars of nothing."""
    rows = []
    for label in np.argsort(-probabilities, kind="stable")[:TOP]:
        percent = f"{probabilities[label]:.1%}"
        if percent != "0.0%":
            bar = f'<i style="width: {percent}"></i>'
            rows.append(f"<span>{shown(classes[label])}</span>{bar}<span>{percent}</span>")
    return f'<div class="bars">{"".join(rows)}</div>'


def picture(image: np.ndarray, is_negative: bool) -> str:
    """Return a figure of the image as the model sees it, perhaps dark for bright as on paper."""
    content = io.BytesIO()
    as_image(255 - image if is_negative else image).save(content, format="PNG")
    source = base64.b64encode(content.getvalue()).decode()
    negative = ", dark for bright" if is_negative else ""
    caption = f"<figcaption>As the model sees it{negative}</figcaption>"
    return f'<figure><img alt="" src="data:image/png;base64,{source}">{caption}</figure>'
