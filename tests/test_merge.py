"""Two branches that both ran the pipeline are merged as docs/review.md says."""

import re

import pytest
from conftest import ROOT

PAGE = (ROOT / "docs" / "review.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_merge_of_two_runs_is_cured_as_the_page_says(fresh):
    knobs = {"one": ("baseline.learning_rate", 0.002), "two": ("baseline.dropout", 0.2)}
    for branch, (knob, value) in knobs.items():
        fresh.sh(f"git checkout -q -b {branch} HEAD")
        fresh.set({knob: value})
        fresh.sh(f"dvc repro && git commit -qam {branch} && git checkout -q - && dvc checkout")
    fresh.sh("git merge -q one")
    section = PAGE.split("## Merge two branches")[1].split("\n## ")[0]
    merge, *cures = re.findall(r"^\$ (.*)$", section, re.MULTILINE)
    merged = fresh.sh(merge.replace("OTHER", "two"), check=False)
    assert "CONFLICT (content): Merge conflict in dvc.lock" in merged.stdout
    assert "<<<<<<<" not in fresh.sh("cat dvc.lock reports/*/*.json reports/*.md").stdout
    fresh.sh("set -e\n" + "\n".join(cures).replace("git commit", "git commit --no-edit"))
    assert fresh.sh("git status --porcelain").stdout == ""
    assert "up to date" in fresh.sh("dvc status").stdout
    assert fresh.sh("python -m tools.verify").stdout.endswith(" 0 damaged\n")
    lock = fresh.sh("git show HEAD:dvc.lock").stdout
    assert "learning_rate: 0.002" in lock
    assert "dropout: 0.2" in lock
