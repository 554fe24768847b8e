"""Turn the IDX files into arrays and describe them.

Reads   data/raw/{train,t10k}-{images-idx3,labels-idx1}-ubyte, classes.json, files.csv
Writes  data/processed/{train,test}_images.npy   uint8 (n, rows, columns, channels), 0 to 255
        data/processed/{train,test}_labels.npy   uint8 (n,), below the number of classes
        reports/preprocess/metrics.json, class_counts.json
        reports/preprocess/kinds.csv     modes and sizes of image files: mode, width, height, images
        reports/preprocess/repeats.csv   of equal images: group, set, row, file, class
        reports/preprocess/classes.png   a row of images a class, as the model sees them
"""

from pathlib import Path

import numpy as np

from classifier.csv_files import read_csv, write_csv
from classifier.drawing.figures import set_matplotlib, write_figure
from classifier.files.arrays import blocks, write_array, write_blocks
from classifier.files.atomic import read_json, write_json
from classifier.images.idx import read_images, read_labels
from classifier.images.preparation import Preparation
from classifier.images.sets import RAW_NAMES, check_sets
from classifier.images.summary import Summary, find_repeats, kinds, repeat_rows, set_metrics

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


def draw_classes(images: np.ndarray, labels: np.ndarray, classes, preparation) -> None:
    set_matplotlib()
    from classifier.drawing.fonts import use_fonts_for
    from classifier.drawing.sheets import class_rows

    use_fonts_for(classes)
    figure = class_rows(images, labels, classes, preparation.is_bright_on_black)
    write_figure(REPORTS / "classes.png", figure)


def main(images: Preparation):
    classes = read_json(RAW / "classes.json")
    arrays, labels = {}, {}
    for name, raw_name in RAW_NAMES.items():
        arrays[name] = read_images(RAW / f"{raw_name}-images-idx3-ubyte")
        labels[name] = read_labels(RAW / f"{raw_name}-labels-idx1-ubyte")
    check_sets(RAW, arrays, labels, classes)

    metrics = dict(
        zip(("image_rows", "image_columns", "image_channels"), images.shape, strict=True)
    )
    class_counts, digests = [], {}
    for name in RAW_NAMES:
        summary = write_images(PROCESSED / f"{name}_images.npy", arrays[name])
        write_array(PROCESSED / f"{name}_labels.npy", labels[name])
        counts = np.bincount(labels[name], minlength=len(classes)).tolist()
        metrics |= set_metrics(name, summary, counts)
        for label, count in zip(classes, counts, strict=True):
            class_counts.append({"class": label, "group": name, "images": count})
        digests[name] = summary.digests
        of_classes = f"a class {min(counts):,} to {max(counts):,}"
        print(f"preprocess: {name} {len(arrays[name]):,}  {of_classes}")
    figures, repeated = find_repeats(digests, labels)
    metrics |= figures
    if repeated:
        table = REPORTS / "repeats.csv"
        print(f"preprocess: {len(repeated):,} images are equal to another, see {table}")
    files = read_csv(RAW / "files.csv")
    write_csv(REPORTS / "repeats.csv", repeat_rows(repeated, files, classes))
    write_csv(REPORTS / "kinds.csv", [("mode", "width", "height", "images"), *kinds(files)])
    write_json(REPORTS / "metrics.json", metrics)
    write_json(REPORTS / "class_counts.json", class_counts)
    draw_classes(arrays["train"], labels["train"], classes, images)
