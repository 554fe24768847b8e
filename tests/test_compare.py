"""Is the change real: intervals and tests against other formulas, and the command on the real dvc's revisions."""

import math

import numpy as np
import pytest
from scipy.stats import chi2

from tools import compare

CLASSES = ["boot", "bag", "coat"]


@pytest.mark.parametrize(("only_first", "only_second"), [(0, 0), (0, 1), (5, 5), (3, 12), (40, 20), (178, 200)])
def test_mcnemar_equals_its_definition(only_first, only_second):
    """Twice the tail of a fair coin, at most 1."""
    count, few = only_first + only_second, min(only_first, only_second)
    tail = sum(math.comb(count, number) for number in range(few + 1)) / 2**count
    assert compare.mcnemar(only_first, only_second) == pytest.approx(min(1.0, 2 * tail))


def test_mcnemar_is_near_the_chi_squared_form_for_many_images():
    approximate = chi2.sf((abs(150 - 86) - 1) ** 2 / (150 + 86), df=1)  # with the correction for continuity
    assert compare.mcnemar(150, 86) == pytest.approx(approximate, rel=0.1)


def test_interval_holds_the_difference_as_often_as_it_says():
    generator = np.random.default_rng(0)
    shares, count = [0.85, 0.02, 0.04, 0.09], 2000  # both right, only first, only second, none
    draws = generator.multinomial(count, shares, size=2000)
    intervals = [compare.difference_interval(int(first), int(second), count) for _, first, second, _ in draws]
    assert np.mean([low <= 0.02 <= high for low, high in intervals]) == pytest.approx(0.95, abs=0.015)


def test_holm_equals_a_calculation_by_hand():
    assert compare.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert compare.holm([0.9, 0.8]) == [1.0, 1.0]


ACTUAL = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
FIRST = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 0])
SECOND = np.array([0, 1, 0, 0, 1, 1, 1, 2, 2, 2])


def test_comparison_equals_a_count_by_hand():
    result = compare.compare(ACTUAL, FIRST, SECOND, CLASSES)
    assert result["accuracy"] == (0.8, 0.9)
    assert (result["only_first"].tolist(), result["only_second"].tolist()) == ([1], [3, 9])
    assert result["p"] == 1.0  # of three flips, one or two one way: any
    assert [(name, recalls) for name, recalls, _ in result["by_class"]] == [
        ("boot", (0.75, 0.75)),
        ("bag", (1.0, 1.0)),
        ("coat", (pytest.approx(2 / 3), 1.0)),
    ]
    assert compare.verdict(result, ("a", "b")).startswith("No significant difference")


def test_verdict_names_the_better_one_and_where():
    actual = np.repeat([0, 1, 2], 100)
    worse = actual.copy()
    worse[:30] = 1
    result = compare.compare(actual, actual, worse, CLASSES)
    assert compare.verdict(result, ("a", "b")) == "a is better, above all on boot."
    assert compare.verdict(compare.compare(actual, worse, actual, CLASSES), ("a", "b")).startswith("b is better")
    text = compare.report(result, ("a", "b"), is_markdown=False)
    assert "Accuracy 100.00% and 90.00%: -10.00 points" in text
    assert "right only in the first 30, only in the second 0" in text
    table = compare.report(result, ("a", "b"), is_markdown=True)
    assert r"| boot | 100.0% | 70.0% | -30.0 | 5.6e-09 | \* |" in table


def test_picture_shows_what_flipped():
    images = np.zeros((10, 28, 28), np.uint8)
    result = compare.compare(ACTUAL, FIRST, SECOND, CLASSES)
    figure = compare.picture(result, ("a", "b"), images, ACTUAL, (FIRST, SECOND), CLASSES)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles[1:] == ["boot\nnot bag", "coat\nnot boot", "boot\nnot bag"]


def test_revisions_experiments_and_the_workspace_are_compared(copy):
    copy.sh("dvc exp run -q -n other -S train.seed=7")
    copy.sh("git checkout -q . && dvc checkout -q -f")
    same = copy.sh("python -m tools.compare").stdout
    assert same.startswith("No significant difference: chance alone makes one as large in 100% of such comparisons.")
    assert "50 test images; first: HEAD; second: the workspace" in same
    done = copy.sh("python -m tools.compare HEAD other --markdown --picture compare.png")
    assert done.stdout.startswith("**")
    assert (copy.folder / "compare.png").read_bytes().startswith(b"\x89PNG")
    unknown = copy.sh("python -m tools.compare nothing", check=False)
    assert unknown.stdout == (
        "error: unknown Git revision 'nothing'; `git log --oneline` and `dvc exp list` name what there is\n"
    )


def test_predictions_that_are_not_in_the_cache_are_named(copy):
    copy.sh("mv .dvc/cache .dvc/away")
    done = copy.sh("python -m tools.compare HEAD", check=False)
    copy.sh("rm -rf .dvc/cache && mv .dvc/away .dvc/cache")
    assert done.returncode == 1
    assert done.stdout.startswith(
        "error: reports/evaluate/predictions.csv: expected those of HEAD in DVC's cache, found none; `git checkout"
    )
