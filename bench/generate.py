"""Make a data set of any size out of the training images: `python -m bench.generate FOLDER IMAGES`.

Reads   data/processed/train_images.npy, train_labels.npy, data/raw/{classes,about}.json
Writes  FOLDER/{train,t10k}-{images-idx3,labels-idx1}-ubyte   IMAGES for training, a sixth as many
        for testing
        FOLDER/{classes,about}.json, files.csv                as `fetch` does of such files

Every image is a real one, mirrored or not, moved by up to two pixels and darkened by up to a tenth,
so that few are equal. What a classifier scores on them says nothing: the same garments are in
training and test.
"""

import itertools
import shutil
import sys
from pathlib import Path

import numpy as np

from classifier.files.arrays import read_array
from classifier.images.idx import write_idx
from stages import fetch

IMAGES = Path("data/processed/train_images.npy")
LABELS = Path("data/processed/train_labels.npy")
PART_IMAGES = 10_000  # at a time
SHIFT = 2  # pixels
DARKEST = 0.9


def variants(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return other versions of uint8 images (n, rows, columns)."""
    out = images.copy()
    flipped = generator.random(len(out)) < 0.5
    out[flipped] = out[flipped, :, ::-1]
    distances = range(-SHIFT, SHIFT + 1)
    ways = list(itertools.product(distances, distances))
    chosen = generator.integers(0, len(ways), len(out))
    for number, way in enumerate(ways):
        out[chosen == number] = np.roll(out[chosen == number], way, axis=(1, 2))
    factors = generator.uniform(DARKEST, 1, (len(out), 1, 1, 1)).astype(np.float32)
    return (out * factors).astype(np.uint8)


def write(folder: Path, name: str, count: int, seed: int) -> None:
    """Write images and labels of `train` or `t10k`."""
    images = read_array(IMAGES, "uint8", ndim=4)
    labels = read_array(LABELS, "uint8", ndim=1)
    rows = np.random.default_rng(seed).integers(0, len(images), count)
    parts = [rows[start : start + PART_IMAGES] for start in range(0, count, PART_IMAGES)]
    generator = np.random.default_rng([seed, 1])
    pixels = (variants(images[part], generator) for part in parts)
    write_idx(folder / f"{name}-images-idx3-ubyte", images.shape[1:], pixels)
    write_idx(folder / f"{name}-labels-idx1-ubyte", (), (labels[part] for part in parts))


def main(folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {"train": count, "t10k": max(1, count // 6)}
    for seed, (name, size) in enumerate(sizes.items()):
        write(folder, name, size, seed)
        print(f"generate: {name} {size:,}")
    for name in ("classes.json", "about.json"):
        shutil.copy(fetch.RAW / name, folder)
    (folder / "files.csv").write_text(",".join(fetch.COLUMNS) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3 or not sys.argv[2].isdecimal():
        sys.exit("usage: python -m bench.generate FOLDER IMAGES")
    main(Path(sys.argv[1]), int(sys.argv[2]))
