"""IDX files: good ones are read exactly, each kind of bad one is named."""

import gzip

import numpy as np
import pytest
from conftest import idx_bytes, make_images

from classifier.errors import InputError
from classifier.images.idx import read_idx, write_idx

IMAGES, LABELS = make_images(per_class=2, seed=0)
GOOD = idx_bytes(IMAGES)


def test_images_and_labels_are_read_exactly(tmp_path):
    (tmp_path / "images").write_bytes(idx_bytes(IMAGES))
    (tmp_path / "labels").write_bytes(idx_bytes(LABELS))
    images = read_idx(tmp_path / "images", ndim=3)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(read_idx(tmp_path / "labels", ndim=1), LABELS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "received a file that starts with b''"),
        (b"\0\0\x08", "received a file that starts with"),
        (b"<!DOCTYPE html>" + GOOD, "received a file that starts with b'<!DO'"),
        (gzip.compress(GOOD), "received a file that starts with b'\\x1f"),
        (b"\0\0\x0d\x03" + GOOD[4:], "received type code 0x0d"),
        (idx_bytes(LABELS), r"received labels \(magic 2049\); are image and label files swapped"),
        (b"\0\0\x08\x02" + GOOD[4:], r"received 2 dimensions \(magic 2050\)"),
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
        read_idx(path, ndim=3)
    assert str(path) in str(caught.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="received no file"):
        read_idx(tmp_path / "images", ndim=3)


@pytest.mark.parametrize("shape", [(3,), (2, 28, 28)])
def test_written_file_equals_what_another_implementation_writes(shape, tmp_path):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    write_idx(tmp_path / "file", shape, [array[:2], array[2:]])
    assert (tmp_path / "file").read_bytes() == idx_bytes(array)
    np.testing.assert_array_equal(read_idx(tmp_path / "file", ndim=len(shape)), array)
