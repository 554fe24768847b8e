"""Checkpoints: what decides the rest of a training, in a file, so that a killed one goes on.

A checkpoint is 32 bytes of SHA-256 over the rest, which is an .npz file.
"""

import hashlib
import io
import json
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import keras
import numpy as np

from classifier.files.arrays import blocks
from classifier.files.atomic import replacing
from classifier.surroundings import usable_cores
from classifier.training.processes import ALONE, Job

MIN_SECONDS = 2.0  # between two checkpoints
PACKAGES = ("keras", "numpy", "tensorflow", "jax")
LIBRARY = Path(__file__).parents[1]
# what decides a training, as dvc.yaml has it
CODE = ("backend", "errors.py", "files", "knobs.py", "surroundings.py", "training")
VARIABLES = ("DNNL_", "ONEDNN_", "TF_", "XLA_")  # begin so where they can change a sum's rounding
LOGGING = "TF_CPP_"


def fingerprint(settings: list, arrays: tuple) -> str:
    """Return a SHA-256 over all that decides a training.

    That is its settings, data, code, versions of packages, and the kind of machine.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for array in arrays:
        digest.update(f"{array.dtype}{array.shape}".encode())
        for block in blocks(array):
            digest.update(block.data)
    for name in CODE:
        path = LIBRARY / name
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    machine = [platform.python_version(), platform.machine(), keras.backend.backend()]
    digest.update(json.dumps(machine + [_version(name) for name in PACKAGES]).encode())
    return digest.hexdigest()


def machine_settings() -> list:
    """Return what changes the last bits on one machine: usable cores, and variables."""
    names = [name for name in os.environ if name.startswith(VARIABLES)]
    settings = [f"{name}={os.environ[name]}" for name in sorted(names) if LOGGING not in name]
    return [usable_cores(), *settings]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


class Checkpoint:
    """A file with the state of a training, between epochs.

    Attributes:
        state: what a former process of the same training has saved, or none.
        refusal: why what is there was not taken, or nothing.
    """

    def __init__(self, path: Path, mark: str, job: Job = ALONE):
        """Read `path`, if it is there and of this training, by its `mark`, a fingerprint.

        Of several processes, the first reads and writes it, and tells the others.
        """
        self.path = path
        self.mark = [mark, *machine_settings()]
        self.is_writer = job.is_first
        self.saved_at = time.monotonic()
        content, self.refusal = b"", ""
        if self.is_writer:
            content, self.refusal = _read(path, self.mark)
        content = job.from_first(content)
        self.state = _unpacked(content) if content else None

    @property
    def epochs(self) -> list[dict]:
        """The figures of the epochs that are over."""
        return self.state["epochs"] if self.state else []

    def is_due(self) -> bool:
        """Whether the last one is old enough for another to be worth its time."""
        return self.is_writer and time.monotonic() - self.saved_at >= MIN_SECONDS

    def save(self, state: dict, arrays: dict[str, list[np.ndarray]]) -> None:
        """Write a state, plain numbers, and lists of arrays by name."""
        named = {"state": _as_array(state | {"mark": self.mark})}
        for name, group in arrays.items():
            named |= {f"{name}_{number}": array for number, array in enumerate(group)}
        content = io.BytesIO()
        np.savez(content, **named)
        with replacing(self.path) as partial:
            digest = hashlib.sha256(content.getbuffer()).digest()
            partial.write_bytes(digest + content.getbuffer())
        self.saved_at = time.monotonic()


def _as_array(state: dict) -> np.ndarray:
    return np.frombuffer(json.dumps(state, default=float).encode(), np.uint8)


def _read(path: Path, mark: list) -> tuple[bytes, str]:
    """Return the .npz content of a training's checkpoint, or nothing and why it is refused."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return b"", ""
    except OSError as error:
        return b"", f"cannot be read ({error.strerror})"
    digest, content = content[:32], content[32:]
    if hashlib.sha256(content).digest() != digest:
        return b"", "expected a whole checkpoint, received a damaged one"
    if _unpacked(content)["mark"] != mark:
        received = "received one of other data, parameters, code, versions or cores"
        return b"", f"expected a checkpoint of this training, {received}"
    return content, ""


def _unpacked(content: bytes) -> dict:
    """Return the state in .npz content, with the lists of arrays in it by their names."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        state = json.loads(arrays["state"].tobytes())
        for key in arrays.files:
            name, _, number = key.rpartition("_")
            if number.isdecimal():
                state.setdefault(name, []).append(arrays[key])
    return state
