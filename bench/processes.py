"""Measure two processes of one thread against one process of two: `python -m bench.processes`, after `dvc repro`.

Writes  bench/processes.md, which docs/scaling.md quotes

Needs two cores, mpirun and requirements/jax.txt. Both train the baseline on JAX, in turn; an epoch's time is that from
one line of its output to the next.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.__main__ import machine, timed
from stages.files import read_array

LAUNCHERS = {"one process, two threads": "", "two processes, one thread each": "mpirun -n 2"}
ROUNDS, EPOCHS, WARM_UP = 5, 8, 2
RESULTS = Path("bench/processes.md")


def epoch_seconds(command: str, folder: Path) -> list[float]:
    """Run a training and return the seconds of each epoch after the first ones."""
    process = subprocess.Popen(command, shell=True, cwd=folder, stdout=subprocess.PIPE, text=True)
    ends = [time.perf_counter() for line in process.stdout if line.startswith("train: epoch ")]
    if process.wait():
        sys.exit(f"bench: {command} failed")
    return np.diff(ends)[WARM_UP:].tolist()


def main():
    os.environ |= {"KERAS_BACKEND": "jax", "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    start, found = time.perf_counter(), {name: [] for name in LAUNCHERS}
    images = len(read_array(Path("data/split/train_indices.npy"), "int64", ndim=1))
    with tempfile.TemporaryDirectory() as place:
        clone = Path(place, "clone")
        timed(f"git clone -q . {clone} && cp -r data/* {clone}/data/", Path.cwd())
        for _ in range(ROUNDS):
            for name, launcher in LAUNCHERS.items():
                edits = f's/epochs: 30 /epochs: {EPOCHS} /; s/launcher: ""/launcher: "{launcher}"/'
                timed(f"git checkout -q params.yaml && sed -i '{edits}' params.yaml", clone)
                found[name].append(epoch_seconds(f"{launcher} {sys.executable} -m stages.train", clone))
                print(f"{name}: {' '.join(f'{seconds:.2f}' for seconds in found[name][-1])}", file=sys.stderr)
    rounds = {name: [statistics.median(seconds) for seconds in each] for name, each in found.items()}
    first = statistics.median(next(iter(rounds.values())))
    lines = ["| | seconds an epoch, median (range) of runs | images/s | × one process |", "| --- | --- | --- | --- |"]
    for name, seconds in rounds.items():
        median, spread = statistics.median(seconds), f"{min(seconds):.2f} to {max(seconds):.2f}"
        lines.append(f"| {name} | {median:.2f} ({spread}) | {images / median:,.0f} | {first / median:.2f} |")
    minutes = (time.perf_counter() - start) / 60
    text = (
        f"{machine('jax', 'keras')}; `python -m bench.processes`, {minutes:.0f} minutes\n\n" + "\n".join(lines) + "\n"
    )
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
