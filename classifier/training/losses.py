"""The loss and the accuracy of labels that are integers, or a teacher's probabilities."""

import keras


def as_probabilities(labels, class_count: int):
    """Return labels, integers (n,) or probabilities (n, classes), as float32 (n, classes)."""
    if len(labels.shape) == 1:
        return keras.ops.one_hot(keras.ops.cast(labels, "int32"), class_count)
    return keras.ops.cast(labels, "float32")


def crossentropy(labels, probabilities, label_smoothing: float = 0.0):
    """Return the cross-entropy (n,) of labels with probabilities (n, classes).

    Keras' own, in operations that XLA fuses better. `label_smoothing` is the share of each label
    that is spread over all classes.
    """
    targets = as_probabilities(labels, probabilities.shape[-1])
    return keras.losses.categorical_crossentropy(
        targets, probabilities, label_smoothing=label_smoothing
    )


def accuracy(labels, probabilities):
    """Return 1 where the most probable class is the label's most probable one, or else 0, (n,)."""
    targets = as_probabilities(labels, probabilities.shape[-1])
    return keras.metrics.categorical_accuracy(targets, probabilities)
