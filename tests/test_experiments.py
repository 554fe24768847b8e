"""What DVC's commands for experiments do here, as docs/experiments.md says it."""

import re

import pytest
from conftest import ROOT

PAGE = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
(BRING_BACK,) = re.findall(r"`(git restore --source=refs/exps/apply/stash )FILE`", PAGE)
(DROP,) = re.findall(r"^(git checkout .* && dvc checkout)$", PAGE, re.MULTILINE)
EDITS = {"params.yaml": "dropout: 0.3", "README.md": "# Fashion-MNIST"}


@pytest.fixture(scope="module")
def chosen(copy):
    """The copy with an experiment that has a file beside those of the last commit."""
    copy.set({"baseline.dropout": 0.4})
    (copy.folder / "both.txt").write_text("the experiment's")
    copy.sh("dvc exp save -q -n chosen -I both.txt")
    copy.sh("git checkout -q . && rm both.txt")
    return copy


@pytest.fixture
def applied(chosen):
    """The same, applied over edits of two tracked files, one of them staged, and untracked ones."""
    for name, text in EDITS.items():
        path = chosen.folder / name
        path.write_text(path.read_text("utf-8").replace(text, f"{text} # edited"), "utf-8")
    chosen.sh("git add README.md")
    for name in ("notes.txt", "both.txt"):
        (chosen.folder / name).write_text("untracked")
    chosen.sh("dvc exp apply chosen")
    yield chosen
    chosen.sh("git checkout -q HEAD . && rm -f notes.txt both.txt")


def text_of(copy, name: str) -> str:
    return (copy.folder / name).read_text("utf-8")


def test_apply_replaces_what_the_page_says_and_nothing_else(applied):
    assert "dropout: 0.4" in text_of(applied, "params.yaml")
    assert not [name for name in EDITS if "edited" in text_of(applied, name)]
    assert text_of(applied, "both.txt") == "the experiment's"
    assert text_of(applied, "notes.txt") == "untracked"


def test_edits_come_back_by_the_command_of_the_page(applied):
    for name in EDITS:
        applied.sh(BRING_BACK + name)
        assert "edited" in text_of(applied, name)


def test_every_edit_is_dropped_by_the_command_of_the_page(applied):
    applied.sh("echo staged >> README.md && git add README.md && echo unstaged >> LICENSE")
    applied.sh(DROP)
    assert applied.sh("git status --porcelain --untracked-files=no").stdout == ""
