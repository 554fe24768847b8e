"""Turn the IDX files into arrays and describe them.

Reads   data/raw/{train,t10k}-{images-idx3,labels-idx1}-ubyte
Writes  data/processed/{train,test}_images.npy   uint8 (n, rows, columns), 0 to 255
        data/processed/{train,test}_labels.npy   uint8 (n,), below the number of classes
        reports/preprocess/metrics.json, class_counts.json
"""

import hashlib
from pathlib import Path

import numpy as np

from stages import params
from stages.errors import InputError
from stages.files import write_array, write_json
from stages.idx import read_idx
from stages.process import run

RAW, PROCESSED, REPORTS = Path("data/raw"), Path("data/processed"), Path("reports/preprocess")
RAW_NAMES = {"train": "train", "test": "t10k"}
CHUNK = 10_000  # images in memory at a time


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


def describe(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the histogram of the pixels, int (256,), and a 64-bit BLAKE2b digest of each image, uint64 (n,)."""
    histogram, digests = np.zeros(256, int), np.empty(len(images), np.uint64)
    for start in range(0, len(images), CHUNK):
        chunk = images[start : start + CHUNK]
        histogram += np.bincount(chunk.ravel(), minlength=256)
        hashes = (hashlib.blake2b(image, digest_size=8).digest() for image in chunk)
        digests[start : start + CHUNK] = np.frombuffer(b"".join(hashes), np.uint64)
    return histogram, digests


def main():
    classes = params.read().classes
    images = {name: read_idx(RAW / f"{raw_name}-images-idx3-ubyte", ndim=3) for name, raw_name in RAW_NAMES.items()}
    labels = {name: read_idx(RAW / f"{raw_name}-labels-idx1-ubyte", ndim=1) for name, raw_name in RAW_NAMES.items()}
    check(images, labels, len(classes))

    metrics = dict(zip(("image_rows", "image_columns"), images["train"].shape[1:], strict=True))
    class_counts, digests = [], {}
    for name in RAW_NAMES:
        histogram, digests[name] = describe(images[name])
        write_array(PROCESSED / f"{name}_images.npy", images[name])
        write_array(PROCESSED / f"{name}_labels.npy", labels[name])
        values = np.arange(256) / 255
        mean = np.average(values, weights=histogram)
        metrics |= {
            f"{name}_images": len(images[name]),
            f"{name}_pixel_mean": round(mean, 6),
            f"{name}_pixel_std": round(np.average((values - mean) ** 2, weights=histogram) ** 0.5, 6),
            f"{name}_duplicates": len(digests[name]) - len(np.unique(digests[name])),
        }
        counts = np.bincount(labels[name], minlength=len(classes)).tolist()
        class_counts += [{"class": c, "group": name, "images": n} for c, n in zip(classes, counts, strict=True)]
        print(f"preprocess: {name} {len(images[name]):,}")
    metrics["test_images_in_train"] = int(np.isin(digests["test"], digests["train"]).sum())
    write_json(REPORTS / "metrics.json", metrics)
    write_json(REPORTS / "class_counts.json", class_counts)


if __name__ == "__main__":
    run(main, stage="preprocess")
