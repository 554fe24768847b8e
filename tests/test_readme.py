"""The README's commands work as they stand."""

import json
import re
from pathlib import Path

from conftest import ROOT


def readme_blocks() -> list[str]:
    return re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def test_readme_begins_with_the_two_commands_of_one_line():
    run, test = readme_blocks()[:2]
    assert run.count("\n") == test.count("\n") == 1
    assert "pip install -r requirements.txt" in run
    assert run.rstrip().endswith("dvc repro")
    assert test.rstrip().endswith("pytest")


def test_commands_of_the_readme_work_as_they_stand(copy):
    """All its blocks but the two set-up commands, with the edit that it asks for and a wait for the queue.

    test_search.py runs the one on searching, which installs more.
    """
    change, compare, sweep, _, predict = readme_blocks()[2:]
    copy.edit("learning_rate: 0.0005", "learning_rate: 0.001")
    out = copy.sh(f"set -e\n{change}").stdout
    assert re.search(r"baseline\.learning_rate +0\.0005 +0\.001", out)
    assert re.search(r"reports/train/metrics\.json +val_loss +[0-9.]+ +[0-9.]+", out)
    page = (copy.folder / "dvc_plots" / "index.html").read_text(encoding="utf-8")
    assert all(title in page for title in ("Loss after each epoch", "Confusion matrix", "Reliability"))
    assert "50 test images; first: HEAD; second: the workspace" in copy.sh(f"set -e\n{compare}").stdout
    (copy.folder / "compare.png").unlink()
    assert "tests/photo.jpg" in copy.sh(f"set -e\n{predict}").stdout
    copy.sh("git checkout -q . && dvc checkout -q")
    copy.sh(f"set -e\n{sweep}")
    for _ in range(120):
        status = copy.sh("dvc queue status").stdout
        if not re.search("Running|Queued", status):
            break
        copy.sh("sleep 1")
    assert status.count("Success") == 3, status
    shown = json.loads(copy.sh("dvc exp show --json").stdout)
    rates = [
        run["revs"][0]["data"]["params"]["params.yaml"]["data"]["baseline"]["learning_rate"]
        for run in shown[1]["experiments"]
    ]
    assert sorted(rates) == [0.0003, 0.001, 0.002]


def test_python_of_the_readme_works_as_it_stands(copy):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        (copy.folder / "block.py").write_text(block, encoding="utf-8")
        out = copy.sh("python block.py").stdout
        (copy.folder / "block.py").unlink()
    assert "Traceback" not in out


def test_editors_find_experiments_plots_and_pictures_in_the_json_that_they_ask_for(copy):
    """The commands of DVC's extension for VS Code."""
    shown = json.loads(copy.sh("dvc exp show --json").stdout)
    metrics = shown[0]["data"]["metrics"]
    assert metrics["reports/evaluate/metrics.json"]["data"]["accuracy"] > 0
    plots = json.loads(copy.sh("dvc plots diff --split --json -o .dvc/tmp/plots").stdout)["data"]
    assert {"loss", "accuracy", "confusion", "reliability", "reports/evaluate/samples.png"} <= plots.keys()
    picture = plots["reports/evaluate/samples.png"][0]
    assert picture["type"] == "image"
    assert Path(picture["url"]).read_bytes().startswith(b"\x89PNG")
    assert plots["loss"][0]["type"] == "vega"


def test_exports_in_the_readme_are_what_the_benchmark_wrote():
    readme, results = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "bench/exports.md"))
    assert results.strip() in readme


def test_speed_in_the_readme_is_what_the_benchmark_wrote():
    readme, results = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "bench/results.md"))
    section = re.search(r"\n## Speed\n(.*?)\n## ", readme, re.DOTALL)[1]
    rows = re.findall(r"^\|.*\|$", section, re.MULTILINE)
    assert len(rows) > 20
    assert [row for row in rows if row not in results] == []
    assert results.splitlines()[0] in " ".join(section.split())


def test_figures_of_scaling_are_what_the_benchmarks_wrote():
    names = ("README.md", "docs/scaling.md", "bench/scale.md", "bench/processes.md")
    readme, page, scale, processes = ((ROOT / name).read_text(encoding="utf-8") for name in names)
    for line in (*scale.splitlines(), *processes.splitlines()):
        assert line in page.splitlines()
    ratio = re.search(r"two processes.* (\S+) \|$", processes, re.MULTILINE)[1]
    assert f"two of one thread are {ratio} × as" in readme
