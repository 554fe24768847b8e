"""Measure how much a recipe's figures depend on chance: train it with several seeds.

    python -m tools.seeds mlp --seeds 5

Each seed is a DVC experiment in a folder of its own, so the workspace stays as it is, `dvc exp show` lists the runs
and, since DVC keeps what has run, a command that was stopped goes on where it was. Prints mean ± standard deviation
and range of every metric of train and evaluate, over `train.seed` 1, 2, ….
"""

import argparse
import re
import statistics
import subprocess
import sys

import dvc.api

from stages import params
from stages.errors import InputError
from stages.process import run

FILES = ("reports/train/metrics.json", "reports/evaluate/metrics.json")
HEADLINE = ("val_accuracy", "accuracy", "ece")


def train(recipe: str, seed: int, name: str) -> None:
    """Run the experiment of one seed, or take what it gives from the cache, as `name`."""
    dvc = [sys.executable, "-m", "dvc", "exp"]
    subprocess.run([*dvc, "remove", name], capture_output=True)  # of a former call, if any
    command = [*dvc, "run", "--temp", "--name", name, "-S", f"train.model={recipe}", "-S", f"train.seed={seed}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if found := re.search(r"epoch (\d+/\d+) .*(val_accuracy \S+)", line):
            show(f"seed {seed}  epoch {found[1]}  {found[2]}")
    if process.wait():
        raise InputError(f"seed {seed} of {recipe}: expected an experiment, received:\n{''.join(lines[-5:]).strip()}")


def show(text: str) -> None:
    """Replace the progress line; nothing where nobody watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def summary(runs: list[dict]) -> list[str]:
    """Return a line a metric: mean, standard deviation (n - 1), range."""
    lines = [f"{'':26}{'mean':>10} ± {'std':8}range, n = {len(runs)}"]
    for name in runs[0]:
        values = [metrics[name] for metrics in runs]
        spread = statistics.stdev(values) if len(values) > 1 else float("nan")
        lines.append(f"{name:26}{statistics.mean(values):10.4f} ± {spread:<8.4f}{min(values):.4f} to {max(values):.4f}")
    return lines


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.seeds", description=__doc__.splitlines()[0])
    parser.add_argument("recipe", help="a section of params.yaml")
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="train.seed 1 to N (default: 5)")
    options = parser.parse_args()
    known = params.read().model_extra
    if options.recipe not in known:
        raise InputError(f"{params.PATH}: expected a recipe, one of {', '.join(known)}, received {options.recipe!r}")
    if options.seeds < 1:
        raise InputError(f"--seeds: expected 1 or more, received {options.seeds}")

    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    runs = []
    for seed in range(1, options.seeds + 1):
        name = f"{options.recipe}-seed-{seed}-{head}"  # the same name on another commit would be ambiguous
        show(f"seed {seed}")
        train(options.recipe, seed, name)
        runs.append(dvc.api.metrics_show(*FILES, rev=name))
        show("")
        print(f"seed {seed}  " + "  ".join(f"{key} {runs[-1][key]:.4f}" for key in HEADLINE), flush=True)
    print("\n".join(summary(runs)))


if __name__ == "__main__":
    run(main)
