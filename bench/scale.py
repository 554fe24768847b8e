"""Measure each stage on data that grows a hundredfold: `python -m bench.scale`.

Needs   a repository that has run once, and 13 GB in the folder for temporary files
Writes  bench/scale.md, which docs/scaling.md quotes: what was measured, and what it comes to for
        more images

The sets come from `bench.generate`. A stage's time is that of its work, without imports. What it
takes for hardly any images is what it takes at any size: it is taken off before images are divided
by seconds.

`python -m bench.scale NAME` runs one stage on what is in data, and prints its seconds and its peak
memory in MB.
"""

import importlib
import re
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench import generate
from bench.commands import start_up
from bench.measure import clone_into, machine, minutes_since, table, timed, write_results
from classifier import parameters

RESULTS = Path("bench/scale.md")
STAGES = {  # images that a stage works on, of each for training
    "preprocess": 7 / 6,
    "split": 1,
    "train": 1,
    "predict": 1 / 6,
    "evaluate": 1 / 6,
}
MIN_SHARE = 0.1  # of a stage's time that depends on the images, to tell their speed
HARDLY_ANY_IMAGES = 1_200  # a whole training batch and a short one
USUAL_IMAGES = 60_000  # what speeds are compared with
SIZES = {HARDLY_ANY_IMAGES: 5, USUAL_IMAGES: 5, 600_000: 3, 6_000_000: 1}  # images: rounds
MIN_SECONDS = 1.0  # of work in a process: what takes milliseconds is repeated

PLANNED = {"1 million": 10**6, "100 million": 10**8, "10 billion": 10**10}  # training images
PLANNED_EPOCHS = 10
IMAGE_BYTES = 28 * 28 + 1  # of an image and its label
ROW_BYTES = 8  # of its number in the split
DOLLARS_AN_HOUR = 0.10  # for two cores of a large cloud's; ask yours
DOLLARS_A_GB = 0.023  # for a month in its object store
BYTES = {1e12: "TB", 1e9: "GB"}
TIMES = {86400: "days", 3600: "hours", 60: "minutes", 1: "seconds"}


class Round(NamedTuple):
    """What a stage took, once."""

    seconds: float
    peak_mb: float  # of memory


def run_stage(name: str) -> Round:
    """Run a stage's `main` until it has worked long enough; return the median of its seconds."""
    start_up(name)
    main = importlib.import_module(f"stages.{name}").main
    arguments = parameters.read().arguments_of(main)
    seconds = []
    while sum(seconds) < MIN_SECONDS:
        start = time.perf_counter()
        main(**arguments)
        seconds.append(time.perf_counter() - start)
    return Round(statistics.median(seconds), peak_memory() / 1e6)


def peak_memory() -> int:
    """Return this process's peak memory in bytes, on Linux."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])


def use_set(clone: Path, folder: Path) -> None:
    """Put a set's files in place of data/raw."""
    raw = clone / "data" / "raw"
    raw.unlink(missing_ok=True)  # the link to another set
    raw.symlink_to(folder)
    shutil.rmtree(clone / "data" / "processed", ignore_errors=True)


def measure(clone: Path, sets: Path) -> dict[tuple[str, int], list[Round]]:
    """Return all rounds, by stage and number of images; the sizes alternate."""
    found = {(name, size): [] for name in STAGES for size in SIZES}
    for number in range(max(SIZES.values())):
        for size, rounds in SIZES.items():
            if number >= rounds:
                continue
            use_set(clone, sets / str(size))
            for name in STAGES:
                output = timed(f"python -m bench.scale {name}", clone).output
                last_line = output.splitlines()[-1]
                print(f"{name} {size:,}: {last_line}", file=sys.stderr)
                found[name, size].append(Round(*map(float, last_line.split())))
    return found


def speeds(found: dict[tuple[str, int], list[Round]]) -> dict[tuple[str, int], float | None]:
    """Return images a second, by stage and number of images, of what `measure` returns.

    There is none where so many images take hardly longer than hardly any: it would be noise.
    """
    median = {}
    for key, rounds in found.items():
        median[key] = statistics.median(each.seconds for each in rounds)
    speed = {}
    for (name, size), seconds in median.items():
        if size != HARDLY_ANY_IMAGES:
            more_images = STAGES[name] * (size - HARDLY_ANY_IMAGES)
            more_seconds = seconds - median[name, HARDLY_ANY_IMAGES]
            is_noise = more_seconds < MIN_SHARE * seconds
            speed[name, size] = None if is_noise else more_images / more_seconds
    return speed


def measured(found: dict, speed: dict) -> str:
    """Return a table with a row for each stage and number of images, of both functions above."""
    heads = ["stage", "images", "seconds", "images/s", "× the first", "peak memory, MB"]
    rows = []
    first = {}
    for (name, size), rate in speed.items():
        seconds = statistics.median(each.seconds for each in found[name, size])
        peak = max(each.peak_mb for each in found[name, size])
        rates = ["–", "–"]
        if rate:
            rates = [f"{rate:,.0f}", f"{rate / first.setdefault(name, rate):.2f}"]
        rows.append([name, f"{STAGES[name] * size:,.0f}", f"{seconds:.2f}", *rates, f"{peak:,.0f}"])
    return table(heads, rows)


def planned(speed: dict[str, float], hashed_bytes: float) -> str:
    """Return a table of sizes, times and costs for other numbers of images.

    Args:
        speed: images a second, by stage, at any number of images.
        hashed_bytes: how many DVC hashes in a second.
    """
    plans = [plan(count, speed, hashed_bytes) for count in PLANNED.values()]
    rows = [[head, *(each[head] for each in plans)] for head in plans[0]]
    return table(["training images", *PLANNED], rows)


def plan(count: int, speed: dict[str, float], hashed_bytes: float) -> dict[str, str]:
    """Return what `planned` says of one number of training images, by its head."""
    size = 2 * IMAGE_BYTES * STAGES["preprocess"] * count + ROW_BYTES * count
    seconds = {name: share * count / speed[name] for name, share in STAGES.items()}
    hashing = size / hashed_bytes
    run = sum(seconds.values()) + hashing + (PLANNED_EPOCHS - 1) * seconds["train"]
    return {
        "raw and processed files, split": scaled(size, BYTES),
        "preprocess": scaled(seconds["preprocess"], TIMES),
        "split": scaled(seconds["split"], TIMES),
        "an epoch": scaled(seconds["train"], TIMES),
        "predict, evaluate": scaled(seconds["predict"] + seconds["evaluate"], TIMES),
        "DVC's hashes": scaled(hashing, TIMES),
        f"all of it, with {PLANNED_EPOCHS} epochs": scaled(run, TIMES),
        "two cores for that long": f"{run / 3600 * DOLLARS_AN_HOUR:,.2f} $",
        "a copy in a remote, a month": f"{size / 1e9 * DOLLARS_A_GB:,.2f} $",
    }


def scaled(number: float, units: dict[float, str]) -> str:
    """Return a number with two digits in the largest unit of which there are two."""
    size = next((size for size in units if number >= 2 * size), min(units))
    two_digits = float(f"{number / size:.2g}")
    return f"{two_digits:,.3g} {units[size]}"


def main():
    start = time.perf_counter()
    largest = max(SIZES)
    with tempfile.TemporaryDirectory() as place:
        sets = Path(place, "sets")
        for size in SIZES:
            generate.main(sets / str(size), size)
        clone = clone_into(Path(place, "clone"))
        recipe = parameters.read().sections["train"].model
        parameters.edit({f"{recipe}.epochs": 1}, clone / "params.yaml")
        found = measure(clone, sets)
        images = Path(str(largest), "train-images-idx3-ubyte")
        hashing = timed(f"md5sum {images}", sets)
        hashed_bytes = (sets / images).stat().st_size / hashing.seconds
    speed = speeds(found)
    at_largest = {name: speed[name, largest] for name in STAGES}
    packages = machine("tensorflow", "keras", "numpy")
    heading = f"{packages}; `python -m bench.scale`, {minutes_since(start)}"
    write_results(RESULTS, heading, [measured(found, speed), planned(at_largest, hashed_bytes)])


if __name__ == "__main__":
    if sys.argv[1:]:
        print(*run_stage(sys.argv[1]))
    else:
        main()
