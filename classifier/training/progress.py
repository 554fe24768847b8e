"""Bars, at a terminal: within each epoch, and of what else takes minutes; nothing stays of them."""

import keras
from tqdm import tqdm

OPTIONS = {"leave": False, "disable": None, "delay": 1}  # seconds


def with_bar(parts, title: str):
    """Yield parts, of a known number, while a bar shows how many there were."""
    return tqdm(parts, title, **OPTIONS)


class EpochBar(keras.callbacks.Callback):
    """Shows on standard error how far an epoch is; keeps silent where that is no terminal."""

    def on_epoch_begin(self, epoch, logs=None):
        epochs = self.params["epochs"]
        self.bar = tqdm(desc=f"epoch {epoch + 1}/{epochs}", total=self.params["steps"], **OPTIONS)

    def on_train_batch_end(self, batch, logs=None):
        self.bar.update(batch + 1 - self.bar.n)

    def on_epoch_end(self, epoch, logs=None):
        self.bar.close()
