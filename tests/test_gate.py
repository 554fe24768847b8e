"""The gate: what falls short ends the run after everything is written, with a table."""

import re

import pytest

from stages import gate

METRICS = {"accuracy": 0.9, "worst_class_recall": 0.7, "ece": 0.02}


@pytest.mark.parametrize(
    ("thresholds", "short"),
    [
        ({}, []),
        ({"accuracy": 0.9, "worst_class_recall": 0.7, "ece": 0.02}, []),
        ({"accuracy": 0.91}, ["accuracy"]),
        ({"accuracy": 0.8, "worst_class_recall": 0.71, "ece": 0.019}, ["worst_class_recall", "ece"]),
    ],
)
def test_what_falls_short_is_named(thresholds, short):
    lines, found = gate.check(thresholds, METRICS)
    assert found == short
    assert [line.split()[1] for line in lines if line.startswith("✗")] == short
    assert len(lines) == len(thresholds)


def test_gate_fails_the_run_with_all_results_kept_and_is_cured_by_another_threshold(copy):
    copy.edit("gate: {} ", "gate: {accuracy: 0.999, ece: 0.9} ")
    failed = copy.sh("dvc repro", check=False)
    assert failed.returncode
    assert re.search(r"✗ accuracy +at least 0\.999 +0\.\d+\n✓ ece +at most +0\.9 +0\.\d+\n", failed.stdout)
    assert "error: gate: expected 2 figures to be reached, accuracy fell short; the model, " in failed.stdout
    assert "Traceback" not in failed.stdout
    for name in ("metrics.json", "confusion.png", "samples.png", "predictions.csv"):
        assert (copy.folder / "reports" / "evaluate" / name).exists()
    assert "gate:" in copy.sh("dvc status").stdout
    assert "evaluate:" not in copy.sh("dvc status").stdout
    copy.edit("accuracy: 0.999", "accuracy: 0.001")
    assert copy.repro() == ["gate"]
    copy.undo()
    assert copy.repro() == ["gate"]
