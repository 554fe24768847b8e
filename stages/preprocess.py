"""Turn the IDX files into arrays and describe them.

Reads   data/raw/{train,t10k}-{images-idx3,labels-idx1}-ubyte
Writes  data/processed/{train,test}_images.npy   uint8 (n, rows, columns), 0 to 255
        data/processed/{train,test}_labels.npy   uint8 (n,), below the number of classes
        reports/preprocess/metrics.json, class_counts.json
"""

from pathlib import Path

import numpy as np

from classifier.files.arrays import blocks, write_array, write_blocks
from classifier.files.atomic import write_json
from classifier.images.idx import read_idx
from classifier.images.sets import RAW_NAMES, check_sets
from classifier.images.summary import Summary, count_repeats

RAW = Path("data/raw")
PROCESSED = Path("data/processed")
REPORTS = Path("reports/preprocess")


def write_images(path: Path, images: np.ndarray) -> Summary:
    """Write images as .npy and return their summary, in one pass over a file of any size."""
    summary = Summary()

    def summarised():
        for block in blocks(images):
            summary.add(block)
            yield block

    write_blocks(path, "uint8", images.shape, summarised())
    return summary


def main(classes):
    images, labels = {}, {}
    for name, raw_name in RAW_NAMES.items():
        images[name] = read_idx(RAW / f"{raw_name}-images-idx3-ubyte", ndim=3)
        labels[name] = read_idx(RAW / f"{raw_name}-labels-idx1-ubyte", ndim=1)
    check_sets(RAW, images, labels, len(classes))

    image_rows, image_columns = images["train"].shape[1:]
    metrics = {"image_rows": image_rows, "image_columns": image_columns}
    class_counts, digests = [], {}
    for name in RAW_NAMES:
        summary = write_images(PROCESSED / f"{name}_images.npy", images[name])
        write_array(PROCESSED / f"{name}_labels.npy", labels[name])
        mean, std = summary.pixel_statistics()
        metrics[f"{name}_images"] = len(images[name])
        metrics[f"{name}_pixel_mean"] = mean
        metrics[f"{name}_pixel_std"] = std
        counts = np.bincount(labels[name], minlength=len(classes)).tolist()
        for label, count in zip(classes, counts, strict=True):
            class_counts.append({"class": label, "group": name, "images": count})
        digests[name] = summary.digests
        print(f"preprocess: {name} {len(images[name]):,}")
    metrics |= count_repeats(digests["train"], digests["test"])
    write_json(REPORTS / "metrics.json", metrics)
    write_json(REPORTS / "class_counts.json", class_counts)
