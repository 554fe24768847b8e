"""Starts and ends the processes that train one model together.

`train.launcher` in params.yaml starts them, and JAX's distributed runtime connects them. JAX finds
out who they are under Open MPI, Slurm and Kubernetes; else the environment says so, by Keras'
names: KERAS_DISTRIBUTION_JOB_ADDRESSES (host:port of the first process),
KERAS_DISTRIBUTION_NUM_PROCESSES and KERAS_DISTRIBUTION_PROCESS_ID (from 0).
"""

import atexit
import contextlib
import os
import sys

from classifier.backend.starting import quiet
from classifier.errors import InputError
from classifier.training.processes import ALONE, Job

START_SECONDS = 120  # for all processes to be there
MAX_SILENT_SECONDS = 30  # after which a process counts as dead
END_SECONDS = 60  # for all others to end too


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


@contextlib.contextmanager
def failing_together(job: Job):
    """When the block fails, end at once, so that the others fail too; say what happened.

    JAX would wait for the others at exit.

    Raises:
        InputError: in place of JAX's errors, which say that another process is lost.
    """
    try:
        yield
    except BaseException as error:
        if job.count == 1:
            raise
        status = error.code if isinstance(error, SystemExit) else 1
        atexit.register(_end, status)  # before JAX's own
        is_of_jax = isinstance(error, (RuntimeError, ValueError))
        if not is_of_jax or isinstance(error, InputError):
            raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        place = f"process {job.index} of {job.count}"
        raise InputError(f"{place} has lost another: {reason}") from error


def _end(status: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
