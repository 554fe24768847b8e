"""The stage teach: nothing without a teacher; else a table, also where it was killed."""

import json

import numpy as np
import pytest
from test_train import write_arrays
from training import DATA, TEACHER, changed, keras

from classifier.training import checkpoint, lessons
from stages import teach

SMALL = changed(TEACHER, filters=[2], epochs=2)


@pytest.fixture
def arrays(workplace):
    write_arrays()


def run(teacher=SMALL, seed=1) -> np.ndarray:
    """Run the stage; return the table."""
    keras.utils.clear_session()
    teach.main(teach.Teach(seed=seed), teacher)
    return np.load(teach.LESSONS)


def test_without_a_teacher_there_is_an_empty_table(arrays, capsys):
    assert run(None).shape == (0, 0, 0)
    assert json.loads(teach.METRICS.read_text()) == {}
    assert capsys.readouterr().out == "teach: the recipe has no teacher\n"


def test_table_is_of_training_images_and_says_what_the_teacher_is_worth(arrays, capsys):
    table = run()
    assert table.shape == (250, 18, 10 + 2)
    np.testing.assert_allclose(table[DATA.train_rows, :, :10].sum(axis=-1), 1, atol=0.005)
    metrics = json.loads(teach.METRICS.read_text())
    assert {"val_accuracy", "val_loss", "epochs", "temperature", "parameters"} <= metrics.keys()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"teach: the teacher, {metrics['parameters']:,} parameters"
    assert [line[:16] for line in lines[1:3]] == ["teach: epoch 1/2", "teach: epoch 2/2"]
    accuracy = f"val_accuracy {metrics['val_accuracy']:.4f}"
    assert lines[3:] == [f"teach: {accuracy}; it looks at 18 views of 200 images"]
    assert not teach.CHECKPOINT.exists()


def test_seed_decides_the_table(arrays):
    first = run(seed=1)
    assert (run(seed=1) == first).all()
    assert (run(seed=2) != first).any()


def test_killed_while_it_looks_goes_on_to_the_same_table(arrays, monkeypatch, capsys):
    monkeypatch.setattr(checkpoint, "MIN_SECONDS", 0)
    expected = run()
    with monkeypatch.context() as patch:
        patch.setattr(lessons, "predict", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run()
    capsys.readouterr()
    assert (run() == expected).all()
    assert "teach: goes on after epoch 2" in capsys.readouterr().out
