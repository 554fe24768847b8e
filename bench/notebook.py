"""The notebook that this project replaces, as a script: `python -m bench.notebook BATCH_SIZE SEED`.

Keras with its defaults, on arrays of floats, with the published network and regimen and the
pipeline's own split.

Reads   data/raw/{train,t10k}-{images-idx3,labels-idx1}-ubyte
        data/split/train_indices.npy, val_indices.npy, params.yaml
"""

import sys

import keras
import numpy as np

from classifier import parameters
from classifier.images.idx import read_images, read_labels
from stages.preprocess import RAW
from stages.split import TRAIN_ROWS, VAL_ROWS


def read(name: str):
    """Return images, float64 (n, 28, 28) from 0 to 1, and labels, uint8 (n,)."""
    images = read_images(RAW / f"{name}-images-idx3-ubyte")[..., 0]
    labels = read_labels(RAW / f"{name}-labels-idx1-ubyte")
    return np.array(images) / 255.0, np.array(labels)


def build(recipe) -> keras.Model:
    first, second, third = recipe.units
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(first, activation="relu"),
            keras.layers.Dropout(recipe.dropout),
            keras.layers.Dense(second, activation="relu"),
            keras.layers.Dropout(recipe.dropout),
            keras.layers.Dense(third, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def main(batch_size: int, seed: int):
    recipe = parameters.read().recipe
    keras.utils.set_random_seed(seed)
    x, y = read("train")
    x_test, y_test = read("t10k")
    train = np.load(TRAIN_ROWS)
    val = np.load(VAL_ROWS)

    model = build(recipe)
    optimizer = keras.optimizers.Adam(recipe.learning_rate)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    stopping = keras.callbacks.EarlyStopping(
        "val_loss", patience=recipe.patience, restore_best_weights=True
    )
    history = model.fit(
        x[train],
        y[train],
        batch_size=batch_size,
        epochs=recipe.epochs,
        validation_data=(x[val], y[val]),
        callbacks=[stopping],
        verbose=2,
    )
    _, val_accuracy = model.evaluate(x[val], y[val], verbose=0)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"epochs {len(history.epoch)} val_accuracy {val_accuracy:.4f} accuracy {accuracy:.4f}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m bench.notebook BATCH_SIZE SEED")
    main(int(sys.argv[1]), int(sys.argv[2]))
