"""The networks that recipes describe. Each takes raw pixels, (n, rows, columns), and gives class probabilities.

Their first layers are the input and its scale, the last one is Dense with softmax: training and finishing rely on it.
"""

import keras
from keras import layers


def build(recipe, image_shape: tuple, class_count: int) -> keras.Model:
    """Return the network of a `params.Recipe`, with fresh weights."""
    match recipe.network:
        case "dense":
            return dense_network(image_shape, class_count, recipe.units, recipe.activation, recipe.dropout)
        case "convolutional":
            return convolutional_network(image_shape, class_count, recipe.filters, recipe.activation)
        case "wide_residual":
            return wide_residual_network(image_shape, class_count, recipe.depth, recipe.width, recipe.dropout)


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


def convolutional_network(image_shape, class_count: int, filters: list[int], activation: str) -> keras.Model:
    """Return a 3 × 3 convolution to `filters[0]` channels, then for each further number two around a max pooling.

    Takes pixels 0 to 255, (n, rows, columns); gives float32 probabilities, (n, class_count).
    """

    def convolution(x, count):
        x = layers.Conv2D(count, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
        return layers.Activation(activation)(layers.BatchNormalization(momentum=0.9)(x))

    inputs = keras.Input(image_shape, name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(inputs)
    x = convolution(layers.Reshape((*image_shape, 1))(x), filters[0])
    for count in filters[1:]:
        x = layers.MaxPooling2D(2, padding="same")(convolution(x, count))
        x = convolution(x, count)
    x = layers.GlobalMaxPooling2D(name="pool")(x)
    outputs = layers.Dense(class_count, "softmax", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="convolutional_network")


def wide_residual_network(image_shape, class_count: int, depth: int, width: int, dropout: float) -> keras.Model:
    """Return WRN-`depth`-`width` of Zagoruyko and Komodakis, Wide Residual Networks, BMVC 2016.

    Takes pixels 0 to 255, (n, rows, columns); gives float32 probabilities, (n, class_count).
    """

    def activated(x):
        return layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))

    def convolution(x, count, size=3, strides=1):
        return layers.Conv2D(count, size, strides, "same", use_bias=False, kernel_initializer="he_normal")(x)

    inputs = keras.Input(image_shape, name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(inputs)
    x = convolution(layers.Reshape((*image_shape, 1))(x), 16)
    for count, strides in ((16 * width, 1), (32 * width, 2), (64 * width, 2)):
        for number in range((depth - 4) // 6):
            before = activated(x)
            inner = activated(convolution(before, count, strides=1 if number else strides))
            inner = convolution(layers.Dropout(dropout)(inner) if dropout else inner, count)
            x = layers.Add()([x if number else convolution(before, count, 1, strides), inner])
    x = layers.GlobalAveragePooling2D(name="pool")(activated(x))
    outputs = layers.Dense(class_count, "softmax", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="wide_residual_network")
