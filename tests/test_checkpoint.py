"""Checkpoints: a killed training goes on to the same bytes; what is foreign or damaged is refused with its reason."""

import numpy as np
import pytest
from test_train import CONVOLUTIONAL, FULL, RECIPE, keras, trained

from stages.train import checkpoint, saving

STOPS_EARLY = RECIPE.model_copy(update={"epochs": 40, "learning_rate": 0.03, "patience": 2})
RECIPES = {
    "stops early": STOPS_EARLY,
    "everything": RECIPE.model_copy(update=FULL | {"epochs": 5}),
    "convolutional": CONVOLUTIONAL.model_copy(update={"epochs": 3}),
}


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)


def outcome(recipe, path, folder):
    model, metrics, live = trained(recipe, path=path)
    saving.save(model, folder / "model.keras")
    return (folder / "model.keras").read_bytes(), metrics, live.rows


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_killed_training_goes_on_to_the_same_bytes(recipe, tmp_path, monkeypatch):
    expected = outcome(recipe, tmp_path / "undisturbed", tmp_path)
    last = expected[1]["epochs"]
    save = checkpoint.Checkpoint.save
    path = tmp_path / "checkpoint"
    for number in sorted({1, last // 2, last}):  # killed after each of these, of one and the same training

        def save_and_die(self, number=number):
            save(self)
            if len(self.report.epochs) == number:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(checkpoint.Checkpoint, "save", save_and_die)
            with pytest.raises(KeyboardInterrupt):
                trained(recipe, path=path)
    assert outcome(recipe, path, tmp_path) == expected


def test_resumed_training_does_not_train_again(tmp_path, capsys):
    outcome(STOPS_EARLY, tmp_path / "checkpoint", tmp_path)
    capsys.readouterr()
    metrics = outcome(STOPS_EARLY, tmp_path / "checkpoint", tmp_path)[1]
    assert capsys.readouterr().out == f"train: goes on after epoch {metrics['epochs']}\n"


def damage_middle(content):
    content[len(content) // 2] ^= 1
    return content


@pytest.mark.parametrize(
    "damage",
    [
        damage_middle,
        lambda content: content[:-1],
        lambda content: content[:20],
        lambda content: b"",
        lambda content: b"x" * 99,
    ],
    ids=["flipped byte", "a byte short", "only a header", "empty", "something else"],
)
def test_damaged_checkpoint_is_refused_and_training_starts_afresh(damage, tmp_path, capsys):
    recipe, path = RECIPE.model_copy(update={"epochs": 2}), tmp_path / "checkpoint"
    expected = outcome(recipe, path, tmp_path)
    path.write_bytes(damage(bytearray(path.read_bytes())))
    capsys.readouterr()
    assert outcome(recipe, path, tmp_path) == expected
    assert (
        f"{path}: expected a whole checkpoint, received a damaged one; training starts afresh"
        in capsys.readouterr().out
    )


def test_checkpoint_of_another_training_is_refused(tmp_path, capsys):
    recipe = RECIPE.model_copy(update={"epochs": 1})
    outcome(recipe, tmp_path / "checkpoint", tmp_path)
    checkpoint.Checkpoint(tmp_path / "checkpoint", "another mark")
    assert "received one of other data, parameters, code or versions" in capsys.readouterr().out


def test_mark_changes_with_settings_data_and_versions(monkeypatch):
    data = [np.arange(6, dtype=np.uint8), np.arange(3)]
    marks = [checkpoint.fingerprint([1, {"epochs": 2}], data)]
    assert checkpoint.fingerprint([1, {"epochs": 2}], data) == marks[0]
    marks.append(checkpoint.fingerprint([2, {"epochs": 2}], data))
    marks.append(checkpoint.fingerprint([1, {"epochs": 3}], data))
    marks.append(checkpoint.fingerprint([1, {"epochs": 2}], [data[0] + 1, data[1]]))
    marks.append(checkpoint.fingerprint([1, {"epochs": 2}], [data[0].reshape(2, 3), data[1]]))
    monkeypatch.setattr(checkpoint, "version", lambda name: "0.0.1")
    marks.append(checkpoint.fingerprint([1, {"epochs": 2}], data))
    assert len(set(marks)) == len(marks)


def test_checkpoint_is_small_beside_the_training(tmp_path):
    """Weights, two moments of Adam, best weights: four numbers a parameter."""
    recipe = RECIPE.model_copy(update={"epochs": 1})
    model = outcome(recipe, tmp_path / "checkpoint", tmp_path)
    assert model
    count = keras.models.load_model(tmp_path / "model.keras").count_params()
    assert (tmp_path / "checkpoint").stat().st_size < 4 * 4 * count + 20_000
