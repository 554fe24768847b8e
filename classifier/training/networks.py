"""The networks that recipes describe.

Each takes raw pixels, 0 to 255, (n, rows, columns, channels), and gives float32 class
probabilities, (n, classes). With `standardize`, images that differ in brightness or contrast alone
are the same to it. The first layers are the input and its scale, the last one is Dense with
softmax: training and finishing rely on it.
"""

import keras
from keras import layers

from classifier.training.recipes import Regimen


def scaled(pixels: keras.KerasTensor, standardize: float | None) -> keras.KerasTensor:
    """Return pixels as 0 to 1, or those of each image with mean 0 and a standard deviation."""
    x = layers.Rescaling(1 / 255, name="rescale")(pixels)
    if not standardize:
        return x
    axes = list(range(1, len(x.shape)))
    x = layers.LayerNormalization(axes, epsilon=1e-5, center=False, scale=False)(x)
    return layers.Rescaling(standardize, name="standardize")(x)


def dense_network(
    image_shape: tuple,
    class_count: int,
    units: list[int],
    activation: str,
    dropout: float,
    standardize: float | None = None,
) -> keras.Model:
    """Return Dense layers of `units`, with dropout after each but the last of them."""
    inputs = keras.Input(image_shape, name="pixels")
    x = scaled(inputs, standardize)
    x = layers.Flatten(name="flatten")(x)
    for number, width in enumerate(units, start=1):
        x = layers.Dense(width, activation, name=f"dense_{number}")(x)
        if dropout and number < len(units):
            x = layers.Dropout(dropout, name=f"dropout_{number}")(x)
    outputs = layers.Dense(class_count, "softmax", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="dense_network")


def convolutional_network(
    image_shape: tuple,
    class_count: int,
    filters: list[int],
    activation: str,
    standardize: float | None = None,
) -> keras.Model:
    """Return a 3 × 3 convolution to `filters[0]` channels, then two for each further number.

    A max pooling follows the first of these two, before its normalisation: so that works on a
    quarter of the values.
    """

    def convolution(x, count, is_halved=False):
        x = layers.Conv2D(count, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(
            x
        )
        if is_halved:
            x = layers.MaxPooling2D(2, padding="same")(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        return layers.Activation(activation)(x)

    inputs = keras.Input(image_shape, name="pixels")
    x = scaled(inputs, standardize)
    x = convolution(x, filters[0])
    for count in filters[1:]:
        x = convolution(x, count, is_halved=True)
        x = convolution(x, count)
    x = layers.GlobalMaxPooling2D(name="pool")(x)
    outputs = layers.Dense(class_count, "softmax", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="convolutional_network")


def wide_residual_network(
    image_shape: tuple,
    class_count: int,
    depth: int,
    width: int,
    dropout: float,
    standardize: float | None = None,
) -> keras.Model:
    """Return WRN-`depth`-`width` of Zagoruyko and Komodakis, Wide Residual Networks, BMVC 2016."""

    def activated(x):
        return layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))

    def convolution(x, count, size=3, strides=1):
        return layers.Conv2D(
            count, size, strides, "same", use_bias=False, kernel_initializer="he_normal"
        )(x)

    def block(x, count, strides, is_first):
        before = activated(x)
        inner = activated(convolution(before, count, strides=strides))
        if dropout:
            inner = layers.Dropout(dropout)(inner)
        inner = convolution(inner, count)
        shortcut = convolution(before, count, 1, strides) if is_first else x
        return layers.Add()([shortcut, inner])

    inputs = keras.Input(image_shape, name="pixels")
    x = scaled(inputs, standardize)
    x = convolution(x, 16)
    for count, strides in ((16 * width, 1), (32 * width, 2), (64 * width, 2)):
        x = block(x, count, strides, is_first=True)
        for _ in range((depth - 4) // 6 - 1):
            x = block(x, count, strides=1, is_first=False)
    x = layers.GlobalAveragePooling2D(name="pool")(activated(x))
    outputs = layers.Dense(class_count, "softmax", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="wide_residual_network")


NETWORKS = {
    "dense": dense_network,
    "convolutional": convolutional_network,
    "wide_residual": wide_residual_network,
}


def build(recipe, image_shape: tuple, class_count: int) -> keras.Model:
    """Return the network of a `recipes.Recipe`, with fresh weights.

    The knobs that a recipe has beside those of every regimen are its network's arguments.
    """
    own_knobs = type(recipe).model_fields.keys() - Regimen.model_fields.keys() - {"network"}
    return NETWORKS[recipe.network](
        image_shape, class_count, **recipe.model_dump(include=own_knobs)
    )
