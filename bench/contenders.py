"""Five ways to train the same dense network, each served by a process of its own.

    python -m bench.contenders NAME BATCH_SIZE [IMAGES]

answers lines of standard input: `epoch` trains for one epoch and answers with its seconds,
`accuracy` with the accuracy on the validation images so far, `memory` with the peak memory in
bytes. With IMAGES, the training images are that many, repeated as it takes.

Reads   data/processed/train_images.npy, train_labels.npy, data/split/{train,val}_indices.npy
        params.yaml: the recipe that train.model names
"""

import itertools
import math
import resource
import sys
import time

import numpy as np

from classifier import parameters
from classifier.training.data import Data
from stages.train import read_data

MANY_EPOCHS = 1_000  # more than are ever asked for
SEED = 1


class KerasFit:
    label = "Keras `fit` with its defaults, on arrays of floats: the notebook's way."
    learns = True

    def __init__(self, data: Data, recipe, class_count: int):
        import keras

        keras.utils.set_random_seed(SEED)
        self.recipe = recipe
        self.train_images, self.train_labels = as_floats(data, data.train_rows)
        self.val_images, self.val_labels = as_floats(data, data.val_rows)
        hidden = []
        for number, width in enumerate(recipe.units, start=1):
            hidden.append(keras.layers.Dense(width, recipe.activation))
            if number < len(recipe.units):
                hidden.append(keras.layers.Dropout(recipe.dropout))
        inputs = keras.Input(data.images.shape[1:])
        output = keras.layers.Dense(class_count, "softmax")
        self.model = keras.Sequential([inputs, keras.layers.Flatten(), *hidden, output])
        optimizer = keras.optimizers.Adam(recipe.learning_rate)
        self.model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])

    def run(self, next_epoch):
        import keras

        next_epoch()
        self.model.fit(
            self.train_images,
            self.train_labels,
            batch_size=self.recipe.batch_size,
            epochs=MANY_EPOCHS,
            callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: next_epoch())],
            verbose=0,
        )

    def accuracy(self):
        _, accuracy = self.model.evaluate(
            self.val_images, self.val_labels, batch_size=1000, verbose=0
        )
        return accuracy


class Pipeline:
    label = "This project: its train stage's path."
    learns = True

    def __init__(self, data: Data, recipe, class_count: int):
        from classifier.backend.starting import load_keras

        keras = load_keras()
        from classifier.training.networks import build

        keras.utils.set_random_seed(SEED)
        self.data = data
        self.recipe = recipe.model_copy(update={"epochs": MANY_EPOCHS, "patience": None})
        self.network = build(self.recipe, data.images.shape[1:], class_count)

    def run(self, next_epoch):
        from classifier.training.fit import fit

        # The others train without validation. `fit` always validates: on one image, so that this
        # takes next to nothing.
        data = self.data._replace(val_rows=self.data.val_rows[:1])
        next_epoch()
        fit(self.network, data, self.recipe, SEED, on_epoch=lambda *_: next_epoch())

    def accuracy(self):
        from classifier.training.finish import measure

        # `measure` gives figures of training images too: of one, as above.
        data = self.data._replace(train_rows=self.data.train_rows[:1])
        return measure(self.network, data, self.recipe)["val_accuracy"]


class Steps:
    """What the contenders without `fit` share: epochs one at a time."""

    def run(self, next_epoch):
        while True:
            next_epoch()
            self.epoch()


class Torch(Steps):
    label = (
        "PyTorch by hand: resident data, one permutation an epoch, fused Adam; "
        "mean loss and accuracy as `fit` gives."
    )
    learns = True

    def __init__(self, data: Data, recipe, class_count: int):
        import torch

        torch.manual_seed(SEED)
        self.torch = torch
        self.batch_size = recipe.batch_size
        self.images, self.labels = self.tensors(data, data.train_rows)
        self.val_images, self.val_labels = self.tensors(data, data.val_rows)
        layers = []
        sizes = layer_sizes(data, recipe, class_count)
        for number, (inputs, outputs) in enumerate(itertools.pairwise(sizes), start=1):
            layers.append(torch.nn.Linear(inputs, outputs))
            torch.nn.init.xavier_uniform_(layers[-1].weight)
            torch.nn.init.zeros_(layers[-1].bias)
            if number <= len(recipe.units):
                layers.append(torch.nn.ReLU())
            if number < len(recipe.units):
                layers.append(torch.nn.Dropout(recipe.dropout))
        self.model = torch.nn.Sequential(*layers)
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), recipe.learning_rate, eps=1e-7, fused=True
        )

    def tensors(self, data: Data, rows: np.ndarray):
        images, labels = as_floats(data, rows)
        images = self.torch.from_numpy(images).flatten(1)
        return images, self.torch.from_numpy(labels.astype(np.int64))

    def epoch(self):
        self.model.train()
        total = self.torch.zeros(())
        correct = self.torch.zeros((), dtype=self.torch.int64)
        for rows in self.torch.randperm(len(self.labels)).split(self.batch_size):
            self.optimizer.zero_grad(set_to_none=True)
            labels = self.labels[rows]
            scores = self.model(self.images[rows])
            loss = self.torch.nn.functional.cross_entropy(scores, labels)
            loss.backward()
            self.optimizer.step()
            with self.torch.no_grad():
                total += loss * len(rows)
                correct += (scores.argmax(1) == labels).sum()
        return total.item() / len(self.labels), correct.item() / len(self.labels)

    def accuracy(self):
        self.model.eval()
        with self.torch.no_grad():
            predicted = self.model(self.val_images).argmax(1)
            return (predicted == self.val_labels).float().mean().item()


class Jax(Steps):
    label = (
        "JAX by hand: `lax.scan` over the whole epoch in one compiled call; "
        "mean loss and accuracy as `fit` gives."
    )
    learns = True

    def __init__(self, data: Data, recipe, class_count: int):
        import jax

        self.jax = jax
        self.recipe = recipe
        self.images, self.labels = self.arrays(data, data.train_rows)
        self.val_images, self.val_labels = self.arrays(data, data.val_rows)
        weights = self.fresh_weights(layer_sizes(data, recipe, class_count))
        means = jax.tree.map(jax.numpy.zeros_like, weights)
        squares = jax.tree.map(jax.numpy.zeros_like, weights)
        self.state = (weights, means, squares, jax.numpy.zeros(()), jax.random.key(SEED + 1))
        self.keys = iter(jax.random.split(jax.random.key(SEED + 2), MANY_EPOCHS))
        self.compiled = jax.jit(self.scan, donate_argnums=0)

    def arrays(self, data: Data, rows: np.ndarray):
        images, labels = in_memory(data, rows)
        images = self.jax.numpy.asarray(images.reshape(len(images), -1))
        return images, self.jax.numpy.asarray(labels.astype(np.int32))

    def fresh_weights(self, sizes: list[int]) -> list[tuple]:
        pairs = list(itertools.pairwise(sizes))
        keys = self.jax.random.split(self.jax.random.key(SEED), len(pairs))
        initializer = self.jax.nn.initializers.glorot_uniform()
        weights = []
        for key, (inputs, outputs) in zip(keys, pairs, strict=True):
            weights.append((initializer(key, (inputs, outputs)), self.jax.numpy.zeros(outputs)))
        return weights

    def logits(self, weights, x, key=None):
        x = x.astype(np.float32) / 255
        for number, (kernel, bias) in enumerate(weights, start=1):
            x = x @ kernel + bias
            if number < len(weights):
                x = self.jax.nn.relu(x)
            if number < len(self.recipe.units) and key is not None:
                x = self.dropout(x, self.jax.random.fold_in(key, number))
        return x

    def dropout(self, x, key):
        keep = self.jax.random.bernoulli(key, 1 - self.recipe.dropout, x.shape)
        return self.jax.numpy.where(keep, x / (1 - self.recipe.dropout), 0)

    def loss(self, weights, rows, key):
        scores = self.jax.nn.log_softmax(self.logits(weights, self.images[rows], key))
        labels = self.labels[rows]
        mean = -self.jax.numpy.take_along_axis(scores, labels[:, None], axis=1).mean()
        return mean, (mean, (scores.argmax(1) == labels).mean())

    def step(self, state, rows):
        """One step of Adam."""
        weights, means, squares, count, key = state
        key, dropout_key = self.jax.random.split(key)
        gradients, figures = self.jax.grad(self.loss, has_aux=True)(weights, rows, dropout_key)
        count = count + 1
        correction = self.jax.numpy.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        rate = self.recipe.learning_rate * correction

        def updated(weight, mean, square):
            return weight - rate * mean / (self.jax.numpy.sqrt(square) + 1e-7)

        tree_map = self.jax.tree.map
        means = tree_map(lambda mean, g: 0.9 * mean + 0.1 * g, means, gradients)
        squares = tree_map(lambda square, g: 0.999 * square + 0.001 * g * g, squares, gradients)
        weights = tree_map(updated, weights, means, squares)
        return (weights, means, squares, count, key), figures

    def scan(self, state, key):
        """All steps of an epoch, but for a short last batch, which `scan` cannot take."""
        size = self.recipe.batch_size
        steps = len(self.labels) // size
        order = self.jax.random.permutation(key, len(self.labels))[: steps * size]
        state, figures = self.jax.lax.scan(self.step, state, order.reshape(steps, size))
        return state, self.jax.tree.map(self.jax.numpy.mean, figures)

    def epoch(self):
        state, figures = self.compiled(self.state, next(self.keys))
        self.state, figures = self.jax.block_until_ready((state, figures))
        return figures

    def accuracy(self):
        weights, *_ = self.state
        predicted = self.logits(weights, self.val_images).argmax(1)
        return float((predicted == self.val_labels).mean())


class Floor(Steps):
    label = (
        "The matrix products of an epoch alone, in float32 by TensorFlow, in one compiled call: "
        "nothing is learned."
    )
    learns = False

    def __init__(self, data: Data, recipe, class_count: int):
        import tensorflow as tf

        steps = -(-len(data.train_rows) // recipe.batch_size)
        products = []
        for inputs, outputs in itertools.pairwise(layer_sizes(data, recipe, class_count)):
            x = tf.random.normal((recipe.batch_size, inputs))
            y = tf.random.normal((recipe.batch_size, outputs))
            kernel = tf.random.normal((inputs, outputs))
            products.append((x, y, kernel))

        @tf.function
        def epoch():
            total = tf.constant(0.0)
            for _ in tf.range(steps):
                for number, (x, y, kernel) in enumerate(products):
                    x = x + total * 0.0  # depends on the step before: not moved out of the loop
                    total += tf.matmul(x, kernel)[0, 0] + tf.matmul(x, y, transpose_a=True)[0, 0]
                    if number:  # the gradient of the pixels is not needed
                        total += tf.matmul(y + total * 0.0, kernel, transpose_b=True)[0, 0]
                total *= 0.0
            return total

        self.compiled = epoch

    def epoch(self):
        self.compiled().numpy()

    def accuracy(self):
        return float("nan")


CONTENDERS = {
    "keras_fit": KerasFit,
    "pytorch": Torch,
    "jax": Jax,
    "pipeline": Pipeline,
    "floor": Floor,
}


def in_memory(data: Data, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return images, uint8 (n, rows, columns), and labels, uint8 (n,)."""
    return np.asarray(data.images[rows]), np.asarray(data.labels[rows])


def as_floats(data: Data, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return images, float32 (n, rows, columns) from 0 to 1, and labels, uint8 (n,)."""
    images, labels = in_memory(data, rows)
    return images / np.float32(255), labels


def layer_sizes(data: Data, recipe, class_count: int) -> list[int]:
    """Return the widths of all layers, from the pixels to the classes."""
    return [math.prod(data.images.shape[1:]), *recipe.units, class_count]


def resized(data: Data, count: int) -> Data:
    """Return data in memory with so many training images, repeated as it takes."""
    rows = np.concatenate([np.resize(data.train_rows, count), data.val_rows])
    images, labels = in_memory(data, rows)
    return Data(images, labels, np.arange(count), np.arange(count, len(rows)))


class Requests:
    """Requests on standard input, answered on standard output.

    Args:
        answers: functions without arguments, by the request that each of them answers.
    """

    def __init__(self, answers: dict):
        self.answers = answers
        self.start = None  # of the epoch that is running

    def next_epoch(self) -> None:
        """Answer with the seconds since the last return, if any; return at the next `epoch`."""
        if self.start is not None:
            print(time.perf_counter() - self.start, flush=True)
        for line in iter(sys.stdin.readline, ""):
            request = line.strip()
            if request == "epoch":
                self.start = time.perf_counter()
                return
            print(self.answers[request](), flush=True)
        sys.exit()


def peak_memory() -> int:
    """Return the peak memory of this process, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # Linux counts in KiB


def main():
    name, batch_size, *count = sys.argv[1:]
    params = parameters.read()
    data = read_data()
    if count:
        data = resized(data, int(count[0]))
    recipe = params.recipe.model_copy(update={"batch_size": int(batch_size)})
    contender = CONTENDERS[name](data, recipe, data.class_count)
    requests = Requests({"accuracy": contender.accuracy, "memory": peak_memory})
    contender.run(requests.next_epoch)


if __name__ == "__main__":
    main()
