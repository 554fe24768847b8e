"""README.md and docs/: commands work as they stand, figures are those of files, links lead on."""

import json
import re

import pytest
from conftest import ROOT, published
from ruamel.yaml import YAML

from classifier.evaluation.behaviour import NAMES
from classifier.evaluation.thresholds import check
from classifier.training.recipes import RECIPES

PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in ROOT.glob("docs/*.md"))]
EDIT = r"Set `(\w+): (\S+)` under `(\w+):` in `params.yaml`"
# Commands in ```console blocks need servers, minutes or more packages: where they are run.
ELSEWHERE = {
    r"pip install -r (requirements|bench)/": ".ci/run",
    r"pip install jupyter": None,  # a program of its own
    r"python \.ci/tour\.py": "tests/test_tour.py",
    r"python -m tools\.search|export SEARCH_STORAGE": "tests/test_search.py",
    r"python -m tools\.demo": "tests/test_demo.py",
    r"python -m tools\.serve|127\.0\.0\.1:8000": "tests/test_serve.py",
    r"python -m tools\.drift": "tests/test_drift.py",
    r"podman": None,  # tests/test_serve.py starts what the image has, without a container
    r"python -m tools\.seeds": "tests/test_seeds.py",
    r"python -m tools\.suspects": "tests/test_suspects.py",
    r"python -m bench": "tests/test_bench.py",
    r"dvc exp run -S train\.model": "tests/test_pipeline.py",
    r"dvc remote (add|modify)|git commit -m \"A remote\"": "tests/test_remotes.py",
    r"dvc exp (push|pull)": "tests/test_remotes.py",
    r"dvc add data/discs": "tests/test_own_data.py",
    r"class_weight=balanced": "tests/test_class_weights.py",
    r"split\.share=": "tests/test_split.py",
    r"KERAS_BACKEND=jax dvc repro|others\.txt": "tests/test_without_tensorflow.py",
    r"git merge|dvc repro$|git commit -a$": "tests/test_merge.py",
    r"\.ci/report": "tests/test_report.py",
    r"pytest|\.ci/run": ".ci/run",
}


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, kinds: str) -> list[tuple[str, str]]:
    """Return kind and content of a page's code blocks."""
    return re.findall(rf"```({kinds})\n(.*?)```", read(page), re.DOTALL)


def commands(page: str) -> list[tuple[str, str]]:
    """Return what a test can run of a page: all but the README's two commands that set up."""
    return blocks(page, "bash|python")[2 if page == "README.md" else 0 :]


def test_readme_begins_with_the_two_commands_of_one_line():
    (_, run), (_, test) = blocks("README.md", "bash")[:2]
    assert run.count("\n") == test.count("\n") == 1
    assert "pip install -r requirements.txt" in run
    assert run.rstrip().endswith("dvc repro")
    assert test.rstrip().endswith("pytest")


def test_pages_are_short():
    assert read("README.md").count("\n") <= 150
    lengths = {page: read(page).count("\n") for page in PAGES if page.startswith("docs/")}
    assert {page for page, length in lengths.items() if length > 120} == set()


def test_commands_of_the_readme_work_as_they_stand(fresh):
    """With the edit that it asks for: compared, kept, and nothing left to drop."""
    ((knob, value, section),) = re.findall(EDIT, read("README.md"))
    fresh.set({f"{section}.{knob}": json.loads(value)})
    change, keep, drop, predict = (content for _, content in commands("README.md"))
    out = fresh.sh(f"set -e\n{change}").stdout
    assert re.search(r"baseline\.learning_rate +0\.0005 +0\.001", out)
    assert re.search(r"reports/train/metrics\.json +val_loss +[0-9.]+ +[0-9.]+", out)
    assert "50 test images; first: HEAD; second: the workspace" in out
    page = (fresh.folder / "dvc_plots" / "index.html").read_text(encoding="utf-8")
    titles = ("Loss after each epoch", "Confusion matrix", "Reliability")
    assert [title for title in titles if title not in page] == []
    for command in (keep, drop):
        fresh.sh(f"set -e\n{command}")
        assert fresh.sh("git status --porcelain").stdout == ""
        assert "up to date" in fresh.sh("dvc status").stdout
    assert "tests/photo.jpg  " in fresh.sh(f"set -e\n{predict}").stdout


OWN_DATA = "docs/your-data.md"  # whose commands tests/test_own_data.py runs
TRAINING = {"docs/experiments.md", "docs/recipes.md"}  # pages that train


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.slow] if page in TRAINING else [])
        for page in PAGES[1:]
        if commands(page) and page != OWN_DATA
    ],
)
def test_commands_of_a_page_work_as_they_stand(page, fresh):
    for kind, content in commands(page):
        if kind == "bash":
            fresh.sh(f"set -eo pipefail\n{content}")
        else:
            (fresh.folder / "block.py").write_text(content, encoding="utf-8")
            fresh.sh("python block.py && rm block.py")


def test_editors_find_experiments_plots_and_pictures_in_the_json_that_they_ask_for(fresh):
    """The commands of DVC's extension for VS Code."""
    shown = json.loads(fresh.sh("dvc exp show --json").stdout)
    metrics = shown[0]["data"]["metrics"]
    assert metrics["reports/evaluate/metrics.json"]["data"]["accuracy"] > 0
    plots = json.loads(fresh.sh("dvc plots diff --split --json -o .dvc/tmp/plots").stdout)["data"]
    expected = {"loss", "accuracy", "confusion", "reliability", "reports/evaluate/samples.png"}
    assert expected <= plots.keys()
    (picture, *_) = plots["reports/evaluate/samples.png"]
    assert picture["type"] == "image"
    with open(picture["url"], "rb") as file:
        assert file.read(4) == b"\x89PNG"
    assert plots["loss"][0]["type"] == "vega"


def test_every_other_command_is_run_by_a_test_or_named_as_none():
    for page in PAGES:
        for _, content in blocks(page, "console"):
            for line in re.findall(r"^\$ (.*?)(?: +#.*)?$", content, re.MULTILINE):
                known = [place for pattern, place in ELSEWHERE.items() if re.search(pattern, line)]
                assert known, f"{page}: {line}"
                assert all(place is None or (ROOT / place).exists() for place in known), line


def test_links_lead_to_files_and_headings():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)]+)\)", read(page)):
            if "://" in target:
                continue
            name, _, anchor = target.partition("#")
            path = (ROOT / page).parent / name if name else ROOT / page
            assert path.exists(), f"{page}: {target}"
            if anchor:
                headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
                known = [
                    re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in headings
                ]
                assert anchor in known, f"{page}: {target}"


@pytest.mark.parametrize(
    ("page", "results"),
    [
        ("docs/predict.md", "bench/exports.md"),
        ("docs/scaling.md", "bench/scale.md"),
        ("docs/scaling.md", "bench/processes.md"),
        ("docs/serve.md", "bench/serve.md"),
        ("docs/speed.md", "bench/results.md"),
    ],
)
def test_figures_are_what_the_benchmarks_wrote(page, results):
    """Every line, and no row of a table like them that is not theirs."""
    lines = read(page).splitlines()
    assert [line for line in read(results).splitlines() if line not in lines] == []
    files = ("results", "exports", "scale", "serve", "processes")
    written = "".join(read(f"bench/{name}.md") for name in files)
    rows = [line for line in lines if re.match(r"\|.*\| [0-9.,]+ [|(]", line)]
    assert [row for row in rows if row not in written and "fetch" not in row] == []


def test_ratio_of_processes_is_the_benchmarks():
    ratio = re.search(r"two processes.* (\S+) \|$", read("bench/processes.md"), re.MULTILINE)[1]
    assert f"each are {ratio} × as fast" in read("docs/scaling.md")


@published
def test_sample_output_of_the_readme_has_the_committed_figures():
    train = json.loads(read("reports/train/metrics.json"))
    test = json.loads(read("reports/evaluate/metrics.json"))
    readme = read("README.md")
    best = f"best epoch {train['best_epoch']}  val_accuracy {train['val_accuracy']:.4f}"
    assert f"train: {best}\n" in readme
    line = "  ".join(f"{name} {figure:.4f}" for name, figure in test.items())
    assert f"evaluate: {line}\n" in readme
    assert f"train: baseline, {train['parameters']:,} parameters" in readme


@published
def test_committed_run_on_the_pages_has_the_committed_figures():
    test = json.loads(read("reports/evaluate/metrics.json"))
    interval = (
        f"95 % interval {100 * test['accuracy_low']:.2f} to {100 * test['accuracy_high']:.2f}"
    )
    words = " ".join(read("docs/recipes.md").split())
    assert f"The committed run has {test['accuracy']:.2%}".replace("%", " %") in words
    assert interval in words


@published
def test_behaviour_and_gate_on_the_page_have_the_committed_figures():
    page = read("docs/metrics.md")
    figures = json.loads(read("reports/evaluate/behaviour.json"))
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([0-9.]+) % \|.*?([0-9.]+) % \|$", page, re.MULTILINE)
    received = {name: (float(kept), float(worst)) for name, kept, worst in rows}
    assert received == {
        change: tuple(pytest.approx(100 * figures[name], abs=0.0501) for name in names)
        for change, names in NAMES.items()
    }
    (knobs,) = re.findall(r"^gate: (\{.*\})$", page, re.MULTILINE)
    figures |= json.loads(read("reports/evaluate/metrics.json"))
    lines, short = check(YAML(typ="safe").load(knobs), figures)
    assert "\n".join(lines) in page
    assert not short


@published
def test_exported_files_on_the_page_have_the_committed_sizes():
    export = json.loads(read("reports/export/metrics.json"))
    for kind in ("keras", "onnx", "tflite"):
        assert f"| {export[f'{kind}_bytes']:,} |" in read("docs/predict.md")


def test_page_on_recipes_has_every_option_and_a_star_where_it_can_be_left_out():
    page = read("docs/recipes.md").split("## The options")[1]
    found = dict(re.findall(r"^\| `(\w+)`( \*)? \|", page, re.MULTILINE))
    expected = {}
    for recipe in RECIPES.values():
        for name, field in recipe.model_fields.items():
            is_stated = field.is_required() or name == "teacher"  # by every recipe, for DVC's sake
            expected[name] = "" if is_stated else " *"
    assert found == expected


def results(page: str) -> dict[str, list[str]]:
    """Return the figures of each recipe in a page's table, by column."""
    table = re.search(r"## Results\n.*?\n(\|.*?)\n\n", read(page), re.DOTALL)[1]
    head, _, *rows = re.findall(r"^\|(.*)\|$", table, re.MULTILINE)
    columns = [cell.strip() for cell in head.split("|")]
    found = {}
    for row in rows:
        cells = [cell.strip() for cell in row.split("|")]
        found[cells[0]] = dict(zip(columns, cells, strict=True))
    return found


def test_results_of_the_readme_are_those_of_the_page_on_recipes():
    page = results("docs/recipes.md")
    for recipe, row in results("README.md").items():
        assert page[recipe]["validation"].endswith(f"n = {row['n']}")
        for column in ("parameters", "test accuracy", "training"):
            assert row[column] == page[recipe][column]
