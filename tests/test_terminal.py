"""What tools show in a terminal: columns as wide as needed, a progress line for who watches."""

import argparse
import io
import sys
from pathlib import Path

import pytest

from tools.terminal import columns, png, show


def test_columns_are_as_wide_as_needed_with_numbers_at_the_right():
    rows = [("class", "recall", ""), ("T-shirt/top", "9.5%", "*"), ("bag", "100.0%", "")]
    assert columns(rows, numeric=(1,)) == [
        "class        recall",
        "T-shirt/top    9.5%  *",
        "bag          100.0%",
    ]


def test_columns_are_at_the_left_unless_they_are_numeric():
    assert columns([("a", "bbb"), ("aa", "b")]) == ["a   bbb", "aa  b"]


def test_rows_of_different_lengths_are_an_error():
    with pytest.raises(ValueError, match="zip"):
        columns([("a", "b"), ("a",)])


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_line_replaces_the_one_before(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    show("epoch 1")
    show("")
    assert terminal.getvalue() == "\r\033[Kepoch 1\r\033[K"


def test_progress_line_is_not_shown_where_nobody_watches(monkeypatch):
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    show("epoch 1")
    assert file.getvalue() == ""


@pytest.mark.parametrize("text", ["", ".", "/", "picture.jpg", "picture"])
def test_picture_has_a_name_that_ends_in_png(text):
    with pytest.raises(argparse.ArgumentTypeError, match=r"ends in \.png, received "):
        png(text)
    assert png("a/b.png") == Path("a/b.png")
