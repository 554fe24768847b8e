"""What makes TensorFlow fast computes what Keras computes; little else needs TensorFlow."""

from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from training import CONVOLUTIONAL, RECIPE, WIDE, changed, keras, on_tensorflow

from classifier.training import networks


@on_tensorflow
def test_dropout_is_keras_dropout_on_other_numbers():
    import tensorflow as tf

    from classifier.training.tensorflow_fast import ThreefryDropout

    dropout = ThreefryDropout(0.3, seed=1)
    compiled = tf.function(dropout, jit_compile=True)
    ones = np.ones((400, 500), np.float32)
    first = compiled(ones, training=True).numpy()
    second = compiled(ones, training=True).numpy()
    assert set(np.unique(first)) == {np.float32(0), np.float32(1 / 0.7)}
    assert first.mean() == pytest.approx(1, abs=0.01)  # 6.8 standard errors
    assert (first == 0).mean() == pytest.approx(0.3, abs=0.007)
    both = (first == 0) & (second == 0)
    assert both.mean() == pytest.approx(0.09, abs=0.005)  # independent
    np.testing.assert_array_equal(dropout(ones), ones)


@on_tensorflow
@pytest.mark.parametrize("training", [True, False])
def test_fused_batch_normalization_is_keras_own(training):
    from classifier.training.tensorflow_fast import FusedBatchNormalization

    generator = np.random.default_rng(0)
    images = generator.normal(3, 2, (64, 5, 5, 4)).astype(np.float32)
    weights = [generator.uniform(0.5, 2, 4) for _ in range(4)]
    plain = keras.layers.BatchNormalization(momentum=0.9)
    shared = keras.layers.BatchNormalization(momentum=0.9)
    for layer in (plain, shared):
        layer.build(images.shape)
        layer.set_weights(weights)
    received = FusedBatchNormalization(shared)(images, training=training)
    expected = plain(images, training=training)
    np.testing.assert_allclose(received, expected, atol=1e-4)
    for one, other in zip(shared.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3)


def kinds(model, wanted: set[str]) -> set[str]:
    """Return which of some kinds of layers a model has."""
    return {type(layer).__name__ for layer in model.layers} & wanted


@on_tensorflow
def test_dense_network_has_the_loop_and_the_other_dropout():
    from classifier.training.tensorflow_fast import LoopModel, accelerated

    kind, layers = accelerated(networks.build(RECIPE, (28, 28, 1), 10))
    assert kind is LoopModel
    assert kinds(layers, {"Dropout", "ThreefryDropout"}) == {"ThreefryDropout"}


@on_tensorflow
@pytest.mark.parametrize("recipe", [CONVOLUTIONAL, changed(WIDE, dropout=0.1)])
def test_network_with_convolutions_has_fused_kernels_and_keras_own_fit(recipe):
    from classifier.training.tensorflow_fast import accelerated

    network = networks.build(recipe, (28, 28, 1), 10)
    kind, layers = accelerated(network)
    assert kind is keras.Model
    both = {"BatchNormalization", "FusedBatchNormalization"}
    assert kinds(layers, both) == {"FusedBatchNormalization"}
    assert kinds(network, both) == {"BatchNormalization"}
    assert kinds(layers, {"ThreefryDropout"}) == set()


def test_only_fast_training_and_one_export_import_tensorflow():
    """So that training and evaluation run on another backend of Keras.

    The converter for TensorFlow Lite is TensorFlow's.
    """
    found = []
    for folder in ("classifier", "stages", "tools"):
        for path in (ROOT / folder).rglob("*.py"):
            if "tensorflow as tf" in path.read_text(encoding="utf-8"):
                found.append(path.relative_to(ROOT))
    assert sorted(found) == [
        Path("classifier/exports/tflite_model.py"),
        Path("classifier/training/tensorflow_fast.py"),
        Path("classifier/training/tensorflow_loop.py"),
    ]
