"""Several processes, on one host or on many, that train one model together.

`train.launcher` in params.yaml starts them, and JAX's distributed runtime connects them. JAX finds
out who they are under Open MPI, Slurm and Kubernetes; else the environment says so, by Keras'
names: KERAS_DISTRIBUTION_JOB_ADDRESSES (host:port of the first process),
KERAS_DISTRIBUTION_NUM_PROCESSES and KERAS_DISTRIBUTION_PROCESS_ID (from 0).
"""

import atexit
import contextlib
import os
import socket
import sys
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from classifier.backend.starting import quiet
from classifier.errors import InputError

START_SECONDS = 120  # for all processes to be there
MAX_SILENT_SECONDS = 30  # after which a process counts as dead
END_SECONDS = 60  # for all others to end too


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

    @contextlib.contextmanager
    def failing_together(self):
        """When the block fails, end at once, so that the others fail too; say what happened.

        JAX would wait for the others at exit.

        Raises:
            InputError: in place of JAX's errors, which say that another process is lost.
        """
        try:
            yield
        except BaseException as error:
            if self.count == 1:
                raise
            status = error.code if isinstance(error, SystemExit) else 1
            atexit.register(_end, status)  # before JAX's own
            is_of_jax = isinstance(error, (RuntimeError, ValueError))
            if not is_of_jax or isinstance(error, InputError):
                raise
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            place = f"process {self.index} of {self.count}"
            raise InputError(f"{place} has lost another: {reason}") from error


def _end(status: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


ALONE = Job()


def join(launcher: str) -> Job:
    """Wait for the other processes that `launcher` started; return the job.

    Without a launcher, a process is alone.

    Raises:
        InputError: JAX is missing, another backend is asked for, or JAX does not know the launcher.
    """
    if not launcher:
        return ALONE
    key = "params.yaml: train.launcher"
    backend = os.environ.setdefault("KERAS_BACKEND", "jax")
    if backend != "jax":
        expected = "expected KERAS_BACKEND to be jax or unset with it"
        raise InputError(f"{key}: {expected}, received {backend}")
    try:
        import jax
    except ModuleNotFoundError:
        cure = "run `pip install -r requirements/jax.txt`"
        raise InputError(f"{key}: expected JAX to be installed: {cure}") from None
    if hasattr(os, "SCHED_BATCH"):  # of Linux: who receives does not push aside who computes
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    jax.config.update("jax_enable_preemption_service", False)  # it would ignore SIGTERM
    try:
        with quiet():
            _initialize(jax)
            return Job(jax.process_index(), jax.process_count(), jax.device_count())
    except (ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        known = "mpirun, Slurm, Kubernetes, or KERAS_DISTRIBUTION_… in the environment"
        raise InputError(f"{key}: expected {known}, received {launcher!r}: {reason}") from None


def _initialize(jax) -> None:
    address = os.environ.get("KERAS_DISTRIBUTION_JOB_ADDRESSES")
    count = os.environ.get("KERAS_DISTRIBUTION_NUM_PROCESSES")
    index = os.environ.get("KERAS_DISTRIBUTION_PROCESS_ID")
    jax.distributed.initialize(
        address,
        int(count) if count else None,
        int(index) if index else None,
        initialization_timeout=START_SECONDS,
        heartbeat_timeout_seconds=MAX_SILENT_SECONDS,
        shutdown_timeout_seconds=END_SECONDS,
    )


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
