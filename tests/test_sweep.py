"""A metric against a parameter: which runs are in the table, in what order, and which is best."""

import contextlib
import json
import re

import pytest

from classifier.errors import InputError
from tools.sweep.picture import draw
from tools.sweep.points import Point, read_points

KEY = "baseline.dropout"
RUNS = {  # parameters, val_loss and val_accuracy
    "b": ({KEY: 0.5}, 0.25, 0.8),
    "a": ({KEY: 0.0}, 0.125, 0.9),
    "c": ({KEY: 0.5, "train.seed": 7}, 0.5, 0.85),
}


@pytest.fixture(scope="module")
def swept(copy):
    """The copy with experiments of the last commit, and one of the commit before."""
    report = copy.folder / "reports" / "train" / "metrics.json"
    former = json.loads(report.read_text())

    def save(name: str, params: dict, loss: float, accuracy: float) -> None:
        copy.set(params)
        report.write_text(json.dumps(former | {"val_loss": loss, "val_accuracy": accuracy}))
        copy.sh(f"dvc exp save -q -f -n {name}")
        copy.sh("git checkout -q params.yaml reports dvc.lock")

    save("older", {KEY: 0.9}, 0.0, 1.0)
    copy.sh("git commit -q --allow-empty -m next")
    for name, (params, loss, accuracy) in RUNS.items():
        save(name, params, loss, accuracy)
    with contextlib.chdir(copy.folder):
        yield copy, former


def test_runs_stand_in_the_order_of_values_with_what_else_differs(swept):
    _, former = swept
    points = read_points(KEY, "val_loss")
    head = Point("HEAD", 0.3, former["val_loss"], "train.seed=42")
    first, *others, last = points
    assert first == Point("a", 0.0, 0.125, "train.seed=42")
    assert others[0] == head
    assert {others[1], last} == {
        Point("b", 0.5, 0.25, "train.seed=42"),
        Point("c", 0.5, 0.5, "train.seed=7"),
    }


def test_command_names_the_best_and_draws(swept):
    copy, _ = swept
    said = copy.sh(f"python -m tools.sweep {KEY} --picture '../a picture.png'").stdout
    assert re.search(r"^0\.0 +0\.1250  a +train\.seed=42$", said, re.MULTILINE)
    best, drew = said.splitlines()[-2:]
    assert best == "best: 0.0, of a (train.seed=42); `dvc exp apply a` brings it here"
    assert drew == "sweep: drew ../a picture.png"
    assert (copy.folder.parent / "a picture.png").read_bytes().startswith(b"\x89PNG")
    by_accuracy = copy.sh("python -m tools.sweep train.seed --metric val_accuracy").stdout
    assert "best: 42, of a (baseline.dropout=0.0);" in by_accuracy
    assert copy.sh("git status --porcelain").stdout == ""


def test_what_cannot_be_drawn_is_said_with_what_to_do(swept):
    with pytest.raises(InputError, match=r"params\.yaml: expected a parameter .*, received no\."):
        read_points("no.such", "val_loss")
    with pytest.raises(InputError, match=r"several values of split\.seed, found one value in 4"):
        read_points("split.seed", "val_loss")


@pytest.mark.parametrize("content", ["[]", "{}", '{"val_loss": null}', '{"val_loss": NaN}', "x"])
def test_experiment_without_the_figure_is_named_and_left_out_as_the_line_says(content, swept):
    copy, _ = swept
    (copy.folder / "reports/train/metrics.json").write_text(content)
    copy.sh("dvc exp save -q -f -n broken && git checkout -q reports dvc.lock")
    with pytest.raises(InputError, match=r"reports/train/metrics\.json: .* of broken") as caught:
        read_points(KEY, "val_loss")
    copy.sh(re.search("`(dvc exp remove broken)`", str(caught.value))[1])
    assert len(read_points(KEY, "val_loss")) == 4


def test_parameters_of_runs_that_lack_the_key_make_no_difference(swept):
    copy, _ = swept
    params = copy.folder / "params.yaml"
    params.write_text(f"{params.read_text()}\nmine: {{network: dense, dropout: 0.1}}\n")
    for name, dropout in (("one", 0.1), ("two", 0.2)):
        copy.set({"mine.dropout": dropout})
        copy.sh(f"dvc exp save -q -f -n {name}")
    copy.sh("git checkout -q params.yaml dvc.lock")
    assert [each.others for each in read_points("mine.dropout", "val_loss")] == ["", ""]
    copy.sh("dvc exp remove one two")


@pytest.mark.parametrize(
    ("values", "scale", "lines"),
    [((0.1, 0.2, 0.3), "linear", 1), ((1e-4, 1e-3, 1e-2), "log", 1), (("adam", "sgd"), None, 2)],
)
def test_picture_joins_runs_that_differ_in_the_parameter_alone(values, scale, lines):
    points = [
        Point(str(each), each, 0.1 * number, str(number % lines))
        for number, each in enumerate(values)
    ]
    (axes,) = draw(points, "a.b", "val_loss").axes
    drawn = [line.get_xydata().tolist() for line in axes.lines]
    assert len(drawn) == lines + 1  # and the ring around the best
    assert drawn[-1][0][1] == 0.0
    assert scale in (None, axes.get_xscale())
