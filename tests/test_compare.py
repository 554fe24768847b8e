"""Is the change real: intervals and tests against other formulas, and the command on revisions."""

import math

import numpy as np
import pytest
from scipy.stats import chi2

from tools.compare import significance
from tools.compare.picture import picture
from tools.compare.predictions import PREDICTIONS
from tools.compare.report import markdown_table, report, verdict
from tools.compare.significance import compare

CLASSES = ["boot", "bag", "coat"]
ACTUAL = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
FIRST = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 0])
SECOND = np.array([0, 1, 0, 0, 1, 1, 1, 2, 2, 2])
NAMES = ("a", "b")


@pytest.mark.parametrize(
    ("only_first", "only_second"), [(0, 0), (0, 1), (5, 5), (3, 12), (40, 20), (178, 200)]
)
def test_mcnemar_equals_its_definition(only_first, only_second):
    """Twice the tail of a fair coin, at most 1."""
    count = only_first + only_second
    few = min(only_first, only_second)
    tail = sum(math.comb(count, number) for number in range(few + 1)) / 2**count
    assert significance.mcnemar(only_first, only_second) == pytest.approx(min(1.0, 2 * tail))


def test_mcnemar_is_near_the_chi_squared_form_for_many_images():
    statistic = (abs(150 - 86) - 1) ** 2 / (150 + 86)  # with the correction for continuity
    assert significance.mcnemar(150, 86) == pytest.approx(chi2.sf(statistic, df=1), rel=0.1)


def test_interval_holds_the_difference_as_often_as_it_says():
    generator = np.random.default_rng(0)
    shares = [0.85, 0.02, 0.04, 0.09]  # both right, only first, only second, none
    held = []
    for _, first, second, _ in generator.multinomial(2000, shares, size=2000):
        low, high = significance.difference_interval(int(first), int(second), 2000)
        held.append(low <= 0.02 <= high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_holm_equals_a_calculation_by_hand():
    assert significance.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert significance.holm([0.9, 0.8]) == [1.0, 1.0]


def test_comparison_equals_a_count_by_hand():
    result = compare(ACTUAL, FIRST, SECOND, CLASSES)
    assert result.count == 10
    assert (result.first, result.second) == (0.8, 0.9)
    assert result.only_first.tolist() == [1]
    assert result.only_second.tolist() == [3, 9]
    assert result.interval == significance.difference_interval(1, 2, 10)
    assert result.p == 1.0  # of three flips, one or two one way: any
    recalls = [(change.name, change.first, change.second) for change in result.by_class]
    assert recalls == [
        ("boot", 0.75, 0.75),
        ("bag", 1.0, 1.0),
        ("coat", pytest.approx(2 / 3), 1.0),
    ]
    assert verdict(result, NAMES).startswith("No significant difference")


def test_class_without_test_images_counts_nowhere():
    result = compare(ACTUAL, FIRST, SECOND, [*CLASSES, "hat"])
    assert result.by_class == compare(ACTUAL, FIRST, SECOND, CLASSES).by_class


ACTUAL_100 = np.repeat([0, 1, 2], 100)  # images of each class
TAKEN_FOR_BAGS = np.where(np.arange(300) < 30, 1, ACTUAL_100)  # boots


@pytest.fixture
def worse():
    """A comparison of which the second run takes 30 of 100 boots for bags."""
    return compare(ACTUAL_100, ACTUAL_100, TAKEN_FOR_BAGS, CLASSES)


@pytest.mark.parametrize(
    ("coats", "expected"),
    [
        (20, "a is better, above all on boot, but worse on coat."),
        (40, "b is better, above all on coat, but worse on boot."),
        (
            30,
            "No significant difference: chance alone makes one as large in 100% of such "
            "comparisons; but there is one on boot, coat.",
        ),
    ],
)
def test_verdict_says_where_the_better_one_is_worse(coats, expected):
    first = np.where(np.arange(300) >= 300 - coats, 1, ACTUAL_100)  # coats taken for bags
    result = compare(ACTUAL_100, first, TAKEN_FOR_BAGS, CLASSES)
    if coats != 30:
        result = result._replace(p=0.01)
    assert verdict(result, NAMES) == expected


def test_verdict_names_the_better_one_and_where(worse):
    assert verdict(worse, NAMES) == "a is better, above all on boot."
    reverse = compare(ACTUAL_100, TAKEN_FOR_BAGS, ACTUAL_100, CLASSES)
    assert verdict(reverse, NAMES) == "b is better, above all on boot."
    nowhere = worse._replace(by_class=[])
    assert verdict(nowhere, NAMES) == "a is better, by a little in many classes."


def test_report_says_how_much_and_by_class(worse):
    lines = report(worse, NAMES, is_markdown=False).splitlines()
    assert lines[2] == "300 test images; first: a; second: b"
    assert lines[3].startswith("Accuracy 100.00% and 90.00%: -10.00 points, 95 % interval -1")
    assert lines[4].endswith("right only in the first 30, only in the second 0")
    assert lines[6].startswith("class  recall, first  recall, second  points  p (Holm)")
    assert lines[7].split() == ["boot", "100.0%", "70.0%", "-30.0", "5.6e-09", "*"]
    assert lines[8].split() == ["bag", "100.0%", "100.0%", "+0.0", "1"]
    assert lines[-1].startswith("This is about these two models; recipes are compared over")


def test_report_in_markdown_has_a_table(worse):
    text = report(worse, NAMES, is_markdown=True)
    assert text.startswith("**a is better, above all on boot.**\n\n300 test images")
    assert "\n| class | recall, first | recall, second | points | p (Holm) |  |\n" in text
    assert "\n| --- | ---: | ---: | ---: | ---: | --- |\n" in text
    assert r"| boot | 100.0% | 70.0% | -30.0 | 5.6e-09 | \* |" in text


def test_picture_shows_what_flipped():
    images = np.zeros((10, 28, 28, 1), np.uint8)
    result = compare(ACTUAL, FIRST, SECOND, CLASSES)
    figure = picture(result, NAMES, images, ACTUAL, (FIRST, SECOND), CLASSES, True)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["boot\nnot bag", "coat\nnot boot", "boot\nnot bag"]
    suptitles = [part.get_suptitle() for part in figure.subfigs]
    assert suptitles[1:] == [
        "Right only in b: 2 images, 2 of them here",
        "Right only in a: 1 images, 1 of them here",
    ]


@pytest.fixture(scope="module")
def other(copy):
    """The copy, with an experiment `other` in which two more test images are mistaken."""
    copy.mistake(2)
    copy.sh("dvc exp save -n other")
    copy.sh("git checkout -q . && dvc checkout -q -f")
    return copy


def test_last_commit_and_the_workspace_are_compared(other):
    same = other.sh("python -m tools.compare").stdout
    assert same.startswith("No difference: both are right on the same test images.")
    assert "50 test images; first: HEAD; second: the workspace" in same
    assert "right only in the first 0, only in the second 0" in same


def test_experiments_are_compared_and_drawn(other):
    command = "python -m tools.compare HEAD other --markdown --picture compare.png"
    done = other.sh(command).stdout
    assert done.startswith("**No significant difference")
    assert "50 test images; first: HEAD; second: other" in done
    assert "-4.00 points" in done
    assert "right only in the first 2, only in the second 0" in done
    assert done.endswith("\ncompare: drew compare.png\n")
    assert (other.folder / "compare.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ("rm {path}", "{path}: expected it in the workspace, found no file; `dvc repro` makes it"),
        (
            "rm {path} && echo nonsense > {path}",
            "{path}, reports/evaluate/confusion.json: expected predictions and class names of "
            "the workspace, received something else; `dvc repro` makes them",
        ),
        (
            "rm {path} && printf 'index,actual,predicted\\n0,0,x\\n' > {path}",
            "{path}, reports/evaluate/confusion.json: expected predictions and class names of "
            "the workspace, received something else; `dvc repro` makes them",
        ),
        (
            "rm {path} && printf 'index,actual,predicted\\n0,0,99\\n' > {path}",
            "{path}, reports/evaluate/confusion.json: expected predictions and class names of "
            "the workspace, received something else; `dvc repro` makes them",
        ),
    ],
)
def test_workspace_without_predictions_is_named_with_a_cure(damage, expected, other):
    other.sh(damage.format(path=PREDICTIONS))
    done = other.sh("python -m tools.compare", check=False)
    assert done.returncode == 1
    assert done.stdout == f"error: {expected.format(path=PREDICTIONS)}\n"
    other.sh("dvc repro")
    other.sh("python -m tools.compare")


def test_cell_of_a_table_is_no_markup_but_code():
    cells = [("`train.launcher`", "# a | b\n<script>@x</script> ![x](y)", "*")]
    _, _, row = markdown_table([("a", "b", ""), *cells]).splitlines()
    assert row == r"| `train.launcher` | # a \| b \<script>\@x\</script> \!\[x](y) | \* |"
