"""Times whole commands in a clone: the part `commands` of `python -m bench`.

Reads   dvc.yaml, params.yaml, data/raw

`python -m bench.commands start-up NAME` is one of the commands: it imports what a stage imports.
"""

import importlib
import itertools
import json
import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from bench.measure import Run, clone_into, median_and_range, table, timed
from classifier import parameters
from classifier.process.trusted import read_stages

ROUNDS = 5
COLD_ROUNDS = 3  # of whole trainings
NOTEBOOK_BATCH_SIZE = 32  # Keras' own; the pipeline's is measured beside it
PICTURES = Path("classifier/evaluation/pictures.py")  # only the stage evaluate imports it


class Timings:
    """Seconds of each command's runs, by a name for it, and validation accuracies they print."""

    def __init__(self):
        self.seconds = {}
        self.accuracies = {}

    def run(self, name: str, command: str, folder: Path) -> None:
        run = timed(command, folder)
        self.seconds.setdefault(name, []).append(run.seconds)
        found = re.findall(r"val_accuracy ([0-9.]+)", run.output)
        self.accuracies.setdefault(name, []).extend(map(float, found[-1:]))

    def table(self) -> str:
        heads = ["command", "seconds, median (range)", "runs", "validation accuracy, mean"]
        rows = []
        for name, seconds in self.seconds.items():
            accuracies = self.accuracies[name]
            accuracy = f"{statistics.mean(accuracies):.4f}" if accuracies else ""
            rows.append([name, median_and_range(seconds, 1), str(len(seconds)), accuracy])
        return table(heads, rows)


def stage_names() -> list[str]:
    return read_stages(Path("dvc.yaml"), "the stages", list)


def chain(names: list[str]) -> dict:
    """Return stages for a dvc.yaml of so many names: each but the first copies the one before."""
    first = names[0]
    stages = {first: {"cmd": f"echo 1 > {first}", "outs": [first]}}
    for before, name in itertools.pairwise(names):
        stages[name] = {"cmd": f"cp {before} {name}", "deps": [before], "outs": [name]}
    return stages


def make_empty_pipeline(folder: Path) -> Path:
    """Make a repository of as many stages as this one has, which do nothing: what DVC costs."""
    folder.mkdir()
    stages = chain(stage_names())
    (folder / "dvc.yaml").write_text(json.dumps({"stages": stages}), encoding="utf-8")
    timed("git init -q . && dvc init -q && dvc config core.analytics false && dvc repro", folder)
    return folder


def make_cold(clone: Path, seed: int) -> None:
    """Take everything away that `dvc repro` makes, and set the seed; raw files are at hand."""
    timed("git checkout -q . && git clean -fdxq && rm -rf .dvc/cache", clone)
    shutil.copytree("data/raw", clone / "data" / "downloads")  # where fetch looks first
    parameters.edit({"train.seed": seed}, clone / "params.yaml")


def append_comment(path: Path, number: int) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(f"# edit {number}\n")


def time_cold(timings: Timings, clone: Path, batch_size: int) -> None:
    """Time the whole pipeline, and the notebook beside it."""
    for seed in range(1, COLD_ROUNDS + 1):
        make_cold(clone, seed)
        timings.run("cold `dvc repro`", "dvc repro", clone)
        for size in (batch_size, NOTEBOOK_BATCH_SIZE):
            name = f"the notebook as a script, batch size {size}"
            timings.run(name, f"python -m bench.notebook {size} {seed}", clone)


def time_edits(timings: Timings, clone: Path, empty: Path) -> None:
    """Time what `dvc repro` takes in a clone where it has run."""
    for _ in range(2 * ROUNDS):
        timings.run("`dvc repro`, nothing to do", "dvc repro", clone)
        timings.run("the same in an empty pipeline of as many stages", "dvc repro", empty)
    for number in range(ROUNDS):
        append_comment(clone / PICTURES, number)
        timings.run("`dvc repro` after an edit of `evaluate`", "dvc repro", clone)
    params = parameters.read()
    knob = f"{params.sections['train'].model}.patience"
    parameters.edit({knob: (params.recipe.patience or 0) + 1}, clone / "params.yaml")
    timings.run("`dvc repro` after an edit of the recipe", "dvc repro", clone)


def stage_table(runs: dict[str, Run], start_up: dict[str, Run]) -> str:
    """Return a table of runs of each stage alone, and of its start-up, by its name."""
    rows = []
    for name, run in runs.items():
        seconds = [f"{run.seconds:.1f}", f"{start_up[name].seconds:.1f}"]
        rows.append([name, *seconds, f"{run.peak_mb:,.0f}"])
    return table(["stage alone", "seconds", "of them start-up", "peak memory, MB"], rows)


def measure_commands() -> list[str]:
    """Return the tables of whole commands and of the stages."""
    timings = Timings()
    with tempfile.TemporaryDirectory() as place:
        empty = make_empty_pipeline(Path(place, "empty"))
        clone = clone_into(Path(place, "clone"))
        time_cold(timings, clone, parameters.read().recipe.batch_size)
        time_edits(timings, clone, empty)
        runs = {}
        start_up = {}
        for name in stage_names():
            runs[name] = timed(f"python -m stages {name}", clone)
            start_up[name] = timed(f"python -m bench.commands start-up {name}", clone)
    return [timings.table(), stage_table(runs, start_up)]


def import_for_train() -> None:
    from classifier.backend.starting import load_keras

    load_keras()
    import dvclive  # noqa: F401

    from classifier.training import checkpoint, finish, fit, networks, tensorflow_fast  # noqa: F401


def import_for_predict() -> None:
    from classifier.backend.starting import load_keras

    load_keras()
    from classifier.evaluation import architecture  # noqa: F401


def import_for_evaluate() -> None:
    import pandas  # noqa: F401

    from classifier.evaluation import pictures  # noqa: F401


def import_for_export() -> None:
    from classifier.backend.starting import load_keras

    load_keras()
    import onnx  # noqa: F401
    import onnxruntime  # noqa: F401


IMPORTS = {  # of what a stage imports when it runs, beside its module
    "train": import_for_train,
    "predict": import_for_predict,
    "evaluate": import_for_evaluate,
    "export": import_for_export,
}


def start_up(name: str) -> None:
    """Import what a stage imports, and check params.yaml as the runner does."""
    importlib.import_module(f"stages.{name}")
    parameters.read()
    if name in IMPORTS:
        IMPORTS[name]()


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "start-up" or sys.argv[2] not in stage_names():
        sys.exit(
            f"usage: python -m bench.commands start-up NAME, one of {', '.join(stage_names())}"
        )
    start_up(sys.argv[2])
