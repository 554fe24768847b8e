"""What DVC's commands for experiments do here, as docs/experiments.md says it."""

import re

from conftest import ROOT

PAGE = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
((BRING_BACK),) = re.findall(r"`(git checkout refs/exps/apply/stash -- )FILE`", PAGE)


def test_apply_keeps_untracked_files_and_the_page_brings_other_edits_back(copy):
    copy.set({"baseline.dropout": 0.4})
    copy.sh("dvc exp save -q -n chosen && git checkout -q params.yaml dvc.lock")
    untracked = [copy.folder / "notes.txt", copy.folder / "stages" / "own.py"]
    for path in untracked:
        path.write_text("untracked")
    edits = {"params.yaml": "dropout: 0.3", "README.md": "# Fashion-MNIST"}
    for name, text in edits.items():
        path = copy.folder / name
        path.write_text(path.read_text("utf-8").replace(text, f"{text} # edited"), "utf-8")
    (copy.folder / "CONTRIBUTING.md").unlink()
    copy.sh("dvc exp apply chosen")
    assert all(path.read_text() == "untracked" for path in untracked)
    assert "dropout: 0.4" in (copy.folder / "params.yaml").read_text("utf-8")
    for name in edits:
        assert "edited" not in (copy.folder / name).read_text("utf-8")
        copy.sh(BRING_BACK + name)
        assert "edited" in (copy.folder / name).read_text("utf-8")


def test_stash_before_apply_keeps_every_edit(copy):
    copy.sh("git checkout -q . && git stash -q -u; git checkout -q .; dvc checkout -q")
    readme = copy.folder / "README.md"
    text = readme.read_text("utf-8") + "edited\n"
    readme.write_text(text, "utf-8")
    copy.sh("git stash && dvc exp apply chosen && git stash pop")
    assert readme.read_text("utf-8") == text
    assert "dropout: 0.4" in (copy.folder / "params.yaml").read_text("utf-8")
