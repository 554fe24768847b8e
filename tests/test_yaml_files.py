"""YAML that DVC reads too: what keeps DVC busy for ever, or a merge left, is refused in a line."""

import shutil
from pathlib import Path

import pytest
from conftest import PARAMS, ROOT

from classifier import parameters, yaml_files
from classifier.errors import InputError
from classifier.process import former
from stages import __main__ as runner

LAUGHS = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
for number in range(1, 11):
    LAUGHS.append(f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]")
BOMB = "\n" + "\n".join(LAUGHS) + "\n"
CURE = "anchors and aliases are not taken: write the values out"


@pytest.fixture
def checkout(workplace):
    """A folder with what the runner reads first."""
    shutil.copy(PARAMS, "params.yaml")
    shutil.copy(ROOT / "dvc.yaml", "dvc.yaml")
    Path(".dvc").mkdir()
    return workplace


@pytest.mark.parametrize("name", ["params.yaml", "dvc.yaml"])
def test_aliases_without_end_are_refused_at_once_and_dvc_is_not_asked(name, checkout, monkeypatch):
    path = Path(name)
    line = path.read_text(encoding="utf-8").count("\n") + 2
    path.write_text(path.read_text(encoding="utf-8") + BOMB, encoding="utf-8")
    monkeypatch.setattr(former, "restore_outputs", pytest.fail)
    with pytest.raises(InputError) as caught:
        runner.run_stage("split")
    received = f"received 'a0' in line {line}"
    assert str(caught.value) == f"{name}: expected plain values, {received}; {CURE}"


@pytest.mark.parametrize(
    "text", ["a: &x 1", "a: [&x 1, *x]", "a: {b: &x 1}", "- &x 1", "&x a: 1", "a: &x\n  b: 1"]
)
def test_anchors_are_refused_wherever_they_stand(text, workplace):
    Path("params.yaml").write_text(text)
    with pytest.raises(InputError, match=r"params\.yaml: expected plain values, received 'x'"):
        yaml_files.load(Path("params.yaml"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: R&D", "R&D"),
        ("a: '&x'", "&x"),
        ('a: "*.png"', "*.png"),
        ("a: x # see *this and &that", "x"),
        ("a: x && y", "x && y"),
        ("a: |\n  *x &y\n", "*x &y\n"),
    ],
)
def test_signs_in_values_and_comments_are_no_anchors(text, value, workplace):
    Path("params.yaml").write_text(text)
    assert yaml_files.load(Path("params.yaml")) == {"a": value}


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("dvc.lock", "run `git checkout HEAD -- dvc.lock`, then `dvc repro`"),
        ("params.yaml", "settle them by hand, then `dvc repro`"),
        ("dvc.yaml", "settle them by hand, then `dvc repro`"),
    ],
)
def test_conflict_markers_are_named_with_a_cure(name, cure, workplace):
    Path(name).write_text("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n")
    with pytest.raises(InputError) as caught:
        yaml_files.load(Path(name))
    expected = f"{name}: expected YAML, a merge left conflict markers in it; {cure}"
    assert str(caught.value) == expected


def test_parameters_in_conflict_are_named(checkout):
    text = Path("params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(f"<<<<<<< HEAD\n{text}")
    with pytest.raises(InputError, match=r"params\.yaml: expected YAML, a merge left conflict"):
        parameters.read()
