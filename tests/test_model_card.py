"""The text of the model card: every line of a table says what its figures say."""

import re

from conftest import ROOT

from classifier.datasets import description
from classifier.evaluation.scores import METRICS
from classifier.model_card.text import TEMPLATE, about_data, by_class_rows, headline_rows, limits

GOOD = {"accuracy_low": 0.4, "majority_share": 1 / 3}
CHANCE = {"accuracy_low": 0.3, "majority_share": 1 / 3}


def test_card_has_the_headings_of_hugging_face():
    headings = re.findall(r"^##? (.+)", TEMPLATE.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[1:] == [
        "Model details",
        "Uses",
        "Bias, risks, and limitations",
        "How to get started with the model",
        "Training details",
        "Evaluation",
        "Citation",
    ]


def test_headline_has_a_line_for_each_metric_that_is_better_higher_or_lower():
    metrics = {metric.name: 0.5 for metric in METRICS}
    metrics |= {"accuracy": 0.9, "accuracy_low": 0.88, "accuracy_high": 0.925, "loss": 1.25}
    metrics |= {"majority_share": 0.25}
    assert headline_rows(metrics).splitlines() == [
        "| accuracy | 90.00% (95 % interval 88.00% to 92.50%; "
        "the most frequent class alone gives 25.00%) |",
        "| balanced accuracy: mean recall of the classes | 50.00% |",
        "| cross-entropy | 1.250 |",
        "| macro F1 | 0.5000 |",
        "| lowest recall of a class | 50.00% |",
        "| expected calibration error | 0.5000 |",
    ]


def test_by_class_has_a_line_for_each_class_in_order():
    scores = {"boot": (0.5, 1, 0.25), "bag": (0, 0.125, 0.75)}
    rows = [
        {"class": name, "group": group, "score": score}
        for name, figures in scores.items()
        for group, score in zip(("precision", "recall", "F1"), figures, strict=True)
    ]
    assert by_class_rows(rows).splitlines() == [
        "| boot | 0.500 | 1.000 | 0.250 |",
        "| bag | 0.000 | 0.125 | 0.750 |",
    ]


def test_limits_are_the_three_most_likely_mistakes():
    rows = [
        {"actual": "boot", "predicted": "boot", "share": 0.8},
        {"actual": "boot", "predicted": "bag", "share": 0.15},
        {"actual": "bag", "predicted": "boot", "share": 0.3},
        {"actual": "coat", "predicted": "bag", "share": 0.01},
        {"actual": "coat", "predicted": "boot", "share": 0.02},
    ]
    assert limits(rows, GOOD).splitlines()[2:] == [
        "- 30.0% of bag are taken for boot",
        "- 15.0% of boot are taken for bag",
        "- 2.0% of coat are taken for boot",
    ]


def test_description_of_fashion_mnist_is_what_the_card_says():
    about = about_data(description.read(ROOT / "data" / "fashion_mnist.yaml").card())
    assert about["title"] == "a Fashion-MNIST classifier"
    assert about["licence"] == "MIT"
    assert about["description"].startswith("[Fashion-MNIST](https://")
    assert about["citation"].startswith("```bibtex\n@misc{xiao2017fashion,\n")
    assert about["citation"].endswith("}\n```")


def test_what_is_not_stated_is_said():
    about = about_data({"name": "shapes"})
    assert about["title"] == "a shapes classifier"
    assert about["licence"].startswith("not stated")
    assert about["citation"] == "None is known for this data."


def test_model_without_a_mistake_has_no_likely_ones():
    rows = [{"actual": a, "predicted": b, "share": float(a == b)} for a in "xy" for b in "xy"]
    assert limits(rows, GOOD) == "On the test images, it makes no mistake."


def test_model_that_is_no_better_than_chance_is_said_to_be():
    rows = [{"actual": "x", "predicted": "y", "share": 0.9}]
    assert "no better than always giving the most frequent class" in limits(rows, CHANCE)
