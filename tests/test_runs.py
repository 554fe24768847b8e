"""Runs to look at: what is no run's is refused in one line, and soon."""

from itertools import pairwise

import pytest

from classifier.errors import InputError
from tools.runs import Checkout, metrics_of, params_of

ALIASES = "a: &a [x, x]\n" + "".join(
    f"{name}: &{name} [*{former}, *{former}]\n" for former, name in pairwise("abcdefghij")
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1]", "expected parameters of it, received something else"),
        ("[" * 9999, "expected parameters of it, received something else"),
        (ALIASES, "expected plain values, received 'a' in line 1"),
    ],
)
def test_parameters_that_are_none_are_named(content, message, tmp_path):
    (tmp_path / "params.yaml").write_text(content)
    with pytest.raises(InputError, match=message):
        params_of(Checkout("it", tmp_path))


@pytest.mark.parametrize("content", ["[1]", '{"loss": "x"}', "[" * 9999, "{"])
def test_metrics_that_are_none_are_named(content, tmp_path):
    (tmp_path / "metrics.json").write_text(content)
    with pytest.raises(InputError, match="expected metrics of it, received something else"):
        metrics_of(Checkout("it", tmp_path), "metrics.json")
