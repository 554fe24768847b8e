"""IDX files: good ones are read exactly, each kind of bad one is named."""

import gzip

import numpy as np
import pytest
from conftest import idx_bytes, make_images

from classifier.errors import InputError
from classifier.images.idx import read_images, read_labels, write_idx

IMAGES, LABELS = make_images(per_class=2, seed=0)
GOOD = idx_bytes(IMAGES)


def test_images_and_labels_are_read_exactly(tmp_path):
    (tmp_path / "images").write_bytes(idx_bytes(IMAGES))
    (tmp_path / "labels").write_bytes(idx_bytes(LABELS))
    images = read_images(tmp_path / "images")
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(read_labels(tmp_path / "labels"), LABELS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "received a file that starts with b''"),
        (b"\0\0\x08", "received a file that starts with"),
        (b"<!DOCTYPE html>" + GOOD, "received a file that starts with b'<!DO'"),
        (gzip.compress(GOOD), "received a file that starts with b'\\x1f"),
        (b"\0\0\x0d\x03" + GOOD[4:], "received one of type code 0x0d and 3 dimension"),
        (idx_bytes(LABELS), r"code 0x08 and 1 dimension\(s\); are image and label files swapped"),
        (b"\0\0\x08\x02" + GOOD[4:], r"received one of type code 0x08 and 2 dimension"),
        (GOOD[:9], "header cut short at 9 bytes"),
        (GOOD[:-1], "with 15,695 bytes in place of 15,696: cut short"),
        (GOOD + b"\0", "with 15,697 bytes in place of 15,696: bytes after the last value"),
        (GOOD[:4] + b"\xff" * 12, "cut short"),
        (GOOD[:4] + b"\0" * 12, "nothing in it"),
    ],
)
def test_bad_image_file_is_named_with_the_fault(tmp_path, content, message):
    path = tmp_path / "images"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message.replace("\\x", "\\\\x")) as caught:
        read_images(path)
    assert str(path) in str(caught.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="received no file"):
        read_images(tmp_path / "images")


@pytest.mark.parametrize("shape", [(28, 28, 1), (28, 27, 3)])
def test_written_images_are_what_another_implementation_writes(shape, tmp_path):
    images = np.arange(2 * np.prod(shape)).astype(np.uint8).reshape(2, *shape)
    assert write_idx(tmp_path / "file", shape, [images[:1], images[1:]]) == 2
    assert (tmp_path / "file").read_bytes() == idx_bytes(images)
    np.testing.assert_array_equal(read_images(tmp_path / "file"), images)


def test_written_labels_are_what_another_implementation_writes(tmp_path):
    assert write_idx(tmp_path / "file", (), [LABELS[:3], LABELS[3:]]) == len(LABELS)
    assert (tmp_path / "file").read_bytes() == idx_bytes(LABELS)


def test_labels_of_qmnist_are_the_first_column_of_a_table(tmp_path):
    """Its files have eight columns of int32: the class, the writer, and so on."""
    table = np.arange(5 * 8, dtype=">i4").reshape(5, 8)
    header = bytes([0, 0, 0x0C, 2]) + (5).to_bytes(4, "big") + (8).to_bytes(4, "big")
    (tmp_path / "labels").write_bytes(header + table.tobytes())
    assert read_labels(tmp_path / "labels").tolist() == [0, 8, 16, 24, 32]
