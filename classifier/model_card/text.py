"""The text of a model card: template.md beside this module, and what is put into it.

Its headings are those of Hugging Face's template.
"""

from pathlib import Path

from classifier.evaluation.behaviour import NAMES
from classifier.evaluation.scores import METRICS, is_chance
from classifier.images.changes import CHANGES

CHANCE = (
    "**It cannot tell the classes apart**: on the test images, it is no better than always giving "
    "the most frequent class."
)
TEMPLATE = Path(__file__).with_name("template.md")


def headline_rows(metrics: dict) -> str:
    """Return a line of a Markdown table for each metric that is better higher or lower."""
    rows = []
    for metric in METRICS:
        text = f"{metrics[metric.name]:{metric.form}}"
        if metric.name == "accuracy":
            low, high = metrics["accuracy_low"], metrics["accuracy_high"]
            alone = f"the most frequent class alone gives {metrics['majority_share']:{metric.form}}"
            text += f" (95 % interval {low:{metric.form}} to {high:{metric.form}}; {alone})"
        if metric.better:
            rows.append(f"| {metric.meaning} | {text} |")
    return "\n".join(rows)


def by_class_rows(rows: list[dict]) -> str:
    """Return a line of a Markdown table for each class, in the classes' order."""
    scores = {}
    for row in rows:
        scores.setdefault(row["class"], {})[row["group"]] = row["score"]
    lines = []
    for name, of in scores.items():
        lines.append(f"| {name} | {of['precision']:.3f} | {of['recall']:.3f} | {of['F1']:.3f} |")
    return "\n".join(lines)


def behaviour_rows(figures: dict) -> str:
    """Return a line of a Markdown table for each change of images."""
    lines = []
    for change in CHANGES:
        kept, worst = (figures[name] for name in NAMES[change.name])
        lines.append(f"| {change.meaning} | {kept:.1%} | {worst:.1%} |")
    return "\n".join(lines)


def limits(confusion: list[dict], metrics: dict) -> str:
    """Return the three mistakes that are likeliest, given the actual class, as a list."""
    if is_chance(metrics):
        return CHANCE
    mistakes = [row for row in confusion if row["actual"] != row["predicted"] and row["share"]]
    mistakes.sort(key=lambda row: -row["share"])
    if not mistakes:
        return "On the test images, it makes no mistake."
    lines = ["Its most likely mistakes, on the test images:", ""]
    for row in mistakes[:3]:
        lines.append(f"- {row['share']:.1%} of {row['actual']} are taken for {row['predicted']}")
    return "\n".join(lines)


def procedure(knobs: dict, indent: str = "") -> str:
    """Return the knobs of a recipe as a list, those of its teacher, if any, as one in it."""
    lines = []
    for name, value in knobs.items():
        if isinstance(value, dict):
            lines += [f"{indent}- {name}:", procedure(value, indent + "  ")]
        elif value is not None:
            shown = str(value).lower() if isinstance(value, bool) else value  # as in YAML
            lines.append(f"{indent}- {name}: {shown}")
    return "\n".join(lines)


def about_teacher(metrics: dict) -> str:
    """Return a sentence on the figures of a teacher, or nothing where there is none."""
    if not metrics:
        return ""
    share = f"{metrics['val_accuracy']:.2%} of the validation images"
    return f"\nIts labels were the probabilities of a teacher, right for {share}.\n"


def takes(preparation) -> str:
    """Return in words what images the model takes, of a `Preparation`."""
    rows, columns = preparation.size
    color = {"grey": "grey", "rgb": "colour"}[preparation.color]
    framing = {
        "garment": "the thing alone, as large as fits, bright on black",
        "pad": "the whole image, filled up with the color of its border",
        "crop": "the middle of the image",
    }
    pixels = f"{color} images of {rows} × {columns} pixels, 0 to 255"
    return f"{pixels}, {framing[preparation.framing]}"


def about_data(about: dict) -> dict:
    """Return what the card says of a data set, of which its description may say little."""
    name = about["name"]
    missing = "not stated: it depends on the images that the model was trained on"
    citation = about.get("citation")
    return {
        "licence_tag": about.get("licence_tag", "other"),
        "licence": about.get("licence", missing),
        "title": f"a {name} classifier",
        "data": name,
        "description": about.get("about", f"{name}: no more is stated.").strip(),
        "citation": f"```bibtex\n{citation}```" if citation else "None is known for this data.",
    }
