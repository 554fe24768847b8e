"""Matching features: a pupil learns what its teacher's last layer takes, beside probabilities.

As hints of Romero et al., FitNets: Hints for thin deep nets, ICLR 2015. Ten probabilities say
little where a teacher is certain; its features differ from image to image.
"""

import keras


def with_features(network: keras.Model) -> keras.Model:
    """Return a model that gives probabilities, and beside them the features of its last layer.

    They are what that layer takes: its output is (n, classes + features).
    """
    both = [network.output, network.layers[-2].output]
    return keras.Model(network.input, keras.layers.Concatenate(name="with_features")(both))


def matching_features(kind: type[keras.Model], class_count: int, weight: float):
    """Return a kind of model, for `with_features`, whose loss in training counts features too.

    That is `weight` times the mean square of how far they are from the lesson's. All else is of the
    probabilities alone.
    """

    class MatchingFeatures(kind):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            pair = self._without_features(y, y_pred)
            loss = super().compute_loss(x, *pair, sample_weight, training)
            if not training:
                return loss
            differences = y[:, class_count:] - y_pred[:, class_count:]
            distance = keras.ops.mean(keras.ops.square(differences), axis=1)
            if sample_weight is not None:
                distance = distance * sample_weight
            return loss + weight * keras.ops.mean(distance)

        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            return super().compute_metrics(x, *self._without_features(y, y_pred), sample_weight)

        def _without_features(self, y, y_pred):
            """Return both as others expect them; `y` may be labels, which have no features."""
            return y if len(y.shape) == 1 else y[:, :class_count], y_pred[:, :class_count]

    return MatchingFeatures
