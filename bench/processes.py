"""Measure two processes of one thread against one process of two: `python -m bench.processes`.

Needs   a repository that has run once, two cores, mpirun and requirements/jax.txt
Writes  bench/processes.md, which docs/scaling.md quotes

Both train the recipe of params.yaml on JAX, in turn. An epoch's time is that from one line of the
training's output to the next.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.measure import clone_into, machine, median_and_range, minutes_since, table, write_results
from classifier import parameters
from stages.train import read_data

RESULTS = Path("bench/processes.md")
LAUNCHERS = {"one process, two threads": "", "two processes, one thread each": "mpirun -n 2"}
ROUNDS = 5
EPOCHS = 8
WARM_UP_EPOCHS = 2  # that do not count, beside the first, whose start has no line
ENVIRONMENT = {
    "KERAS_BACKEND": "jax",
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
}


def epoch_seconds(command: str, folder: Path) -> list[float]:
    """Run a training and return the seconds of each epoch after the warm-up."""
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )
    ends = []
    with process.stdout as lines:
        for line in lines:
            if line.startswith("train: epoch "):
                ends.append(time.perf_counter())
    if process.wait():
        sys.exit(f"bench: {command} failed")
    return np.diff(ends)[WARM_UP_EPOCHS:].tolist()


def speed_table(seconds: dict[str, list[float]], images: int) -> str:
    """Return a table with a row for each launcher.

    Args:
        seconds: by a launcher's name, the median epoch of each run; the first is compared with.
        images: in an epoch.
    """
    first = statistics.median(next(iter(seconds.values())))
    heads = ["", "seconds an epoch, median (range) of runs", "images/s", "× one process"]
    rows = []
    for name, runs in seconds.items():
        median = statistics.median(runs)
        speed = [f"{images / median:,.0f}", f"{first / median:.2f}"]
        rows.append([name, median_and_range(runs), *speed])
    return table(heads, rows)


def measure(clone: Path) -> dict[str, list[float]]:
    """Return the median epoch of each run, by the launcher's name."""
    recipe = parameters.read().sections["train"].model
    found = {name: [] for name in LAUNCHERS}
    for _ in range(ROUNDS):
        for name, launcher in LAUNCHERS.items():
            knobs = {f"{recipe}.epochs": EPOCHS, "train.launcher": launcher}
            parameters.edit(knobs, clone / "params.yaml")
            seconds = epoch_seconds(f"{launcher} {sys.executable} -m stages train", clone)
            print(f"{name}: {' '.join(f'{each:.2f}' for each in seconds)}", file=sys.stderr)
            found[name].append(statistics.median(seconds))
    return found


def main():
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        clone = clone_into(Path(place, "clone"))
        for name in ("processed", "split"):
            shutil.copytree(Path("data", name), clone / "data" / name)
        seconds = measure(clone)
    packages = machine("jax", "keras")
    heading = f"{packages}; `python -m bench.processes`, {minutes_since(start)}"
    write_results(RESULTS, heading, [speed_table(seconds, len(read_data().train_rows))])


if __name__ == "__main__":
    main()
