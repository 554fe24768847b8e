"""The tour runs from its first cell to the last, and shows what the committed run gives."""

import itertools
import json

import pytest
from conftest import ROOT, published

TOUR = ROOT / "docs" / "tour.ipynb"


def outputs(path) -> list[list[dict]]:
    """Return the outputs of each cell of code."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell["outputs"] for cell in cells if cell["cell_type"] == "code"]


def said(path) -> str:
    """Return all that a notebook shows in words."""
    texts = []
    for output in itertools.chain(*outputs(path)):
        texts += output.get("text", []) + output.get("data", {}).get("text/plain", [])
    return "".join(texts)


@published
def test_outputs_are_those_of_the_committed_run():
    metrics = json.loads((ROOT / "reports/evaluate/metrics.json").read_text())
    behaviour = json.loads((ROOT / "reports/evaluate/behaviour.json").read_text())
    text = said(TOUR)
    for name, figure in metrics.items():
        assert f"{name} {figure:.4f}" in text
        assert f"{figure:.6f}" in text
    assert f"{behaviour['worst_class_kept_moved']:.6f}" in text


def test_every_cell_but_the_first_has_shown_something_and_no_place_of_this_machine():
    first, *others = outputs(TOUR)
    assert first == []
    assert all(others)
    kinds = {output["output_type"] for output in itertools.chain(*others)}
    assert kinds == {"stream", "execute_result", "display_data"}
    assert not [word for word in ("/tmp", "/root", "/home", "pypi") if word in said(TOUR)]


@pytest.mark.extras
def test_tour_runs_in_a_clone_and_leaves_it_as_it_was(copy):
    pytest.importorskip("nbclient", reason="needs requirements/tour.txt")
    copy.sh("python .ci/tour.py")
    tour = copy.folder / "docs" / "tour.ipynb"
    assert len(outputs(tour)) == len(outputs(TOUR))
    assert "Running stage 'train':" in said(tour)
    assert said(tour).rstrip().endswith("Data and pipelines are up to date.")
    assert copy.sh("git status --porcelain").stdout == " M docs/tour.ipynb\n"
    assert copy.sh("dvc exp list --name-only").stdout == "faster\n"
