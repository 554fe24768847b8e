"""The gate: what falls short ends the run after everything is written, with a table."""

import re

import pytest

from classifier.errors import InputError
from classifier.evaluation import behaviour, scores
from classifier.evaluation.thresholds import Gate, check
from classifier.files.atomic import write_json
from stages import gate

METRICS = {
    "accuracy": 0.9,
    "accuracy_low": 0.88,
    "accuracy_high": 0.92,
    "balanced_accuracy": 0.85,
    "majority_share": 0.4,
    "loss": 0.3,
    "macro_f1": 0.89,
    "worst_class_recall": 0.7,
    "ece": 0.02,
}
BEHAVIOUR = {name: 0.95 for names in behaviour.NAMES.values() for name in names}
BEHAVIOUR |= {"worst_class_kept_mirrored": 0.6}


@pytest.mark.parametrize(
    ("thresholds", "short"),
    [
        ({}, []),
        ({"accuracy": 0.9, "worst_class_recall": 0.7, "ece": 0.02}, []),
        ({"accuracy": 0.91}, ["accuracy"]),
        ({"balanced_accuracy": 0.86}, ["balanced_accuracy"]),
        ({"loss": 0.3, "macro_f1": 0.89}, []),
        ({"loss": 0.29, "macro_f1": 0.9}, ["loss", "macro_f1"]),
        (
            {"kept_mirrored": 0.9, "worst_class_kept_mirrored": 0.7, "kept_noisy": 0.96},
            ["worst_class_kept_mirrored", "kept_noisy"],
        ),
        (
            {"accuracy": 0.8, "worst_class_recall": 0.71, "ece": 0.019},
            ["worst_class_recall", "ece"],
        ),
    ],
)
def test_what_falls_short_is_named(thresholds, short):
    lines, found = check(thresholds, METRICS | BEHAVIOUR)
    assert found == short
    assert [line.split()[1] for line in lines if line.startswith("✗")] == short
    assert len(lines) == len(thresholds)


def test_figure_that_is_missing_is_named():
    with pytest.raises(InputError, match="gate: expected kept_noisy in reports"):
        check({"kept_noisy": 0.5}, METRICS)


def test_every_metric_with_a_better_direction_may_be_asked_for():
    asked = [metric.name for metric in scores.METRICS if metric.better]
    assert list(Gate.model_fields) == [*asked, *BEHAVIOUR]
    assert {"accuracy", "balanced_accuracy", "loss", "macro_f1", "ece"} <= set(asked)
    assert "majority_share" not in asked
    assert Gate(loss=2.5).model_dump(exclude_unset=True) == {"loss": 2.5}
    assert Gate(accuracy=1.0, kept_brighter=1.0).accuracy == 1  # some models reach it


@pytest.fixture
def figures(workplace):
    """What the gate reads."""
    write_json(gate.REPORT, METRICS)
    write_json(gate.BEHAVIOUR, BEHAVIOUR)


def test_stage_says_that_nothing_is_asked_for(figures, capsys):
    gate.main(gate=Gate())
    assert capsys.readouterr().out == "gate: nothing asked for in params.yaml\n"


def test_stage_prints_the_table_and_fails_with_what_to_do(figures, capsys):
    with pytest.raises(InputError) as caught:
        gate.main(gate=Gate(accuracy=0.91, ece=0.9))
    assert capsys.readouterr().out == (
        "✗ accuracy                   at least 0.91      0.9\n"
        "✓ ece                        at most  0.9       0.02\n"
    )
    assert str(caught.value) == (
        "gate: expected 2 figures to be reached, accuracy fell short; "
        "the model, reports/evaluate/metrics.json and the pictures stay; "
        "train another model, or lower gate in params.yaml"
    )


def test_gate_fails_the_run_with_all_results_kept_and_is_cured_by_another_threshold(copy):
    copy.set({"gate": {"accuracy": 0.999, "ece": 0.9}})
    failed = copy.sh("dvc repro", check=False)
    assert failed.returncode
    table = r"✗ accuracy +at least 0\.999 +0\.\d+\n✓ ece +at most +0\.9 +0\.\d+\n"
    assert re.search(table, failed.stdout)
    expected = "error: gate: expected 2 figures to be reached, accuracy fell short; the model, "
    assert expected in failed.stdout
    assert "Traceback" not in failed.stdout
    for name in ("metrics.json", "confusion.png", "samples.png", "predictions.csv"):
        assert (copy.folder / "reports" / "evaluate" / name).exists()
    status = copy.sh("dvc status").stdout
    assert "gate:" in status
    assert "evaluate:" not in status
    copy.set({"gate.accuracy": 0.001})
    assert copy.repro() == ["gate"]
    copy.undo()
    assert copy.repro() == ["gate"]
