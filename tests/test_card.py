"""The model card says what the metrics say."""

import json
import re

from conftest import ROOT

from stages import card


def test_committed_card_has_the_committed_figures():
    text = (ROOT / "reports" / "model_card.md").read_text(encoding="utf-8")
    metrics = json.loads((ROOT / "reports" / "evaluate" / "metrics.json").read_text())
    low, high = metrics["accuracy_low"], metrics["accuracy_high"]
    assert f"| accuracy | {metrics['accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%}) |" in text
    assert f"| expected calibration error | {metrics['ece']:.4f} |" in text
    assert "10,000 of 10,000 test images" in text


def test_card_has_the_headings_of_hugging_face():
    headings = re.findall(r"^##? (.+)", card.CARD, re.MULTILINE)
    assert headings[1:] == [
        "Model details",
        "Uses",
        "Bias, risks, and limitations",
        "How to get started with the model",
        "Training details",
        "Evaluation",
        "Citation",
    ]


def test_by_class_has_a_line_for_each_class_in_order():
    rows = [
        {"class": name, "group": group, "score": score}
        for name, scores in {"boot": (0.5, 1, 0.25), "bag": (0, 0.125, 0.75)}.items()
        for group, score in zip(("precision", "recall", "F1"), scores, strict=True)
    ]
    assert card.by_class_rows(rows) == "| boot | 0.500 | 1.000 | 0.250 |\n| bag | 0.000 | 0.125 | 0.750 |"


def test_limits_are_the_most_likely_mistakes():
    rows = [
        {"actual": "boot", "predicted": "boot", "share": 0.8},
        {"actual": "boot", "predicted": "bag", "share": 0.15},
        {"actual": "bag", "predicted": "boot", "share": 0.3},
    ]
    lines = card.limits(rows).splitlines()[2:]
    assert lines == ["- 30.0% of bag are taken for boot", "- 15.0% of boot are taken for bag"]
