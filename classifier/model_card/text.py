"""The text of a model card: template.md beside this module, and what is put into it.

Its headings are those of Hugging Face's template.
"""

from pathlib import Path

from classifier.datasets import fashion_mnist
from classifier.evaluation.scores import METRICS

TEMPLATE = Path(__file__).with_name("template.md")


def headline_rows(metrics: dict) -> str:
    """Return a line of a Markdown table for each metric that is better higher or lower."""
    rows = []
    for metric in METRICS:
        text = f"{metrics[metric.name]:{metric.form}}"
        if metric.name == "accuracy":
            low, high = metrics["accuracy_low"], metrics["accuracy_high"]
            text += f" (95 % interval {low:{metric.form}} to {high:{metric.form}})"
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


def limits(confusion: list[dict]) -> str:
    """Return the three mistakes that are likeliest, given the actual class, as a list."""
    mistakes = [row for row in confusion if row["actual"] != row["predicted"] and row["share"]]
    mistakes.sort(key=lambda row: -row["share"])
    if not mistakes:
        return "On the test images, it makes no mistake."
    lines = ["Its most likely mistakes, on the test images:", ""]
    for row in mistakes[:3]:
        lines.append(f"- {row['share']:.1%} of {row['actual']} are taken for {row['predicted']}")
    return "\n".join(lines)


def about_data(source: str) -> dict:
    """Return what the card says of the data set that `fetch.source` names."""
    if source == "auto":
        return {
            "licence_tag": "mit",
            "licence": "MIT",
            "title": "a Fashion-MNIST classifier",
            "data": "a small, well-known set",
            "description": fashion_mnist.DESCRIPTION,
            "citation": fashion_mnist.CITATION,
        }
    return {
        "licence_tag": "other",
        "licence": "not stated: it depends on the images that the model was trained on",
        "title": "an image classifier",
        "data": "images like those that it was trained on",
        "description": f"What `fetch.source` names: `{source.partition('?')[0]}`.",
        "citation": "None is known for this data.",
    }
