"""Files are written whole or not at all, and checked when read."""

import errno
import json
import os
from pathlib import Path

import pytest

from classifier.errors import InputError
from classifier.files.atomic import read_json, replacing, write_json, write_text


def test_replacing_leaves_the_old_file_when_writing_fails(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text("old")

    def write_half(partial):
        partial.write_text("half")
        Path("missing").read_text()

    with pytest.raises(FileNotFoundError), replacing(path) as partial:
        write_half(partial)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["metrics.json"]


def test_replacing_makes_the_folder(tmp_path):
    with replacing(tmp_path / "new" / "file") as partial:
        partial.write_text("whole")
    assert (tmp_path / "new" / "file").read_text() == "whole"
    assert os.listdir(tmp_path / "new") == ["file"]


def test_error_of_a_write_without_a_name_gets_the_files(tmp_path):
    def fill_the_disk():
        raise OSError(errno.ENOSPC, "No space left on device")

    with (
        pytest.raises(OSError, match=r"No space left on device: '.*/file'"),
        replacing(tmp_path / "file"),
    ):
        fill_the_disk()


def test_text_is_utf8_with_plain_line_ends(tmp_path):
    write_text(tmp_path / "card.md", "✓ ü\nnext\n")
    assert (tmp_path / "card.md").read_bytes() == b"\xe2\x9c\x93 \xc3\xbc\nnext\n"


def test_json_refuses_nan_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "metrics.json"
    write_json(path, {"loss": 0.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"loss": float("nan")})
    assert json.loads(path.read_text()) == {"loss": 0.5}


def test_json_comes_back(tmp_path):
    write_json(tmp_path / "metrics.json", {"loss": 0.5, "names": ["ü"]})
    assert read_json(tmp_path / "metrics.json") == {"loss": 0.5, "names": ["ü"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "expected a JSON file, found no file; run `dvc repro`"),
        (b"", "expected a JSON file, received: .*; run `dvc repro`"),
        (b'{"loss": ', "expected a JSON file, received: .*; run `dvc repro`"),
        (b"[" * 100_000, "expected a JSON file, received: maximum recursion .*; run `dvc repro`"),
        (b"\xff\xfe\xff", "expected a JSON file, received: .*; run `dvc repro`"),
    ],
)
def test_bad_json_is_named_with_the_fault(tmp_path, content, message):
    path = tmp_path / "metrics.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_json(path)
    assert str(caught.value).startswith(str(path))
