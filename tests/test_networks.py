"""Networks: the published layers and counts of parameters, and pixels that are scaled inside."""

import numpy as np
import pytest
from training import CONVOLUTIONAL, IMAGES, RECIPE, WIDE, changed

from classifier.training import networks
from classifier.training.recipes import RECIPES


def test_baseline_has_567434_parameters_and_the_published_layers():
    network = networks.dense_network((28, 28, 1), 10, [512, 256, 128], "relu", 0.3)
    assert network.count_params() == 567_434
    layers = []
    for layer in network.layers:
        size = getattr(layer, "units", getattr(layer, "rate", None))
        layers.append((type(layer).__name__, size))
    assert layers == [
        ("InputLayer", None),
        ("Rescaling", None),
        ("Flatten", None),
        ("Dense", 512),
        ("Dropout", 0.3),
        ("Dense", 256),
        ("Dropout", 0.3),
        ("Dense", 128),
        ("Dense", 10),
    ]


def test_wide_residual_network_28_10_has_the_published_number_of_parameters():
    network = networks.wide_residual_network((28, 28, 1), 10, depth=28, width=10, dropout=0.0)
    assert network.count_params() == pytest.approx(36.5e6, rel=0.002)


def test_convolutional_network_has_as_many_parameters_as_a_count_by_hand():
    network = networks.convolutional_network((28, 28, 1), 10, [4, 8], "relu")
    convolutions = 9 * (1 * 4 + 4 * 8 + 8 * 8)
    normalisations = 4 * (4 + 8 + 8)
    assert network.count_params() == convolutions + normalisations + 8 * 10 + 10


def test_network_scales_raw_pixels_itself():
    network = networks.dense_network((28, 28, 1), 10, [8], "relu", 0.0)
    images = IMAGES[:4]
    hidden_layer, last_layer = [layer for layer in network.layers if layer.get_weights()]
    kernel, bias = hidden_layer.get_weights()
    hidden = np.maximum(images.reshape(4, 784) / 255 @ kernel + bias, 0)
    kernel, bias = last_layer.get_weights()
    powers = np.exp(hidden @ kernel + bias)
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(network.predict(images, verbose=0), expected, rtol=1e-4)


@pytest.mark.parametrize("recipe", [RECIPE, CONVOLUTIONAL, WIDE], ids=RECIPES)
def test_each_recipe_has_its_network_between_pixels_and_probabilities(recipe):
    network = networks.build(recipe, (20, 12, 3), 3)
    assert network.name == f"{recipe.network}_network"
    assert network.input_shape == (None, 20, 12, 3)
    assert network.output_shape == (None, 3)
    names = [layer.name for layer in network.layers]
    assert (names[:2], names[-1]) == (["pixels", "rescale"], "probabilities")


def test_each_kind_of_recipe_has_a_network():
    assert networks.NETWORKS.keys() == RECIPES.keys()


@pytest.mark.parametrize("recipe", [RECIPE, CONVOLUTIONAL, WIDE], ids=RECIPES)
def test_standardized_images_that_differ_in_brightness_or_contrast_are_the_same(recipe):
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype(np.float32)
    network = networks.build(changed(recipe, standardize=0.4), images.shape[1:], 3)
    assert network.count_params() == networks.build(recipe, images.shape[1:], 3).count_params()
    expected = network.predict(images, verbose=0)
    assert np.ptp(expected, axis=0).max() > 0.01
    changed_images = 0.5 * images + 20
    np.testing.assert_allclose(network.predict(changed_images, verbose=0), expected, atol=2e-3)
