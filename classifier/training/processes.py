"""Several processes, on one host or on many, that train one model together.

`train.launcher` in params.yaml starts them; `classifier.process.launching` connects them.
"""

import socket
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from classifier.errors import InputError


def _without_braces(launcher: str) -> str:
    if "${" in launcher:
        raise PydanticCustomError("launcher", "no ${, which DVC takes for its own; $NAME works")
    return launcher


Launcher = Annotated[str, AfterValidator(_without_braces)]  # a shell command, or nothing


@dataclass(frozen=True)
class Job:
    """The processes that train together, as one of them sees it; by default, it is alone.

    Attributes:
        index: of this process, from 0.
        count: of processes.
        devices: of all processes together; each has the same number.
    """

    index: int = 0
    count: int = 1
    devices: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes."""
        return self.index == 0

    def share(self, count: int) -> slice:
        """Return this process's part of `count` things, a multiple of the number of processes."""
        return slice(self.index * count // self.count, (self.index + 1) * count // self.count)

    def total(self, numbers: np.ndarray) -> np.ndarray:
        """Return the sum over all processes of numbers, float64 (n,)."""
        if self.count == 1:
            return numbers
        from jax.experimental.multihost_utils import process_allgather

        parts = process_allgather(numbers.view(np.uint8))  # JAX would round to float32
        return parts.view(np.float64).sum(axis=0)

    def from_first(self, content: bytes) -> bytes:
        """Return the first process's content."""
        if self.count == 1:
            return content
        from jax.experimental.multihost_utils import broadcast_one_to_all

        size = int(broadcast_one_to_all(np.uint32(len(content))))
        array = np.resize(np.frombuffer(content or b"\0", np.uint8), size)
        return np.asarray(broadcast_one_to_all(array)).astype(np.uint8).tobytes()

    def check_same(self, mark: str) -> None:
        """Raise InputError in a process whose `mark` is not the first one's."""
        if self.from_first(mark.encode()) != mark.encode():
            place = f"process {self.index} on {socket.gethostname()}"
            expected = "expected the first process's data, parameters, code and versions"
            cure = "bring its checkout to the same commit and run `dvc pull`"
            raise InputError(f"{place}: {expected}; {cure}")


ALONE = Job()


def use_all_devices(job: Job) -> Job:
    """Let Keras share each batch among all devices, if there are several; return the job."""
    import keras

    if keras.backend.backend() != "jax" or len(keras.distribution.list_devices()) == 1:
        return job
    parallel = keras.distribution.DataParallel(auto_shard_dataset=False)
    keras.distribution.set_distribution(parallel)
    return Job(job.index, job.count, len(keras.distribution.list_devices()))


def gathered(network):
    """Return a copy of a network that computes on this process's own device.

    From here on, nothing is shared among devices any more.
    """
    import keras

    keras.distribution.set_distribution(None)
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    return copy
