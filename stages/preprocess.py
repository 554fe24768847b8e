"""Turn the IDX files into arrays and describe them.

Reads   data/raw/{train,t10k}-{images-idx3,labels-idx1}-ubyte
Writes  data/processed/{train,test}_images.npy   uint8 (n, rows, columns), 0 to 255
        data/processed/{train,test}_labels.npy   uint8 (n,), below the number of classes
        reports/preprocess/metrics.json, class_counts.json
"""

import contextlib
import hashlib
import tempfile
from pathlib import Path

import numpy as np

from stages import params
from stages.errors import InputError
from stages.files import blocks, write_array, write_blocks, write_json
from stages.idx import read_idx
from stages.process import run

RAW, PROCESSED, REPORTS = Path("data/raw"), Path("data/processed"), Path("reports/preprocess")
RAW_NAMES = {"train": "train", "test": "t10k"}
PART = 1_000_000  # digests compared at a time


def check(images: dict, labels: dict, class_count: int) -> None:
    """Raise InputError unless the arrays of train and test fit each other and the classes."""
    for name, raw_name in RAW_NAMES.items():
        highest, row = int(labels[name].max()), int(labels[name].argmax())
        if highest >= class_count:
            known = f"0 to {class_count - 1}, a name for each in classes of params.yaml"
            raise InputError(f"{RAW}: expected {raw_name} labels {known}, received {highest} at row {row:,}")
        found = f"{len(images[name]):,} images and {len(labels[name]):,} labels"
        if len(images[name]) != len(labels[name]):
            raise InputError(f"{RAW}: expected as many {raw_name} labels as images, received {found}")
    sizes = {name: array.shape[1:] for name, array in images.items()}
    counts = {name: len(array) for name, array in images.items()}
    if sizes["train"] != sizes["test"]:
        raise InputError(f"{RAW}: expected images of one size, received {sizes}")
    if counts["train"] < counts["test"]:
        question = "are the train and t10k files swapped?"
        raise InputError(f"{RAW}: expected more training than test images, received {counts}; {question}")


def described(images: np.ndarray, histogram: np.ndarray, digests):
    """Yield images, uint8 (n, rows, columns), in blocks, and describe each on the way.

    Its pixels are added to `histogram`, int (256,); the 64-bit BLAKE2b digest of each image goes to the file `digests`.
    """
    for block in blocks(images):
        histogram += np.bincount(block.ravel(), minlength=256)
        digests.write(b"".join(hashlib.blake2b(image, digest_size=8).digest() for image in block))
        yield block


def count_repeats(train: np.ndarray, test: np.ndarray) -> tuple[int, int, int]:
    """Return how many digests, uint64, repeat another of train, of test, and how many of test are also in train.

    They are compared in parts, by their first bits, so that any number of them needs the same memory.
    """
    parts, counts = 1 + len(train) // PART, np.zeros(3, int)
    for number in range(parts):
        chosen = [
            np.sort(np.concatenate([block[(block >> 48) * parts >> 16 == number] for block in blocks(digests)]))
            for digests in (train, test)
        ]
        repeated = [(values[1:] == values[:-1]).sum() for values in chosen]
        first, last = (np.searchsorted(*chosen, side) for side in ("left", "right"))
        counts += *repeated, (first < last).sum()
    return tuple(counts.tolist())


def main():
    classes = params.read().classes
    images = {name: read_idx(RAW / f"{raw_name}-images-idx3-ubyte", ndim=3) for name, raw_name in RAW_NAMES.items()}
    labels = {name: read_idx(RAW / f"{raw_name}-labels-idx1-ubyte", ndim=1) for name, raw_name in RAW_NAMES.items()}
    check(images, labels, len(classes))

    PROCESSED.mkdir(parents=True, exist_ok=True)
    metrics = dict(zip(("image_rows", "image_columns"), images["train"].shape[1:], strict=True))
    class_counts, digests = [], {}
    with contextlib.ExitStack() as stack:
        for name in RAW_NAMES:
            histogram, file = np.zeros(256, int), stack.enter_context(tempfile.TemporaryFile(dir=PROCESSED))
            parts = described(images[name], histogram, file)
            write_blocks(PROCESSED / f"{name}_images.npy", "uint8", images[name].shape, parts)
            write_array(PROCESSED / f"{name}_labels.npy", labels[name])
            file.flush()
            digests[name] = np.memmap(file, np.uint64, "r")
            values = np.arange(256) / 255
            mean = np.average(values, weights=histogram)
            metrics |= {
                f"{name}_images": len(images[name]),
                f"{name}_pixel_mean": round(mean, 6),
                f"{name}_pixel_std": round(np.average((values - mean) ** 2, weights=histogram) ** 0.5, 6),
            }
            counts = sum(np.bincount(block, minlength=len(classes)) for block in blocks(labels[name])).tolist()
            class_counts += [{"class": c, "group": name, "images": n} for c, n in zip(classes, counts, strict=True)]
            print(f"preprocess: {name} {len(images[name]):,}")
        repeats = count_repeats(digests["train"], digests["test"])
    metrics |= dict(zip(("train_duplicates", "test_duplicates", "test_images_in_train"), repeats, strict=True))
    write_json(REPORTS / "metrics.json", metrics)
    write_json(REPORTS / "class_counts.json", class_counts)


if __name__ == "__main__":
    run(main, stage="preprocess")
