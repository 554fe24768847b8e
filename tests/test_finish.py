"""Finishing: mirror images, temperature and figures, each against another route."""

import math

import numpy as np
import pytest
from training import CASES, DATA, IMAGES, LABELS, RECIPE, changed, keras

from classifier.backend.model_files import trained_network
from classifier.training import finish as finishing
from classifier.training import networks
from classifier.training.batches import Batches
from classifier.training.views import views

SOME = IMAGES[:50]


def network():
    keras.utils.set_random_seed(1)
    return networks.dense_network((28, 28, 1), 10, [16, 8], "relu", 0.3)


def averaging(flip, shift):
    return changed(RECIPE, flip_averaging=flip, shift_averaging=shift or None)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("flip", "shift", "count"), [(True, 0, 2), (False, 2, 13), (True, 1, 10)])
def test_model_averages_the_probabilities_of_views_moved_so_far_in_all(flip, shift, count):
    single = network()
    near = [view for view in views(flip, shift) if abs(view.down) + abs(view.right) <= shift]
    seen = [view.of(SOME) for view in near]
    assert len(seen) == count
    expected = np.mean([single.predict(each, verbose=0) for each in seen], axis=0)
    model = finishing.averaged(single, averaging(flip, shift))
    np.testing.assert_allclose(model.predict(SOME, verbose=0), expected, rtol=1e-4)
    assert model.count_params() == single.count_params()
    assert trained_network(model) is single


@pytest.mark.parametrize("true_temperature", [0.4, 1.0, 2.5])
def test_temperature_is_found_again(true_temperature):
    """Labels are drawn from the right probabilities, the mean of two views'.

    Those given are sharper or flatter by a known temperature.
    """
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(2, 20_000, 4)) * 2
    right = np.mean([softmax(each) for each in logits], axis=0)
    labels = np.array([generator.choice(4, p=p) for p in right])
    found = finishing.temperature(
        np.array([softmax(each * true_temperature) for each in logits]), labels
    )
    assert found == pytest.approx(true_temperature, rel=0.05)


def test_temperature_of_certain_and_right_predictions_stays_finite():
    assert 0.1 <= finishing.temperature(np.eye(3)[None], np.arange(3)) <= 10


class RecordingBatches(Batches):
    """Batches that keep the numbers of those that are taken."""

    taken = ()

    def __getitem__(self, number):
        self.taken = [*self.taken, number]
        return super().__getitem__(number)


@pytest.mark.parametrize(
    ("most", "taken"), [(3, [0, 2, 4]), (4, [0, 2, 4]), (6, [0, 1, 2, 3, 4, 5])]
)
def test_temperature_of_many_batches_is_fitted_to_some_evenly_spaced(most, taken, monkeypatch):
    monkeypatch.setattr(finishing, "MAX_TEMPERATURE_BATCHES", most)
    batches = RecordingBatches(IMAGES, LABELS, np.arange(60), 10)
    model = network()
    found = finishing.fit_temperature(model, views(False, 0), batches)
    assert batches.taken == taken
    rows = np.arange(60).reshape(6, 10)[taken].ravel()
    probabilities = finishing.predict(model, IMAGES[rows])
    expected = finishing.temperature(probabilities[None], LABELS[rows])
    assert found == pytest.approx(expected, rel=1e-5)


def test_scaled_logits_keep_the_order_of_classes():
    model = network()
    before = model.predict(SOME, verbose=0)
    finishing.scale_logits(model, 1 / 2.5)
    after = model.predict(SOME, verbose=0)
    np.testing.assert_allclose(after, softmax(np.log(before) / 2.5), rtol=1e-4)
    assert (after.argmax(axis=1) == before.argmax(axis=1)).all()


def test_right_predictions_and_loss_by_hand():
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [1.0, 0.0, 0.0]])
    right, loss = finishing.right_and_loss(probabilities, np.array([0, 1, 2]))
    assert right == 1
    assert loss == pytest.approx(-(math.log(0.5) + math.log(0.2) + math.log(1e-7)))


def test_recipe_without_finishing_keeps_its_network():
    single = network()
    before = single.get_weights()
    model, figures = finishing.finish(single, DATA, RECIPE)
    assert model is single
    assert figures == {}
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("spare", "step"), [(0, 1), (-1, 2)])
def test_some_training_images_are_measured_where_all_views_are_too_many(spare, step, monkeypatch):
    monkeypatch.setattr(finishing, "MAX_MEASURED_VIEWS", 2 * len(DATA.train_rows) + spare)
    recipe = averaging(flip=True, shift=0)
    model = finishing.averaged(network(), recipe)
    figures = finishing.measure(model, DATA, recipe)
    some = DATA._replace(train_rows=DATA.train_rows[::step])
    assert figures == finishing.measure(model, some, RECIPE)


@pytest.mark.parametrize("name", CASES)
def test_figures_are_those_of_the_finished_model_without_dropout(name):
    recipe, data = CASES[name]
    keras.utils.set_random_seed(1)
    model, figures = finishing.finish(networks.build(recipe, (28, 28, 1), 10), data, recipe)
    figures |= finishing.measure(model, data, recipe)
    for part, rows in {"train": data.train_rows, "val": data.val_rows}.items():
        labels = data.labels[rows]
        probabilities = model.predict(data.images[rows], verbose=0)
        loss = -np.log(probabilities[np.arange(len(labels)), labels]).mean()
        accuracy = (probabilities.argmax(axis=1) == labels).mean()
        assert figures[f"{part}_loss"] == pytest.approx(loss, abs=1e-5)
        assert figures[f"{part}_accuracy"] == pytest.approx(accuracy, abs=1e-6)
    assert ("temperature" in figures) == recipe.temperature_scaling
    assert 0.1 <= figures.get("temperature", 1) <= 10
    is_averaged = bool(recipe.flip_averaging or recipe.shift_averaging)
    assert ("average" in [layer.name for layer in model.layers]) == is_averaged
