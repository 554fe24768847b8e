"""Class weights: those of scikit-learn, in the loss of training alone, as Keras' own."""

import numpy as np
import pytest
from training import CONVOLUTIONAL, STRIPES, changed, column, keras, networks

from classifier.training.batches import Batches, Shares
from classifier.training.class_weights import balanced, weighing_classes
from classifier.training.fit import fit, make_loss, make_optimizer, training_model
from classifier.training.processes import Job
from classifier.training.shuffle import Shuffle

RARE = np.flatnonzero((STRIPES.labels == 0) | (np.arange(250) % 5 == 0))
SKEWED = STRIPES._replace(
    images=STRIPES.images.reshape(250, 28, 28, 1),
    train_rows=RARE,  # all of one class, a fifth of the other
    val_rows=np.arange(0, 250, 3),
)
PLAIN = changed(
    CONVOLUTIONAL,
    optimizer="sgd",  # what Adam divides by can be a rounding error
    weight_decay=None,
    dtype=None,
    flip=False,
    shift=None,
    erasing=None,
    epochs=2,
)


@pytest.mark.extras
def test_balanced_weights_are_those_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn.utils.class_weight")
    labels = SKEWED.labels[SKEWED.train_rows]
    expected = sklearn.compute_class_weight("balanced", classes=np.array([0, 1]), y=labels)
    assert expected[1] > 3 * expected[0]
    np.testing.assert_allclose(balanced(SKEWED.labels, SKEWED.train_rows), expected)


def test_balanced_weights_by_hand_with_a_class_that_has_no_training_image():
    labels = np.array([1, 3, 3, 3, 1, 3, 2], np.uint8)
    weights = balanced(labels, np.arange(6))  # two of class 1, four of class 3
    np.testing.assert_allclose(weights, [0, 6 / (2 * 2), 0, 6 / (2 * 4)])


def test_convolutional_network_trains_as_by_keras_with_class_weight():
    network = networks.build(PLAIN, (28, 28, 1), 2)
    start = network.get_weights()
    ours = fit(network, SKEWED, PLAIN, seed=1).epochs
    weights = network.get_weights()

    network.set_weights(start)
    model = training_model(network, changed(PLAIN, class_weight=None))
    train = SKEWED.batches(SKEWED.train_rows, PLAIN.batch_size)
    model.compile(make_optimizer(PLAIN, len(train)), make_loss(PLAIN), metrics=["accuracy"])
    history = model.fit(
        train,
        validation_data=SKEWED.batches(SKEWED.val_rows, 1000),
        class_weight=dict(enumerate(balanced(SKEWED.labels, SKEWED.train_rows))),
        epochs=PLAIN.epochs,
        shuffle=False,
        callbacks=[Shuffle(train, 1)],
        verbose=0,
    ).history
    names = {"train_loss": "loss", "train_accuracy": "accuracy"}
    for name in ours[0]:
        expected = history[names.get(name, name)]
        assert column(ours, name) == pytest.approx(expected, rel=1e-4)
    for received, expected in zip(weights, network.get_weights(), strict=True):
        np.testing.assert_allclose(received, expected, atol=1e-5)


def test_batches_with_weights_of_several_processes_have_the_same_loss():
    """Of seven images, filled up to eight."""
    class_weights = np.array([0.5, 3.0])
    network = networks.build(PLAIN, (28, 28, 1), 2)
    model = weighing_classes(keras.Model, class_weights)(network.input, network.output)
    model.compile("sgd", make_loss(PLAIN))
    batches = Batches(SKEWED.images, SKEWED.labels, np.arange(7), 7)
    images, labels = batches[0]
    alone = model.compute_loss(images, labels, network(images))
    losses = make_loss(PLAIN)(labels, network(images))
    by_hand = (np.asarray(losses) * class_weights[labels]).mean()
    assert float(alone) == pytest.approx(by_hand, rel=1e-5)

    parts = [Shares(Job(index, 2, 4), batches)[0] for index in range(2)]
    images, labels, weights = map(np.concatenate, zip(*parts, strict=True))
    shared = model.compute_loss(images, labels, network(images), weights)
    assert float(shared) == pytest.approx(by_hand, rel=1e-5)
    unweighted = model.compute_loss(images, labels, network(images), weights, training=False)
    assert float(unweighted) == pytest.approx(np.asarray(losses).mean(), rel=1e-5)
