"""The networks that recipes describe. Each takes raw pixels and gives class probabilities."""

import keras
from keras import layers


def dense_network(image_shape, class_count: int, units: list[int], activation: str, dropout: float) -> keras.Model:
    """Return Dense layers of `units`, with dropout after each but the last of them.

    Takes pixels 0 to 255, (n, rows, columns); gives float32 probabilities, (n, class_count).
    """
    inputs = keras.Input(image_shape, name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(inputs)
    x = layers.Flatten(name="flatten")(x)
    for number, width in enumerate(units, start=1):
        x = layers.Dense(width, activation, name=f"dense_{number}")(x)
        if dropout and number < len(units):
            x = layers.Dropout(dropout, name=f"dropout_{number}")(x)
    outputs = layers.Dense(class_count, "softmax", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="dense_network")
