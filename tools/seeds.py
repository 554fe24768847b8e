"""Measure how much a recipe's figures depend on chance: train it with several seeds.

    python -m tools.seeds mlp --seeds 5

Each seed is a DVC experiment in a folder of its own. So the workspace stays as it is, and
`dvc exp show` lists the runs. DVC keeps what has run: a command that was stopped goes on where it
was. Prints mean ± standard deviation and range of every metric of train and evaluate, over
`train.seed` 1, 2, ….
"""

import argparse
import re
import statistics
import subprocess
import sys

import dvc.api

from classifier import parameters
from classifier.errors import InputError
from classifier.process.command import run
from tools.terminal import show

FILES = ("reports/train/metrics.json", "reports/evaluate/metrics.json")
HEADLINE = ("val_accuracy", "accuracy", "ece")


def train(recipe: str, seed: int, name: str) -> None:
    """Run the experiment of one seed, or take what it gives from the cache, as `name`."""
    dvc_exp = [sys.executable, "-m", "dvc", "exp"]
    subprocess.run([*dvc_exp, "remove", name], capture_output=True)  # of a former call, if any
    knobs = ["-S", f"train.model={recipe}", "-S", f"train.seed={seed}"]
    command = [*dvc_exp, "run", "--temp", "--name", name, *knobs]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if found := re.search(r"epoch (\d+/\d+) .*(val_accuracy \S+)", line):
            show(f"seed {seed}  epoch {found[1]}  {found[2]}")
    if process.wait():
        end = "".join(lines[-5:]).strip()
        raise InputError(f"seed {seed} of {recipe}: expected an experiment, received:\n{end}")


def summary(runs: list[dict]) -> list[str]:
    """Return a line a metric: mean, standard deviation (n - 1), range."""
    lines = [f"{'':26}{'mean':>10} ± {'std':8}range, n = {len(runs)}"]
    for name in runs[0]:
        values = [metrics[name] for metrics in runs]
        mean = statistics.mean(values)
        spread = statistics.stdev(values) if len(values) > 1 else float("nan")
        ends = f"{min(values):.4f} to {max(values):.4f}"
        lines.append(f"{name:26}{mean:10.4f} ± {spread:<8.4f}{ends}")
    return lines


def parse() -> argparse.Namespace:
    text = __doc__.splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m tools.seeds", description=text)
    parser.add_argument("recipe", help="a section of params.yaml")
    seeds = "train.seed 1 to N (default: 5)"
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help=seeds)
    return parser.parse_args()


def main():
    options = parse()
    known = parameters.read().recipes
    if options.recipe not in known:
        expected = f"expected a recipe, one of {', '.join(known)}"
        raise InputError(f"{parameters.PATH}: {expected}, received {options.recipe!r}")
    if options.seeds < 1:
        raise InputError(f"--seeds: expected 1 or more, received {options.seeds}")

    rev_parse = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(rev_parse, capture_output=True, text=True).stdout.strip()
    runs = []
    for seed in range(1, options.seeds + 1):
        # On another commit, the same name would be ambiguous.
        name = f"{options.recipe}-seed-{seed}-{commit}"
        show(f"seed {seed}")
        train(options.recipe, seed, name)
        metrics = dvc.api.metrics_show(*FILES, rev=name)
        runs.append(metrics)
        show("")
        headline = "  ".join(f"{key} {metrics[key]:.4f}" for key in HEADLINE)
        print(f"seed {seed}  {headline}", flush=True)
    print("\n".join(summary(runs)))


if __name__ == "__main__":
    run(main)
