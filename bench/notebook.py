"""The notebook that this project replaces, as one script: `python -m bench.notebook BATCH_SIZE SEED`.

Keras with its defaults, on arrays of floats, with the published network and regimen and the pipeline's own split.

Reads   data/raw, data/split, params.yaml
"""

import sys

import keras
import numpy as np

from stages import params
from stages.idx import read_idx
from stages.preprocess import RAW

recipe = params.read().recipe
batch_size, seed = map(int, sys.argv[1:])
keras.utils.set_random_seed(seed)

x = np.array(read_idx(RAW / "train-images-idx3-ubyte", 3)) / 255.0
y = np.array(read_idx(RAW / "train-labels-idx1-ubyte", 1))
x_test = np.array(read_idx(RAW / "t10k-images-idx3-ubyte", 3)) / 255.0
y_test = np.array(read_idx(RAW / "t10k-labels-idx1-ubyte", 1))
train, val = (np.load(f"data/split/{name}_indices.npy") for name in ("train", "val"))

first, second, third = recipe.units
model = keras.Sequential(
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
model.compile(keras.optimizers.Adam(recipe.learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
stopping = keras.callbacks.EarlyStopping("val_loss", patience=recipe.patience, restore_best_weights=True)
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
