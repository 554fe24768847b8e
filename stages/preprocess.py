"""Turn the IDX files into arrays and describe them.

Reads   data/raw/{train,t10k}-{images-idx3,labels-idx1}-ubyte
Writes  data/processed/{train,test}_images.npy   uint8 (n, rows, columns), 0 to 255
        data/processed/{train,test}_labels.npy   uint8 (n,), 0 to classes - 1
        reports/preprocess/metrics.json, class_counts.json
"""

import hashlib
from pathlib import Path

import numpy as np

from stages import params
from stages.errors import InputError, run
from stages.files import replacing, write_array, write_json
from stages.idx import read_idx

RAW, PROCESSED, REPORTS = Path("data/raw"), Path("data/processed"), Path("reports/preprocess")
RAW_NAMES = {"train": "train", "test": "t10k"}
CHUNK = 10_000  # images in memory at a time


def check_labels(path: Path, labels: np.ndarray, class_count: int) -> None:
    """Raise InputError unless every label is below `class_count`."""
    if (highest := int(labels.max())) >= class_count:
        raise InputError(
            f"{path}: expected labels 0 to {class_count - 1} (classes in params.yaml), "
            f"received {highest} at row {int(labels.argmax()):,}"
        )


def check_sets(counts: dict, shapes: dict) -> None:
    """Raise InputError unless images and labels, train and test belong together.

    Args:
        counts: set -> (number of images, number of labels).
        shapes: set -> (rows, columns) of its images.
    """
    for name, (images, labels) in counts.items():
        if images != labels:
            raise InputError(
                f"{RAW}: expected as many {RAW_NAMES[name]} labels as images, "
                f"received {images:,} images and {labels:,} labels"
            )
    if shapes["train"] != shapes["test"]:
        raise InputError(f"{RAW}: expected images of one size, received {shapes}")
    if counts["train"] < counts["test"]:
        raise InputError(
            f"{RAW}: expected more training than test images, received {counts['train'][0]:,} "
            f"and {counts['test'][0]:,}; are the train and t10k files swapped?"
        )


def copy_images(images: np.ndarray, path: Path) -> tuple[int, int, np.ndarray]:
    """Copy uint8 images to a .npy file, chunk by chunk.

    Returns:
        The sum of the pixels, the sum of their squares, and a 64-bit digest of each image
        (BLAKE2b), by which equal images are found.
    """
    total = squares = 0
    digests = np.empty(len(images), np.uint64)
    with replacing(path) as partial:
        array = np.lib.format.open_memmap(partial, "w+", np.uint8, images.shape)
        for start in range(0, len(images), CHUNK):
            chunk = np.ascontiguousarray(images[start : start + CHUNK])
            array[start : start + CHUNK] = chunk
            histogram = np.bincount(chunk.ravel(), minlength=256)
            total += int(histogram @ np.arange(256))
            squares += int(histogram @ np.arange(256) ** 2)
            digests[start : start + CHUNK] = [
                int.from_bytes(hashlib.blake2b(image, digest_size=8).digest()) for image in chunk
            ]
        array.flush()
    return total, squares, digests


def main():
    classes = params.read().classes
    images, labels = {}, {}
    for name, raw_name in RAW_NAMES.items():
        images[name] = read_idx(RAW / f"{raw_name}-images-idx3-ubyte", ndim=3)
        labels[name] = read_idx(RAW / f"{raw_name}-labels-idx1-ubyte", ndim=1)
        check_labels(RAW / f"{raw_name}-labels-idx1-ubyte", labels[name], len(classes))
    check_sets(
        {name: (len(images[name]), len(labels[name])) for name in images},
        {name: images[name].shape[1:] for name in images},
    )

    metrics, class_counts, digests = {}, [], {}
    for name in images:
        total, squares, digests[name] = copy_images(images[name], PROCESSED / f"{name}_images.npy")
        write_array(PROCESSED / f"{name}_labels.npy", labels[name])
        mean = total / images[name].size
        metrics |= {
            f"{name}_images": len(images[name]),
            f"{name}_pixel_mean": round(mean / 255, 6),
            f"{name}_pixel_std": round((squares / images[name].size - mean**2) ** 0.5 / 255, 6),
            f"{name}_duplicates": len(digests[name]) - len(np.unique(digests[name])),
        }
        class_counts += [
            {"class": label, "group": name, "images": int(count)}
            for label, count in zip(
                classes, np.bincount(labels[name], minlength=len(classes)), strict=True
            )
        ]
        print(f"preprocess: {name} {len(images[name]):,}")
    metrics["test_images_in_train"] = int(np.isin(digests["test"], digests["train"]).sum())
    write_json(REPORTS / "metrics.json", metrics)
    write_json(REPORTS / "class_counts.json", class_counts)


if __name__ == "__main__":
    run(main)
