"""A bar within each epoch, at a terminal; nothing stays of it."""

import keras
from tqdm import tqdm


class EpochBar(keras.callbacks.Callback):
    """Shows on standard error how far an epoch is; keeps silent where that is no terminal."""

    def on_epoch_begin(self, epoch, logs=None):
        epochs = self.params["epochs"]
        options = {"leave": False, "disable": None, "delay": 1}  # seconds
        self.bar = tqdm(desc=f"epoch {epoch + 1}/{epochs}", total=self.params["steps"], **options)

    def on_train_batch_end(self, batch, logs=None):
        self.bar.update(batch + 1 - self.bar.n)

    def on_epoch_end(self, epoch, logs=None):
        self.bar.close()
