"""Checkpoints: what decides the rest of a training, written while it runs, so that a killed one goes on where it was.

A checkpoint is one file: 32 bytes of SHA-256 over the rest, which is an .npz file.
"""

import hashlib
import io
import json
import platform
import time
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

from stages.files import blocks, replacing
from stages.train.distribution import ALONE, Job

SECONDS = 2.0  # between two, at least
PACKAGES = ("keras", "numpy", "tensorflow", "jax")
STOPPING = ("wait", "stopped_epoch", "best_epoch", "best")  # of keras.callbacks.EarlyStopping, beside best_weights


def fingerprint(settings: list, arrays: list[np.ndarray]) -> str:
    """Return a SHA-256 over all that decides a training: settings, data, code, versions, machine."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for array in arrays:
        digest.update(f"{array.dtype}{array.shape}".encode())
        for block in blocks(array):
            digest.update(block.data)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    machine = [platform.python_version(), platform.machine(), keras.backend.backend()]
    digest.update(json.dumps(machine + [_version(name) for name in PACKAGES]).encode())
    return digest.hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except ModuleNotFoundError:
        return "none"


class Checkpoint(keras.callbacks.Callback):
    """Saves a training after an epoch, and goes on from what was saved; the last of a `fit`'s callbacks."""

    def __init__(self, path: Path, mark: str, job: Job = ALONE):
        """Read `path`, if it is there; another training's, by its `mark`, or a damaged one is refused with a line.

        Of several processes, the first reads and writes it.
        """
        super().__init__()
        self.path, self.mark, self.job, self.saved = path, mark, job, time.monotonic()
        content, refusal = _accepted(path, mark) if job.is_first else (b"", "")
        if refusal:
            print(f"train: {path}: {refusal}; training starts afresh", flush=True)
        content = job.from_first(content)
        self.state = _state(content) if content else None

    def follow(self, report, stopping: keras.callbacks.EarlyStopping | None) -> None:
        """Save what these callbacks hold too; give `report` the epochs that are over."""
        self.report, self.stopping = report, stopping
        for figures in self.state["epochs"] if self.state else []:
            report.log(figures)
        if report.epochs and self.job.is_first:
            print(f"train: goes on after epoch {len(report.epochs)}", flush=True)

    @property
    def initial_epoch(self) -> int:
        """The number of epochs that are over, or of all where early stopping has ended the training."""
        return self.report.last if self.state and self.state["stopped"] else len(self.report.epochs)

    def _variables(self):
        return [*self.model.variables, *self.model.optimizer.variables]

    def on_train_begin(self, logs=None):
        """After EarlyStopping's, which forgets everything."""
        if not self.state:
            return
        self.model.optimizer.build(self.model.trainable_variables)
        for variable, value in zip(self._variables(), self.state["variables"], strict=True):
            variable.assign(value)
        if self.stopping:
            vars(self.stopping).update(self.state["stopping"], best_weights=self.state["best_weights"])
        self.state = None

    def on_epoch_end(self, epoch, logs=None):
        if self.job.is_first and time.monotonic() - self.saved >= SECONDS:
            self.save()

    def save(self):
        arrays = {f"variable_{n}": keras.ops.convert_to_numpy(v) for n, v in enumerate(self._variables())}
        state = {"mark": self.mark, "epochs": self.report.epochs, "stopped": self.model.stop_training, "stopping": {}}
        if self.stopping:
            state["stopping"] = {name: getattr(self.stopping, name) for name in STOPPING}
            arrays |= {f"best_{n}": array for n, array in enumerate(self.stopping.best_weights or [])}
        content = io.BytesIO()
        np.savez(content, state=np.frombuffer(json.dumps(state, default=float).encode(), np.uint8), **arrays)
        with replacing(self.path) as partial:
            partial.write_bytes(hashlib.sha256(content.getbuffer()).digest() + content.getbuffer())
        self.saved = time.monotonic()

    def remove(self):
        self.path.unlink(missing_ok=True)


def _accepted(path: Path, mark: str) -> tuple[bytes, str]:
    """Return the arrays in a checkpoint of a training, by its mark, or nothing and why; nothing where there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return b"", ""
    except OSError as error:
        return b"", f"cannot be read ({error.strerror})"
    digest, arrays = content[:32], content[32:]
    if hashlib.sha256(arrays).digest() != digest:
        return b"", "expected a whole checkpoint, received a damaged one"
    if _state(arrays)["mark"] != mark:
        received = "received one of other data, parameters, code or versions"
        return b"", f"expected a checkpoint of this training, {received}"
    return arrays, ""


def _state(content: bytes) -> dict:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        state = json.loads(arrays["state"].tobytes())
        for group, prefix in (("variables", "variable_"), ("best_weights", "best_")):
            count = sum(name.startswith(prefix) for name in arrays.files)
            state[group] = [arrays[f"{prefix}{number}"] for number in range(count)]
    return state
