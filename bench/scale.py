"""Measure each stage on data that grows a hundredfold: `python -m bench.scale`, in a repository that has run once.

Writes  bench/scale.md, which docs/scaling.md quotes: what was measured, and what it comes to for more

The sets come from `bench.generate`, and need 13 GB in the folder for temporary files. A stage's time is that of its
work, without imports; what it takes for hardly any images is what it takes at any size, and is taken off before
images are divided by seconds.
"""

import importlib
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench import generate
from bench.__main__ import START_UP, machine, timed

HARDLY_ANY = 1_200  # images: a whole training batch and a short one
SIZES = {HARDLY_ANY: 5, 60_000: 5, 600_000: 3, 6_000_000: 1}  # images: rounds
LARGEST = max(SIZES)
SECONDS = 1.0  # of work in a process, at least: what takes milliseconds is repeated
STAGES = {"preprocess": 7 / 6, "split": 1, "train": 1, "evaluate": 1 / 6}  # images it works on, of those for training
PLANNED = {"1 million": 10**6, "100 million": 10**8, "10 billion": 10**10}  # images for training
IMAGE, ROW = 28 * 28 + 1, 8  # bytes of an image and its label; of its number in the split
EPOCHS = 10  # of a planned run
DOLLARS_AN_HOUR, DOLLARS_A_GB = 0.10, 0.023  # for two cores of a large cloud's; a month in its object store: ask yours
BYTES = {1e12: "TB", 1e9: "GB"}
TIMES = {86400: "days", 3600: "hours", 60: "minutes", 1: "seconds"}
RESULTS = Path("bench/scale.md")


def run_stage(name: str) -> None:
    """Print the median seconds of a stage's `main`, and this process's peak memory in MB."""
    exec(START_UP[name], {})
    stage = importlib.import_module(f"stages.{name}.__main__" if Path("stages", name).is_dir() else f"stages.{name}")
    from stages import backend

    backend.check_recorded = lambda path: None  # no dvc.lock is written here
    seconds = []
    while sum(seconds) < SECONDS:
        start = time.perf_counter()
        stage.main()
        seconds.append(time.perf_counter() - start)
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))[1]
    print(statistics.median(seconds), int(peak) * 1024 / 1e6)


def measure(clone: Path, sets: Path) -> dict:
    """Return seconds and peak memory of all rounds, by stage and number of images; the sizes alternate."""
    found = {(name, size): [] for name in STAGES for size in SIZES}
    for number in range(max(SIZES.values())):
        for size in (size for size, rounds in SIZES.items() if number < rounds):
            timed(f"rm -rf data/raw data/processed && ln -s {sets / str(size)} data/raw", clone)
            for name in STAGES:
                output = timed(f"{sys.executable} -m bench.scale {name}", clone)[2]
                found[name, size].append([float(word) for word in output.splitlines()[-1].split()])
                print(f"{name} {size:,}: {output.splitlines()[-1]}", file=sys.stderr)
    return found


def speeds(found: dict) -> dict:
    """Return images a second, by stage and number of images."""
    median = {key: statistics.median(seconds for seconds, _ in rounds) for key, rounds in found.items()}
    return {
        (name, size): share * (size - HARDLY_ANY) / (median[name, size] - median[name, HARDLY_ANY])
        for name, share in STAGES.items()
        for size in SIZES
        if size != HARDLY_ANY
    }


def measured(found: dict, speed: dict) -> list[str]:
    """Return a table with a line for each stage and number of images."""
    lines = ["| stage | images | seconds | images/s | × at 60,000 | peak memory, MB |", "| --- " * 6 + "|"]
    for (name, size), rate in speed.items():
        seconds, memory = zip(*found[name, size], strict=True)
        lines.append(
            f"| {name} | {STAGES[name] * size:,.0f} | {statistics.median(seconds):.2f} | {rate:,.0f} "
            f"| {rate / speed[name, 60_000]:.2f} | {max(memory):,.0f} |"
        )
    return lines


def planned(speed: dict, hashed: float) -> list[str]:
    """Return a table of sizes, times and costs at other numbers of images, if all goes on as at the largest measured.

    `hashed` is how many bytes a second DVC hashes.
    """
    columns = []
    for count in PLANNED.values():
        size = 2 * IMAGE * 7 / 6 * count + ROW * count
        seconds = {name: share * count / speed[name, LARGEST] for name, share in STAGES.items()}
        seconds["hashes"] = size / hashed
        run = sum(seconds.values()) + (EPOCHS - 1) * seconds["train"]
        dollars = run / 3600 * DOLLARS_AN_HOUR, size / 1e9 * DOLLARS_A_GB
        columns.append([scaled(size, BYTES), *(scaled(each, TIMES) for each in (*seconds.values(), run))])
        columns[-1] += [f"{each:,.2f} $" for each in dollars]
    heads = ["raw and processed files, split", "preprocess", "split", "an epoch", "evaluate", "DVC's hashes"]
    heads += [f"all of it, with {EPOCHS} epochs", "two cores for that long", "a copy in a remote, a month"]
    lines = [f"| training images | {' | '.join(PLANNED)} |", "| --- " * (1 + len(PLANNED)) + "|"]
    return lines + [f"| {' | '.join(row)} |" for row in zip(heads, *columns, strict=True)]


def scaled(number: float, units: dict) -> str:
    """Return a number with two digits in the largest unit of which there are two."""
    size = next((size for size in units if number >= 2 * size), min(units))
    return f"{float(f'{number / size:.2g}'):,.3g} {units[size]}"


def main():
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        clone, sets = Path(place, "clone"), Path(place, "sets")
        for size in SIZES:
            generate.main(sets / str(size), size)
        timed(f"git clone -q . {clone} && cd {clone} && sed -i 's/epochs: 30 /epochs: 1 /' params.yaml", Path.cwd())
        found, images = measure(clone, sets), sets / str(LARGEST) / "train-images-idx3-ubyte"
        hashed = images.stat().st_size / timed(f"md5sum {images}", clone)[0]
    speed, minutes = speeds(found), (time.perf_counter() - start) / 60
    head = f"{machine('tensorflow', 'keras', 'numpy')}; `python -m bench.scale`, {minutes:.0f} minutes"
    text = "\n".join([head, "", *measured(found, speed), "", *planned(speed, hashed), ""])
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run_stage(sys.argv[1]) if sys.argv[1:] else main()
