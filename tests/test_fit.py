"""Fitting: what can be learned is learned, as a recipe says, and the same way each time."""

import numpy as np
import pytest
from training import (
    CASES,
    CONVOLUTIONAL,
    IMAGES,
    LABELS,
    RECIPE,
    TAUGHT,
    TEACHER,
    WIDE,
    changed,
    keras,
    trained,
    trained_once,
)

from classifier.backend.model_files import trained_network
from classifier.errors import Diverged
from classifier.training import networks
from classifier.training.augment import Augment
from classifier.training.fit import (
    computing_in,
    make_loss,
    make_optimizer,
    training_model,
)


def test_dense_network_learns_what_can_be_learned():
    assert trained_once("dense").metrics["val_accuracy"] > 0.9


@pytest.mark.long
def test_other_backends_train_with_plain_keras(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "another")
    assert trained(changed(RECIPE, units=[16])).metrics["val_accuracy"] > 0.9


@pytest.mark.long
def test_convolutional_network_learns_what_can_be_learned():
    assert trained_once("convolutional").metrics["val_accuracy"] > 0.9


@pytest.mark.long
def test_model_that_has_trained_in_bfloat16_computes_in_float32():
    model = trained_once("convolutional").model
    layers = [*model.layers, *trained_network(model).layers]
    assert {layer.compute_dtype for layer in layers} == {"float32"}


@pytest.mark.slow
def test_wide_residual_network_trains_two_steps():
    recipe = changed(WIDE, epochs=1, warmup_epochs=None)
    model, metrics, _ = trained(recipe)
    assert np.isfinite(metrics["val_loss"])
    assert model.output_shape == (None, 10)


def test_diverging_training_is_an_error():
    expected = "training diverged in epoch 1: expected finite losses, received train_loss nan"
    with pytest.raises(Diverged, match=f"{expected} .*; a lower learning_rate is the usual cure"):
        trained(changed(RECIPE, units=[16], optimizer="sgd", learning_rate=1e30))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["everything", "convolutional", "pupil"])
def test_equal_training_saves_equal_bytes(name, tmp_path):
    again = trained(*CASES[name])
    assert again.metrics == trained_once(name).metrics
    assert again.saved(tmp_path) == trained_once(name).saved(tmp_path)


def test_cosine_schedule_rises_over_the_warmup_and_ends_at_zero():
    optimizer = make_optimizer(CONVOLUTIONAL, steps_per_epoch=10)
    rates = [float(optimizer._learning_rate(step)) for step in range(31)]
    assert rates[0] == 0
    assert rates[5] == pytest.approx(0.005)
    assert max(rates) == rates[10] == pytest.approx(0.01)
    assert rates[20] == pytest.approx(0.005)  # half of the way down
    assert rates[30] == pytest.approx(0, abs=1e-9)


def test_cosine_schedule_without_warmup_starts_at_the_top():
    recipe = changed(CONVOLUTIONAL, warmup_epochs=None)
    schedule = make_optimizer(recipe, steps_per_epoch=10)._learning_rate
    rates = [float(schedule(step)) for step in (0, 15, 30)]
    assert rates == pytest.approx([0.01, 0.005, 0], abs=1e-9)


def test_optimizer_has_the_knobs_of_its_recipe():
    assert make_optimizer(CONVOLUTIONAL, 10).weight_decay == 0.01
    recipe = changed(RECIPE, optimizer="sgd", momentum=0.9, nesterov=True)
    recipe = type(recipe)(**recipe.model_dump(exclude_unset=True))
    optimizer = make_optimizer(recipe, 10)
    assert isinstance(optimizer, keras.optimizers.SGD)
    assert (optimizer.momentum, optimizer.nesterov) == (0.9, True)
    assert float(optimizer.learning_rate) == pytest.approx(0.003)
    assert make_optimizer(RECIPE, 10).weight_decay is None


def test_loss_smooths_labels_only_where_the_recipe_asks_for_it():
    probabilities = keras.ops.array([[0.2, 0.7, 0.1]])
    expected = -(0.1 * np.log(0.2) + 0.8 * np.log(0.7) + 0.1 * np.log(0.1))
    loss = make_loss(changed(RECIPE, label_smoothing=0.3))(np.array([1]), probabilities)
    assert float(loss[0]) == pytest.approx(expected, rel=1e-5)
    loss = make_loss(RECIPE)(np.array([1]), probabilities)
    assert float(loss[0]) == pytest.approx(-np.log(0.7), rel=1e-5)


def test_pupil_learns_from_its_teacher_not_from_the_labels():
    """The labels are all wrong; the teacher is right."""
    wrong = TAUGHT._replace(labels=(LABELS + 1) % 10, taught=TAUGHT.taught[:, :9])
    teacher = changed(TEACHER, flip=False)
    recipe = changed(RECIPE, teacher=teacher, shift=1, epochs=40, patience=None)
    model = trained(recipe, wrong).model
    predicted = model.predict(IMAGES[wrong.val_rows], verbose=0).argmax(axis=1)
    assert (predicted == LABELS[wrong.val_rows]).mean() > 0.9


def test_training_images_are_augmented_only_where_the_recipe_asks_for_it():
    network = networks.build(RECIPE, (28, 28, 1), 10)
    changes = {"flip": True, "shift": 2, "erasing": 0.3}
    for name, value in changes.items():
        model = training_model(network, changed(RECIPE, **{name: value}))
        (augment,) = [layer for layer in model.layers if isinstance(layer, Augment)]
        received = {each: getattr(augment, each) for each in changes}
        assert received == {"flip": False, "shift": 0, "erasing": 0.0} | {name: value}
    plain = training_model(network, RECIPE)
    assert not any(isinstance(layer, Augment) for layer in plain.layers)


def test_layers_compute_in_another_dtype_and_then_as_before_even_after_an_error():
    layers = networks.build(RECIPE, (28, 28, 1), 10).layers[2:-1]

    def fail_inside():
        with computing_in("mixed_bfloat16", layers):
            assert {layer.compute_dtype for layer in layers} == {"bfloat16"}
            assert {layer.variable_dtype for layer in layers} == {"float32"}
            raise KeyError

    with pytest.raises(KeyError):
        fail_inside()
    assert {layer.compute_dtype for layer in layers} == {"float32"}
