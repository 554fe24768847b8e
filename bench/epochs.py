"""Times an epoch of each contender, in turn: the parts `epochs` and `scaling` of `python -m bench`.

Reads   data/processed/train_images.npy, train_labels.npy, data/split/{train,val}_indices.npy
"""

import contextlib
import statistics
import subprocess
import sys
import time

from bench.contenders import CONTENDERS
from bench.measure import median_and_range, table
from stages.train import read_data

ROUNDS = 5  # timed ones, after one that is not
BATCH_SIZES = (1024, 128)
OWN = "pipeline"  # the contender that others are compared with
SIZES = (6_000, 60_000, 600_000)  # images; how many the data set has does not matter
SCALING_BATCH_SIZE = 128


class ContenderProcess:
    """A process that trains an epoch on request (see `bench.contenders`).

    Attributes:
        seconds: of the timed epochs so far.
    """

    def __init__(self, *arguments):
        """`arguments` are those of `python -m bench.contenders`."""
        self.command = ["python", "-m", "bench.contenders", *map(str, arguments)]
        self.process = subprocess.Popen(
            [sys.executable, *self.command[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # frameworks chat
            text=True,
        )
        self.seconds = []

    def ask(self, request: str) -> float:
        with contextlib.suppress(BrokenPipeError):  # it has ended: there is no answer either
            print(request, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            needs = "it may need bench/requirements.txt"
            sys.exit(f"bench: `{' '.join(self.command)}` has ended: {needs}; call it to see")
        return float(answer)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def alternate(contenders: list[ContenderProcess]) -> None:
    """Let each contender train an untimed epoch, then `ROUNDS` timed ones in turn."""
    for contender in contenders:
        contender.ask("epoch")
    for _ in range(ROUNDS):
        for contender in contenders:
            contender.seconds.append(contender.ask("epoch"))


def accuracy_and_seconds(contender: ContenderProcess) -> tuple[float, float]:
    """Return the validation accuracy, and the median time that it takes to predict for it."""
    accuracy = contender.ask("accuracy")  # the first prediction may have to compile
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        contender.ask("accuracy")
        seconds.append(time.perf_counter() - start)
    return accuracy, statistics.median(seconds)


def measure_epochs() -> list[str]:
    """Return the table of epoch times at each batch size, below a line on it."""
    data = read_data()
    parts = []
    for batch_size in BATCH_SIZES:
        contenders = {name: ContenderProcess(name, batch_size) for name in CONTENDERS}
        alternate(list(contenders.values()))
        measured = {}
        for name, contender in contenders.items():
            quality = accuracy_and_seconds(contender) if CONTENDERS[name].learns else None
            measured[name] = (contender.seconds, quality)
            contender.close()
        size = f"{len(data.train_rows):,} images at batch size {batch_size}"
        how = f"medians of {ROUNDS}, after a warm-up, in turn"
        parts.append(f"One epoch of {size}; {how}:")
        parts.append(epoch_table(measured, len(data.train_rows), len(data.val_rows)))
    return parts


def epoch_table(measured: dict, train_images: int, val_images: int) -> str:
    """Return a table with a row for each contender.

    Args:
        measured: by the contender's name, the seconds of its epochs, and its accuracy with the
            seconds that it takes to predict all validation images, if it learns.
    """
    heads = ["", "seconds (range)", "images/s", "× this project's"]
    heads += ["validation accuracy after them", "predicts images/s"]
    own = statistics.median(measured[OWN][0])
    rows = []
    for name, (seconds, quality) in measured.items():
        median = statistics.median(seconds)
        row = [CONTENDERS[name].label, median_and_range(seconds)]
        row += [f"{train_images / median:,.0f}", f"{median / own:.2f}"]
        if quality:
            accuracy, predicting = quality
            row += [f"{accuracy:.4f}", f"{val_images / predicting:,.0f}"]
        else:
            row += ["", ""]
        rows.append(row)
    return table(heads, rows)


def measure_scaling() -> list[str]:
    """Return the table of epoch time and peak memory by number of images, below a line on it."""
    contenders = {size: ContenderProcess(OWN, SCALING_BATCH_SIZE, size) for size in SIZES}
    alternate(list(contenders.values()))
    measured = {}
    for size, contender in contenders.items():
        measured[size] = (contender.seconds, contender.ask("memory"))
        contender.close()
    line = f"The pipeline's epoch by number of images, batch size {SCALING_BATCH_SIZE}:"
    return [line, scaling_table(measured, read_data().images[0].nbytes)]


def scaling_table(measured: dict, image_bytes: int) -> str:
    """Return a table with a row for each number of images.

    Args:
        measured: by the number, the seconds of its epochs, and the peak memory in bytes.
    """
    heads = ["images", "seconds", "microseconds an image", "peak memory, MB", "of that data, MB"]
    rows = []
    for size, (seconds, memory) in measured.items():
        median = statistics.median(seconds)
        row = [f"{size:,}", f"{median:.2f}", f"{1e6 * median / size:.1f}"]
        row += [f"{memory / 1e6:,.0f}", f"{size * image_bytes / 1e6:,.0f}"]
        rows.append(row)
    return table(heads, rows)
