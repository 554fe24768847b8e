"""Measure this project against other ways to do the same work: `python -m bench`, in a repository that has run once.

Writes  bench/results.md, which the README quotes

Everything that is compared alternates within one run, and every figure is a median; the machine may be noisy, so
read the ratios. `python -m bench epochs` (or `scaling`, `commands`) measures one part and writes nothing.
"""

import importlib.metadata
import itertools
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from ruamel.yaml import YAML

from bench.contenders import CONTENDERS, IMAGES, VALIDATION_IMAGES
from stages import params

ROUNDS = 5  # timed ones, after one that is not
LONG_ROUNDS = 3  # of whole trainings
STAGES = ("fetch", "preprocess", "split", "train", "evaluate", "export")
RESULTS = Path("bench/results.md")


class Contender:
    """A process that trains an epoch on request (see `bench.contenders`)."""

    def __init__(self, name: str, batch_size: int, *more: str):
        command = [sys.executable, "-m", "bench.contenders", name, str(batch_size), *more]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.seconds = []

    def ask(self, line: str) -> float:
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def timed(self, line: str) -> tuple[float, float]:
        start = time.perf_counter()
        return self.ask(line), time.perf_counter() - start

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def alternate(contenders: list[Contender]) -> None:
    """Run each contender for an untimed epoch, then `ROUNDS` timed ones in turn."""
    for contender in contenders:
        contender.ask("epoch")
    for _ in range(ROUNDS):
        for contender in contenders:
            contender.seconds.append(contender.ask("epoch"))


def epochs(batch_size: int) -> str:
    """Return the table of epoch times at one batch size."""
    contenders = {name: Contender(name, batch_size) for name in CONTENDERS}
    alternate(list(contenders.values()))
    own = contenders["pipeline"].seconds
    lines = [
        f"One epoch of {IMAGES:,} images at batch size {batch_size}; medians of {ROUNDS}, after a warm-up, in turn:",
        "",
        "| | seconds (range) | images/s | × this project's | validation accuracy after them | predicts images/s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, contender in contenders.items():
        median = statistics.median(contender.seconds)
        spread = f"{min(contender.seconds):.2f} to {max(contender.seconds):.2f}"
        quality = " | "
        if name != "floor":
            accuracies, seconds = zip(*(contender.timed("accuracy") for _ in range(ROUNDS + 1)), strict=True)
            quality = f"{accuracies[0]:.4f} | {VALIDATION_IMAGES / statistics.median(seconds[1:]):,.0f}"
        contender.close()
        lines.append(
            f"| {CONTENDERS[name].__doc__.splitlines()[0]} | {median:.2f} ({spread}) | {IMAGES / median:,.0f} "
            f"| {median / statistics.median(own):.2f} | {quality} |"
        )
    return "\n".join(lines)


def scaling() -> str:
    """Return the table of epoch time and peak memory by number of images, repeated ones beyond 54,000."""
    sizes = (6_000, 60_000, 600_000)
    contenders = [Contender("pipeline", 128, str(size)) for size in sizes]
    alternate(contenders)
    lines = [
        "The pipeline's epoch by number of images, batch size 128:",
        "",
        "| images | seconds | microseconds an image | peak memory, MB | of that data, MB |",
        "| --- | --- | --- | --- | --- |",
    ]
    for size, contender in zip(sizes, contenders, strict=True):
        median, memory = statistics.median(contender.seconds), contender.ask("memory")
        contender.close()
        lines.append(
            f"| {size:,} | {median:.2f} | {1e6 * median / size:.1f} | {memory / 1e6:,.0f} | {size * 784 / 1e6:,.0f} |"
        )
    return "\n".join(lines)


IMPORTS = "from stages import params; from stages.backend import load_keras; "
START_UP = {
    "fetch": "import stages.fetch",
    "preprocess": "import stages.preprocess",
    "split": "import stages.split",
    "train": f"{IMPORTS} load_keras(); import dvclive; from stages.train import fitting, networks, picture, saving",
    "evaluate": f"{IMPORTS} load_keras(); import pandas; from stages.evaluate import pictures, scores",
    "export": f"{IMPORTS} load_keras(); import onnx, onnxruntime",
}


def timed(command: str, folder: Path) -> tuple[float, float, str]:
    """Run a command; return its seconds, its peak memory in MB and its output."""
    env = os.environ | {"DVC_SITE_CACHE_DIR": str(folder / ".dvc" / "tmp" / "site")}
    start = time.perf_counter()
    process = subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"bench: {command}: {output}")
    return time.perf_counter() - start, usage.ru_maxrss * 1024 / 1e6, output


def empty_pipeline(folder: Path) -> Path:
    """Make a repository of as many stages as this project's, which copy a number: what DVC itself costs."""
    folder.mkdir()
    names = list(YAML(typ="safe").load(Path("dvc.yaml"))["stages"])
    stages = {names[0]: {"cmd": f"echo 1 > {names[0]}", "outs": [names[0]]}}
    for before, name in itertools.pairwise(names):
        stages[name] = {"cmd": f"cp {before} {name}", "deps": [before], "outs": [name]}
    (folder / "dvc.yaml").write_text(json.dumps({"stages": stages}))
    timed("git init -q . && dvc init -q && dvc config core.analytics false && dvc repro", folder)
    return folder


def commands() -> str:
    """Return the tables of whole commands, in a clone with a cache of its own, and of the stages."""
    seconds, accuracies = {}, {}

    def note(name, command, folder):
        taken, _, output = timed(command, folder)
        seconds.setdefault(name, []).append(taken)
        found = re.findall(r"val_accuracy ([0-9.]+)", output)
        accuracies.setdefault(name, []).extend(map(float, found[-1:]))

    with tempfile.TemporaryDirectory() as place:
        clone, empty = Path(place, "clone"), empty_pipeline(Path(place, "empty"))
        timed(f"git clone -q . {clone}", Path.cwd())
        local = f"sed -i 's|source: auto  |source: {Path('data/raw').resolve()}|' params.yaml"
        batch_size = params.read().recipe.batch_size
        for seed in range(1, LONG_ROUNDS + 1):
            timed(f"git checkout -q . && git clean -fdxq && rm -rf .dvc/cache && {local}", clone)
            note("cold `dvc repro`", f"sed -i '/^train:/,$ s/seed: 42/seed: {seed}/' params.yaml && dvc repro", clone)
            for size in (batch_size, 32):
                note(f"the notebook as a script, batch size {size}", f"python -m bench.notebook {size} {seed}", clone)
        for _ in range(2 * ROUNDS):
            note("`dvc repro`, nothing to do", "dvc repro", clone)
            note("the same in an empty pipeline of as many stages", "dvc repro", empty)
        for rows in range(4, 4 + ROUNDS):
            edit = f"sed -i 's/mistake_rows: [0-9]*/mistake_rows: {rows}/' params.yaml"
            note("`dvc repro` after an edit of `evaluate`", f"{edit} && dvc repro", clone)
        edit = "sed -i 's/patience: 3/patience: 4/' params.yaml"
        note("`dvc repro` after an edit of the recipe", f"{edit} && dvc repro", clone)
        stages = {name: timed(f"python -m stages.{name}", clone)[:2] for name in STAGES}
        start_up = {name: timed(f"python -c '{code}'", clone)[0] for name, code in START_UP.items()}
    lines = ["| command | seconds, median (range) | runs | validation accuracy, mean |", "| --- | --- | --- | --- |"]
    for name, times in seconds.items():
        spread = f" ({min(times):.1f} to {max(times):.1f})" if len(times) > 1 else ""
        accuracy = f"{statistics.mean(accuracies[name]):.4f}" if accuracies[name] else ""
        lines.append(f"| {name} | {statistics.median(times):.2f}{spread} | {len(times)} | {accuracy} |")
    lines += ["", "| stage alone | seconds | of them start-up | peak memory, MB |", "| --- | --- | --- | --- |"]
    for name, (taken, memory) in stages.items():
        lines.append(f"| {name} | {taken:.1f} | {start_up[name]:.1f} | {memory:,.0f} |")
    return "\n".join(lines)


PARTS = {
    "epochs": lambda: f"{epochs(128)}\n\n{epochs(32)}",
    "scaling": scaling,
    "commands": commands,
}
PACKAGES = ("tensorflow", "keras", "torch", "jax", "dvc")


def machine(*names: str) -> str:
    """Return a line on the processor, the versions of packages and the date."""
    cpu = re.search(r"Model name:\s*(.*)", subprocess.run(["lscpu"], capture_output=True, text=True).stdout)
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    return (
        f"{os.cpu_count()} × {cpu[1] if cpu else platform.machine()}, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}; {date.today()}"
    )


def main():
    chosen = sys.argv[1:] or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        sys.exit(f"bench: expected any of {', '.join(PARTS)}, received {' '.join(unknown)}")
    start = time.perf_counter()
    tables = "\n\n".join(PARTS[name]() for name in chosen)
    text = f"{machine(*PACKAGES)}; `python -m bench`, {(time.perf_counter() - start) / 60:.0f} minutes\n\n{tables}\n"
    print(text)
    if len(chosen) == len(PARTS):
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
