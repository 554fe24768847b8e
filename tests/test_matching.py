"""Matching features: the loss of training counts them, and no other figure does."""

import numpy as np
import pytest
from training import (
    DATA,
    IMAGES,
    LABELS,
    PUPIL,
    TAUGHT,
    TEACHER,
    WIDE,
    changed,
    keras,
    networks,
    trained,
)

from classifier.training.fit import make_loss, make_optimizer, training_model
from classifier.training.losses import accuracy
from classifier.training.matching import with_features
from classifier.training.recipes import RECIPES

RECIPE = changed(PUPIL, label_smoothing=None, class_weight=None, dropout=0.0)
ONE_VIEW = changed(RECIPE, flip_averaging=False, shift_averaging=None)
LESSONS = TAUGHT.taught[:20, 0].astype(np.float32)


def compiled(recipe):
    """Return a fresh network and its model that trains."""
    keras.utils.set_random_seed(1)
    network = networks.build(recipe, (28, 28, 1), 10)
    model = training_model(network, recipe)
    model.compile(make_optimizer(recipe, 5), make_loss(recipe), weighted_metrics=[accuracy])
    return network, model


def test_features_stand_beside_the_probabilities_and_give_them():
    network, _ = compiled(RECIPE)
    both = with_features(network).predict(IMAGES[:20], verbose=0)
    expected = network.predict(IMAGES[:20], verbose=0)
    np.testing.assert_allclose(both[:, :10], expected, atol=1e-6)
    np.testing.assert_allclose(network.layers[-1](both[:, 10:]), expected, atol=1e-6)


@pytest.mark.parametrize("weights", [None, np.linspace(0, 2, 20, dtype=np.float32)])
def test_loss_of_training_is_crossentropy_and_weighted_distance_by_hand(weights):
    _, model = compiled(changed(RECIPE, feature_matching=3.0))
    outputs = model.predict(IMAGES[:20], verbose=0)
    crossentropy = -(LESSONS[:, :10] * np.log(outputs[:, :10])).sum(axis=1)
    distance = ((LESSONS[:, 10:] - outputs[:, 10:]) ** 2).mean(axis=1)
    expected = np.mean((crossentropy + 3 * distance) * (1 if weights is None else weights))
    received = model.compute_loss(None, LESSONS, outputs, weights, training=True)
    assert float(received) == pytest.approx(expected, rel=1e-3)  # lessons are sums of float16


def test_validation_is_of_the_labels_alone():
    network, model = compiled(RECIPE)
    loss, right = model.evaluate(DATA.measured(DATA.val_rows), verbose=0)
    probabilities = network.predict(IMAGES[DATA.val_rows], verbose=0)
    labels = LABELS[DATA.val_rows]
    expected = -np.log(probabilities[np.arange(len(labels)), labels]).mean()
    assert loss == pytest.approx(expected, rel=1e-4)
    assert right == pytest.approx((probabilities.argmax(axis=1) == labels).mean())


def test_pupil_comes_near_the_features_only_where_it_matches_them():
    def distance(weight):
        recipe = changed(ONE_VIEW, feature_matching=weight, epochs=15)
        model = trained(recipe, TAUGHT).model
        features = with_features(model).predict(IMAGES, verbose=0)[:, 10:]
        return np.mean((TAUGHT.taught[:, 0, 10:] - features) ** 2)

    assert distance(10.0) < 0.25 * distance(None)


@pytest.mark.parametrize("recipe", [RECIPE, TEACHER, WIDE], ids=RECIPES)
def test_recipe_knows_how_many_features_its_network_has(recipe):
    network = networks.build(recipe, (28, 28, 1), 10)
    assert with_features(network).output_shape == (None, 10 + recipe.feature_count)
