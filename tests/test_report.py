"""The report for a reviewer: what it says, when it fails, and who may write it where."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from ruamel.yaml import YAML

from tools.compare.significance import compare
from tools.report.__main__ import is_worse
from tools.report.text import METRICS, changed_metrics, changed_params, report
from tools.runs import Checkout

WORKFLOWS = ROOT / ".github" / "workflows"
NAMES = ("main", "the workspace")
STAGES = ("evaluate", "train", "teach")


def run_of(folder: Path, params: str, metrics: dict | None = None) -> Checkout:
    folder.mkdir()
    (folder / "params.yaml").write_text(params, encoding="utf-8")
    for path in METRICS:
        if path in (metrics or {}):
            (folder / path).parent.mkdir(parents=True)
            (folder / path).write_text(json.dumps(metrics[path]), encoding="utf-8")
    return Checkout(folder.name, folder)


def test_parameters_that_changed_came_or_went_are_named_with_both_values(tmp_path):
    first = run_of(tmp_path / "a", "train: {seed: 1, model: mlp}\nmlp: {units: [8], dropout: 0.1}")
    second = run_of(tmp_path / "b", "train: {seed: 1, model: mlp}\nmlp: {units: [9], flip: true}")
    assert changed_params(first, second) == [
        ("`mlp.units`", "[8]", "[9]", ""),
        ("`mlp.dropout`", "0.1", "–", ""),
        ("`mlp.flip`", "–", "True", ""),
    ]
    assert changed_params(first, first) == []


def test_metrics_that_changed_are_named_with_the_change(tmp_path):
    """Also those of a file that the first run does not have yet."""
    test, training, teaching = (f"reports/{name}/metrics.json" for name in STAGES)
    before = {test: {"accuracy": 0.5, "loss": 1.25}, training: {"epochs": 3}}
    after = {test: {"accuracy": 0.75, "loss": 1.25}, training: {"epochs": 2, "late": 1}}
    after |= {teaching: {"epochs": 1}}
    first, second = run_of(tmp_path / "a", "{}", before), run_of(tmp_path / "b", "{}", after)
    assert changed_metrics(first, second) == [
        ("evaluate: accuracy", "0.5", "0.75", "+0.25"),
        ("train: epochs", "3", "2", "-1"),
        ("train: late", "–", "1", ""),
        ("teach: epochs", "–", "1", ""),
    ]


ACTUAL = np.zeros(100, int)


@pytest.mark.parametrize(
    ("mistakes", "others", "worse"), [(0, 0, False), (5, 0, False), (6, 0, True), (0, 6, False)]
)
def test_worse_is_what_mcnemar_calls_so(mistakes, others, worse):
    """Of six images that changed sides, all one way: p = 2 / 64; of five, 2 / 32."""
    first, second = ACTUAL.copy(), ACTUAL.copy()
    first[:others] = 1
    second[:mistakes] = 1
    assert is_worse(compare(ACTUAL, first, second, ["bag", "boot"])) == worse


def test_report_without_changes_says_so():
    text = report(compare(ACTUAL, ACTUAL, ACTUAL, ["bag"]), NAMES, [], [])
    assert text.startswith("# Is the model better than that of main?\n\n**No difference: both")
    assert "## Parameters that changed\n\nNone.\n\n## Metrics that changed\n\nNone.\n" in text


@pytest.fixture(scope="module")
def worse(copy):
    """The copy with a commit in which six more test images are mistaken, and a checkout before."""
    copy.mistake(6)
    copy.sh("git commit -qam mistakes")
    copy.sh("git clone -q . '../the base' && cd '../the base' && git checkout -q HEAD~1")
    copy.sh("cd '../the base' && dvc cache dir --local \"$OLDPWD/.dvc/cache\" && dvc checkout -q")
    return copy


def test_settings_of_a_user_for_matplotlib_do_no_harm(worse):
    backend = "MPLBACKEND=module://nowhere"
    for command in ("tools.report HEAD", "tools.compare --picture compare.png"):
        worse.sh(f"{backend} python -m {command}")


@pytest.mark.parametrize("base", ["HEAD~1", "../the base"])
def test_significantly_worse_model_is_reported_and_fails_where_asked(base, worse):
    done = worse.sh(f"python -m tools.report '{base}' --name main")
    assert done.stdout == "report: report/report.md\n"
    text = (worse.folder / "report" / "report.md").read_text(encoding="utf-8")
    assert "**main is better" in text
    assert "right only in the first 6, only in the second 0" in text
    for picture in re.findall(r"!\[.*\]\((.*)\)", text):
        assert (worse.folder / "report" / picture).read_bytes().startswith(b"\x89PNG")
    assert worse.sh("git status --porcelain").stdout == ""
    failed = worse.sh(f"python -m tools.report '{base}' --fail-if-worse", check=False)
    assert failed.returncode == 1
    line = re.search(r"^error: report: (.*)$", failed.stdout, re.MULTILINE)[1]
    assert line.startswith(f"expected a model not significantly worse than {base}, received ")
    assert line.endswith(", p = 0.031; see report")


def test_equal_and_better_models_do_not_fail(worse):
    worse.sh("python -m tools.report HEAD --fail-if-worse")
    worse.sh("git checkout -q HEAD~1 && dvc checkout -q")
    worse.sh("python -m tools.report @{-1} --fail-if-worse")
    worse.sh("git checkout -q - && dvc checkout -q")


@pytest.mark.slow
def test_script_runs_the_pipeline_at_both_commits_and_reports(copy):
    copy.set({"baseline.learning_rate": 0.002})
    copy.sh("git commit -qam 'a faster rate'")  # which has not run
    said = copy.sh(".ci/report HEAD~1").stdout
    assert said.endswith("report: report/report.md\n")
    text = (copy.folder / "report" / "report.md").read_text(encoding="utf-8")
    assert text.startswith("# Is the model better than that of HEAD~1?\n")
    assert "| `baseline.learning_rate` | 0.0005 | 0.002 |  |\n" in text
    assert re.search(r"^\| train: val_loss \| [0-9.]+ \| [0-9.]+ \| [-+][0-9.]+ \|$", text, re.M)


def workflow(name: str) -> dict:
    return YAML(typ="safe").load((WORKFLOWS / name).read_text(encoding="utf-8"))


def test_code_of_a_pull_request_runs_with_a_token_that_reads():
    content = workflow("report.yml")
    assert content["permissions"] == {"contents": "read"}
    (job,) = content["jobs"].values()
    assert "permissions" not in job
    assert job["steps"][0]["with"]["persist-credentials"] is False
    assert "secrets." not in (WORKFLOWS / "report.yml").read_text(encoding="utf-8")
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert not any("${{" in command for command in commands)  # a name may be a command


def test_workflow_that_writes_runs_nothing_of_the_pull_request():
    content = workflow("comment.yml")
    (job,) = content["jobs"].values()
    used = [step["uses"].split("@")[0] for step in job["steps"]]
    assert used == ["actions/download-artifact", "actions/github-script"]
    assert not any("run" in step for step in job["steps"])
    assert "${{" not in job["steps"][1]["with"]["script"]


def commented(folder: Path, comments: list) -> list:
    """Run the script of the workflow on a report in `folder`; return what it asks GitHub for."""
    (job,) = workflow("comment.yml")["jobs"].values()
    (folder / "script.js").write_text(job["steps"][1]["with"]["script"], encoding="utf-8")
    command = ["node", ROOT / "tests" / "github.js", "script.js", json.dumps(comments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.extras
def test_report_becomes_one_comment_that_is_updated(tmp_path):
    if not shutil.which("node"):
        pytest.skip("needs node")
    (tmp_path / "report").mkdir()
    text = "# Better?\n\n![curves](curves.png)\n\n@somebody <img src=x> ![here too](http://x)\n"
    (tmp_path / "report" / "report.md").write_text(text, encoding="utf-8")
    (asked, query), (kind, comment) = commented(tmp_path, [])
    assert (asked, query["head"]) == ("list", "she:faster")
    assert (kind, comment["issue_number"]) == ("create", 7)
    body = comment["body"]
    assert "The pictures are in the artifact `report` of [this run](URL)." in body
    assert body.endswith("Made by the code of this pull request at abc.")
    for harmful in ("@somebody", "<img", "![here"):
        assert harmful not in body
    others = [
        {"id": 1, "user": {"type": "User"}, "body": body},
        {"id": 2, "user": {"type": "Bot"}, "body": "of another bot"},
        {"id": 3, "user": {"type": "Bot"}, "body": body},
    ]
    kind, comment = commented(tmp_path, others)[1]
    assert (kind, comment["comment_id"]) == ("update", 3)
