"""What a training knows beside its weights: figures, the best epoch, when to stop."""

import math
from collections.abc import Callable

import keras

from classifier.errors import Diverged
from classifier.training.checkpoint import Checkpoint

STOPPING = ("wait", "stopped_epoch", "best_epoch", "best")  # Keras' state of early stopping


class History(keras.callbacks.EarlyStopping):
    """The figures of each epoch and early stopping; saved, with the weights, to a checkpoint.

    Keras' own early stopping is the base, for a recipe without patience too: it never stops then,
    and keeps no best weights.

    Attributes:
        epochs: the figures of each epoch that is over, by name.
    """

    def __init__(self, recipe, on_epoch: Callable | None, checkpoint: Checkpoint | None):
        """Go on from what is in `checkpoint`; `fit` says what the arguments are."""
        super().__init__(
            "val_loss",
            patience=recipe.patience or recipe.epochs,
            restore_best_weights=bool(recipe.patience),
        )
        self.last_epoch = recipe.epochs
        self.on_epoch = on_epoch
        self.checkpoint = checkpoint
        self.restored = checkpoint.state if checkpoint else None
        self.epochs = list(checkpoint.epochs) if checkpoint else []

    @property
    def initial_epoch(self) -> int:
        """The number of epochs that are over, or of all where early stopping has come."""
        has_stopped = self.restored and self.restored["has_stopped"]
        return self.last_epoch if has_stopped else len(self.epochs)

    def summary(self) -> dict:
        """Return which epoch's weights are kept, counted from 1, and how many there were."""
        count = len(self.epochs)
        kept = self.best_epoch + 1 if self.restore_best_weights else count
        return {"best_epoch": kept, "epochs": count}

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)  # forgets everything
        if not self.restored:
            return
        self.model.optimizer.build(self.model.trainable_variables)
        for variable, value in zip(self._variables(), self.restored["variable"], strict=True):
            variable.assign(value)
        vars(self).update(self.restored["stopping"])
        self.best_weights = self.restored.get("best")

    def on_epoch_end(self, epoch, logs=None):
        """Raises Diverged at the first NaN or infinity."""
        figures = {
            "train_loss": float(logs["loss"]),
            "train_accuracy": float(logs["accuracy"]),
            "val_loss": float(logs["val_loss"]),
            "val_accuracy": float(logs["val_accuracy"]),
        }
        if not all(map(math.isfinite, figures.values())):
            received = "  ".join(f"{name} {figure:.4f}" for name, figure in figures.items())
            expected = f"training diverged in epoch {epoch + 1}: expected finite losses"
            cure = "a lower learning_rate is the usual cure"
            raise Diverged(f"{expected}, received {received}; {cure}")
        self.epochs.append(figures)
        if self.on_epoch:
            self.on_epoch(len(self.epochs), figures)
        super().on_epoch_end(epoch, logs)
        if self.checkpoint and self.checkpoint.is_due():
            self.save()

    def save(self) -> None:
        """Write all that decides the rest of the training to the checkpoint."""
        state = {
            "epochs": self.epochs,
            "has_stopped": self.model.stop_training,
            "stopping": {name: getattr(self, name) for name in STOPPING},
        }
        variables = [keras.ops.convert_to_numpy(variable) for variable in self._variables()]
        best = self.best_weights or []
        self.checkpoint.save(state, {"variable": variables, "best": best})

    def _variables(self) -> list:
        return [*self.model.variables, *self.model.optimizer.variables]
