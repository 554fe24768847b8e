"""Finishing: the mean over mirror images, the temperature, the figures; each against another route."""

import math

import numpy as np
import pytest
from conftest import make_images

from stages.backend import load_keras

keras = load_keras()

from stages.train import finishing, networks, saving  # noqa: E402

IMAGES, LABELS = make_images(5, seed=1)


def network():
    keras.utils.set_random_seed(1)
    return networks.dense_network((28, 28), 10, [16, 8], "relu", 0.3)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def test_flip_average_is_the_softmax_of_mean_logits():
    single = network()
    one, other = (np.log(single.predict(images, verbose=0)) for images in (IMAGES, IMAGES[:, :, ::-1]))
    model = finishing.flip_averaged(single)
    np.testing.assert_allclose(model.predict(IMAGES, verbose=0), softmax((one + other) / 2), rtol=1e-4)
    assert model.count_params() == single.count_params()


def test_flip_averaged_model_is_saved_as_plain_keras(tmp_path):
    model = finishing.flip_averaged(network())
    saving.save(model, tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0))


@pytest.mark.parametrize("true_temperature", [0.4, 1.0, 2.5])
def test_temperature_is_found_again(true_temperature):
    """Labels are drawn from the right probabilities; those given are sharper or flatter by a known temperature."""
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(20_000, 4)) * 2
    labels = np.array([generator.choice(4, p=p) for p in softmax(logits)])
    assert finishing.temperature(softmax(logits * true_temperature), labels) == pytest.approx(
        true_temperature, rel=0.05
    )


def test_temperature_of_certain_and_right_predictions_stays_finite():
    assert 0.1 <= finishing.temperature(np.eye(3), np.arange(3)) <= 10


def test_scaled_logits_keep_the_order_of_classes():
    model = network()
    before = model.predict(IMAGES, verbose=0)
    finishing.scale_logits(model, 1 / 2.5)
    after = model.predict(IMAGES, verbose=0)
    np.testing.assert_allclose(after, softmax(np.log(before) / 2.5), rtol=1e-4)
    assert (after.argmax(axis=1) == before.argmax(axis=1)).all()


def test_right_predictions_and_loss_by_hand():
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [1.0, 0.0, 0.0]])
    right, loss = finishing.right_and_loss(probabilities, np.array([0, 1, 2]))
    assert right == 1
    assert loss == pytest.approx(-(math.log(0.5) + math.log(0.2) + math.log(1e-7)))
