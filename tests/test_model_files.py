"""Model files: equal models make equal files, and what is no fitting model is refused in a line."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from training import IMAGES, RECIPE, changed, keras

from classifier.backend.model_files import (
    ZIP_EPOCH,
    load_model,
    number_shared_objects,
    save_model,
)
from classifier.errors import InputError
from classifier.training.finish import averaged
from classifier.training.fit import make_loss, make_optimizer, training_model
from classifier.training.networks import build

SOME = IMAGES[:50]


def network():
    keras.utils.set_random_seed(1)
    return build(RECIPE, (28, 28, 1), 10)


@pytest.mark.parametrize("views", [(False, 0), (True, 0), (False, 2), (True, 1)])
def test_saved_model_is_plain_keras_and_predicts_the_same(views, tmp_path):
    flip, shift = views
    recipe = changed(RECIPE, flip_averaging=flip, shift_averaging=shift or None)
    model = averaged(network(), recipe)
    save_model(model, tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    expected = model.predict(SOME, verbose=0)
    np.testing.assert_array_equal(loaded.predict(SOME, verbose=0), expected)


def test_saved_model_has_neither_time_nor_optimizer(tmp_path):
    plain = network()
    trainer = training_model(plain, RECIPE)
    trainer.compile(make_optimizer(RECIPE, 5), make_loss(RECIPE))
    save_model(plain, tmp_path / "model.keras")
    assert not keras.models.load_model(tmp_path / "model.keras", safe_mode=True).compiled
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert {info.date_time for info in archive.infolist()} == {ZIP_EPOCH}
        assert b"1980-01-01@00:00:00" in archive.read("metadata.json")


def test_shared_objects_are_numbered_in_order():
    config = {
        "a": [{"shared_object_id": 140}, {"shared_object_id": 97}],
        "b": {"shared_object_id": 140},
    }
    assert number_shared_objects(config, {}) == {
        "a": [{"shared_object_id": 0}, {"shared_object_id": 1}],
        "b": {"shared_object_id": 0},
    }


@pytest.fixture
def model_path(workplace):
    layers = [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    keras.Sequential(layers).save("model.keras")
    return Path("model.keras")


def test_model_is_loaded(model_path):
    assert load_model(model_path, (28, 28, 1), 10).output_shape == (None, 10)


def test_missing_model_is_named(workplace):
    expected = r"model\.keras: expected a model from \(28, 28, 1\) to \(10,\)"
    with pytest.raises(InputError, match=f"{expected}, received no file; run `dvc repro train`"):
        load_model(Path("model.keras"), (28, 28, 1), 10)


@pytest.mark.parametrize("size", [0, 100, 10_000])
def test_damaged_model_is_named(model_path, size):
    model_path.write_bytes(model_path.read_bytes()[:size])
    with pytest.raises(InputError, match=r"^model\.keras: .*; run `dvc repro train`$") as caught:
        load_model(model_path, (28, 28, 1), 10)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("image_shape", "class_count"), [((28, 27, 1), 10), ((28, 28, 1), 11)])
def test_model_of_other_shapes_is_refused(model_path, image_shape, class_count):
    with pytest.raises(InputError, match=r"received one from \(28, 28, 1\) to \(10,\)"):
        load_model(model_path, image_shape, class_count)
