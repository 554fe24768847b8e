"""Measure each stage on data that grows a hundredfold: `python -m bench.scale`, in a repository that has run once.

Writes  bench/scale.md, which the README quotes

The sets come from `bench.generate`, and need 13 GB in the folder for temporary files. A stage's time is that of its
work, without imports; what it takes for hardly any images is what it takes at any size, and is taken off before
images are divided by seconds.
"""

import importlib
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench import generate
from bench.__main__ import START_UP, machine, timed

HARDLY_ANY = 1_200  # images: a whole training batch and a short one
SIZES = {HARDLY_ANY: 5, 60_000: 5, 600_000: 3, 6_000_000: 1}  # images: rounds
REPEATS = {HARDLY_ANY: 5, 60_000: 5}  # in one process, but for train
STAGES = {"preprocess": 7 / 6, "split": 1, "train": 1, "evaluate": 1 / 6}  # images it works on, of those for training
RESULTS = Path("bench/scale.md")


def run_stage(name: str, repeats: int) -> None:
    """Print the median seconds of a stage's `main`, and this process's peak memory in MB."""
    exec(START_UP[name], {})
    stage = importlib.import_module(f"stages.{name}.__main__" if Path("stages", name).is_dir() else f"stages.{name}")
    from stages import backend

    backend.check_recorded = lambda path: None  # no dvc.lock is written here
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        stage.main()
        seconds.append(time.perf_counter() - start)
    print(statistics.median(seconds), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)


def measure(clone: Path, sets: Path) -> dict:
    """Return seconds and peak memory of all rounds, by stage and number of images; the sizes alternate."""
    found = {(name, size): [] for name in STAGES for size in SIZES}
    for number in range(max(SIZES.values())):
        for size, rounds in SIZES.items():
            if number >= rounds:
                continue
            timed(f"rm -rf data/raw data/processed && ln -s {sets / str(size)} data/raw", clone)
            for name in STAGES:
                repeats = 1 if name == "train" else REPEATS.get(size, 1)
                output = timed(f"{sys.executable} -m bench.scale {name} {repeats}", clone)[2]
                found[name, size].append([float(word) for word in output.splitlines()[-1].split()])
                print(f"{name} {size:,}: {output.splitlines()[-1]}", file=sys.stderr)
    return found


def table(found: dict) -> str:
    """Return a line a stage and size."""
    heads = ["stage", "images", "seconds", "images/s", "× at 60,000", "peak memory, MB"]
    rows = [heads, ["---"] * len(heads)]
    for name, share in STAGES.items():
        median = {size: statistics.median(seconds for seconds, _ in found[name, size]) for size in SIZES}
        sizes = [size for size in SIZES if size != HARDLY_ANY]
        speed = {size: share * (size - HARDLY_ANY) / (median[size] - median[HARDLY_ANY]) for size in sizes}
        for size in sizes:
            memory = max(peak for _, peak in found[name, size])
            figures = f"{share * size:,.0f}", f"{median[size]:.2f}", f"{speed[size]:,.0f}"
            rows.append([name, *figures, f"{speed[size] / speed[60_000]:.2f}", f"{memory:,.0f}"])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main():
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        clone, sets = Path(place, "clone"), Path(place, "sets")
        for size in SIZES:
            generate.main(sets / str(size), size)
        timed(f"git clone -q . {clone} && cd {clone} && sed -i 's/epochs: 30 /epochs: 1 /' params.yaml", Path.cwd())
        found = measure(clone, sets)
    minutes = (time.perf_counter() - start) / 60
    text = (
        f"{machine('tensorflow', 'keras', 'numpy')}; `python -m bench.scale`, {minutes:.0f} minutes\n\n{table(found)}\n"
    )
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run_stage(sys.argv[1], int(sys.argv[2])) if sys.argv[1:] else main()
