"""Five ways to train the baseline network, each served by a process of its own.

`python -m bench.contenders NAME BATCH_SIZE [COUNT]` answers lines of standard input: `epoch` trains for one epoch and
answers with its seconds, `accuracy` with the accuracy on the validation images so far, `memory` with the peak memory in
bytes. With COUNT, the training images are that many, repeated as it takes.

Reads   data/processed/train_images.npy, train_labels.npy, data/split/{train,val}_indices.npy, params.yaml
"""

import itertools
import resource
import sys
import time

import numpy as np

from stages import params
from stages.train.__main__ import read_data

RECIPE = params.read().recipe
CLASS_COUNT = 10
IMAGES, VALIDATION_IMAGES = 54_000, 6_000


class KerasFit:
    """Keras `fit` with its defaults, on arrays of floats: the notebook's way."""

    def __init__(self, train, val, batch_size: int):
        import keras

        keras.utils.set_random_seed(1)
        train, self.val = ((images / np.float32(255), labels) for images, labels in (train, val))
        hidden = []
        for number, width in enumerate(RECIPE.units, start=1):
            hidden.append(keras.layers.Dense(width, RECIPE.activation))
            if number < len(RECIPE.units):
                hidden.append(keras.layers.Dropout(RECIPE.dropout))
        output = keras.layers.Dense(CLASS_COUNT, "softmax")
        self.model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), *hidden, output])
        optimizer = keras.optimizers.Adam(RECIPE.learning_rate)
        self.model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        self.fit = lambda **options: self.model.fit(*train, batch_size=batch_size, **options)

    def run(self, next_epoch, done):
        import keras

        class OnRequest(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                next_epoch()

            def on_epoch_end(self, epoch, logs=None):
                done()

        self.fit(epochs=1000, callbacks=[OnRequest()], verbose=0)

    def accuracy(self):
        return self.model.evaluate(*self.val, batch_size=1000, verbose=0)[1]


class Pipeline(KerasFit):
    """This project: its train stage's path."""

    def __init__(self, train, val, batch_size: int):
        from stages.backend import load_keras

        keras = load_keras()
        from stages.train import fitting, networks
        from stages.train.batches import Batches, Shuffle

        keras.utils.set_random_seed(1)
        self.model = fitting.trainer(networks.build(RECIPE, (28, 28), CLASS_COUNT), RECIPE)
        optimizer = keras.optimizers.Adam(RECIPE.learning_rate)
        self.model.compile(optimizer, fitting.crossentropy, metrics=["accuracy"])
        batches = Batches(*train, np.arange(len(train[1])), batch_size)
        self.val = [Batches(*val, np.arange(len(val[1])), 1000)]

        def fit(callbacks, **options):
            self.model.fit(batches, shuffle=False, callbacks=[*callbacks, Shuffle(batches, seed=1)], **options)

        self.fit = fit

    def accuracy(self):
        return self.model.evaluate(*self.val, verbose=0)[1]


class Steps:
    """What the contenders without `fit` share: epochs one at a time."""

    def run(self, next_epoch, done):
        while True:
            next_epoch()
            self.epoch()
            done()


class Torch(Steps):
    """PyTorch by hand: resident data, one permutation an epoch, fused Adam; mean loss and accuracy as `fit` gives."""

    def __init__(self, train, val, batch_size: int):
        import torch

        torch.manual_seed(1)
        self.torch, self.batch_size = torch, batch_size
        self.images, self.val_images = (torch.from_numpy(rows[0] / np.float32(255)).flatten(1) for rows in (train, val))
        self.labels, self.val_labels = (torch.from_numpy(rows[1].astype(np.int64)) for rows in (train, val))
        sizes = [self.images.shape[1], *RECIPE.units, CLASS_COUNT]
        layers = []
        for number, (inputs, outputs) in enumerate(itertools.pairwise(sizes), start=1):
            layers.append(torch.nn.Linear(inputs, outputs))
            torch.nn.init.xavier_uniform_(layers[-1].weight)
            torch.nn.init.zeros_(layers[-1].bias)
            if number <= len(RECIPE.units):
                layers.append(torch.nn.ReLU())
            if number < len(RECIPE.units):
                layers.append(torch.nn.Dropout(RECIPE.dropout))
        self.model = torch.nn.Sequential(*layers)
        self.optimizer = torch.optim.Adam(self.model.parameters(), RECIPE.learning_rate, eps=1e-7, fused=True)

    def epoch(self):
        self.model.train()
        total, correct = self.torch.zeros(()), self.torch.zeros((), dtype=self.torch.int64)
        for rows in self.torch.randperm(len(self.labels)).split(self.batch_size):
            self.optimizer.zero_grad(set_to_none=True)
            scores, labels = self.model(self.images[rows]), self.labels[rows]
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
            return (self.model(self.val_images).argmax(1) == self.val_labels).float().mean().item()


class Jax(Steps):
    """JAX by hand: `lax.scan` over the whole epoch in one compiled call; mean loss and accuracy as `fit` gives."""

    def __init__(self, train, val, batch_size: int):
        import jax
        import jax.numpy as jnp

        images, val_images = (jnp.asarray(rows[0].reshape(len(rows[0]), -1)) for rows in (train, val))
        labels, val_labels = (jnp.asarray(rows[1].astype(np.int32)) for rows in (train, val))
        sizes = [images.shape[1], *RECIPE.units, CLASS_COUNT]
        steps = len(labels) // batch_size  # `scan` cannot take a short last batch: up to 0.2 % less work
        glorot = jax.nn.initializers.glorot_uniform()
        keys = jax.random.split(jax.random.key(1), len(sizes))
        weights = [(glorot(key, (n, m)), jnp.zeros(m)) for key, n, m in zip(keys, sizes, sizes[1:], strict=False)]
        zeros = jax.tree.map(jnp.zeros_like, weights)

        def logits(weights, x, key=None):
            x = x.astype(jnp.float32) / 255
            for number, (kernel, bias) in enumerate(weights, start=1):
                x = x @ kernel + bias
                if number < len(weights):
                    x = jax.nn.relu(x)
                if number < len(RECIPE.units) and key is not None:
                    keep = jax.random.bernoulli(jax.random.fold_in(key, number), 1 - RECIPE.dropout, x.shape)
                    x = jnp.where(keep, x / (1 - RECIPE.dropout), 0)
            return x

        def loss(weights, rows, key):
            scores = jax.nn.log_softmax(logits(weights, images[rows], key))
            mean = -jnp.take_along_axis(scores, labels[rows][:, None], axis=1).mean()
            return mean, (mean, (scores.argmax(1) == labels[rows]).mean())

        def step(state, rows):
            weights, m, v, count, key = state
            key, dropout_key = jax.random.split(key)
            gradients, figures = jax.grad(loss, has_aux=True)(weights, rows, dropout_key)
            count = count + 1
            m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradients)
            v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradients)
            rate = RECIPE.learning_rate * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
            weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, m, v)
            return (weights, m, v, count, key), figures

        def epoch(state, key):
            order = jax.random.permutation(key, len(labels))[: steps * batch_size]
            state, figures = jax.lax.scan(step, state, order.reshape(steps, batch_size))
            return state, jax.tree.map(jnp.mean, figures)

        self.compiled = jax.jit(epoch, donate_argnums=0)
        self.state = (weights, zeros, jax.tree.map(jnp.zeros_like, weights), jnp.zeros(()), jax.random.key(2))
        self.keys = iter(jax.random.split(jax.random.key(3), 1000))
        self.score = lambda: float((logits(self.state[0], val_images).argmax(1) == val_labels).mean())
        self.wait = jax.block_until_ready

    def epoch(self):
        self.state, figures = self.wait(self.compiled(self.state, next(self.keys)))
        return figures

    def accuracy(self):
        return self.score()


class Floor(Steps):
    """The matrix products of an epoch alone, in float32 by TensorFlow, in one compiled call: nothing is learned."""

    def __init__(self, train, val, batch_size: int):
        import tensorflow as tf

        sizes = [784, *RECIPE.units, CLASS_COUNT]
        steps = -(-len(train[1]) // batch_size)
        pairs = list(itertools.pairwise(sizes))
        inputs = [tf.random.normal((batch_size, n)) for n, _ in pairs]
        outputs = [tf.random.normal((batch_size, m)) for _, m in pairs]
        kernels = [tf.random.normal((n, m)) for n, m in pairs]

        @tf.function
        def epoch():
            total = tf.constant(0.0)
            for _ in tf.range(steps):
                for number, (x, y, kernel) in enumerate(zip(inputs, outputs, kernels, strict=True)):
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


def main():
    name, batch_size, *count = sys.argv[1:]
    images, labels, train_rows, val_rows = read_data()
    if count:
        train_rows = np.resize(train_rows, int(count[0]))
    train, val = ((images[rows], labels[rows]) for rows in (train_rows, val_rows))
    contender = CONTENDERS[name](train, val, int(batch_size))
    start = 0.0

    def memory():
        return 1000 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # Linux counts in kB

    def next_epoch():
        nonlocal start
        while (line := sys.stdin.readline().strip()) != "epoch":
            if not line:
                sys.exit()
            print({"accuracy": contender.accuracy, "memory": memory}[line](), flush=True)
        start = time.perf_counter()

    def done():
        print(time.perf_counter() - start, flush=True)

    contender.run(next_epoch, done)


if __name__ == "__main__":
    main()
