"""Measure how much a recipe's figures depend on chance: train it with several seeds.

    python -m tools.seeds mlp --seeds 5

Each seed is a DVC experiment in a folder of its own. So the workspace stays as it is, and
`dvc exp show` lists the runs. DVC keeps what has run: a command that was stopped goes on where it
was. Prints mean ± standard deviation and range of every metric of train and evaluate, over
`train.seed` 1, 2, ….
"""

import argparse
import json
import re
import statistics
from pathlib import Path

from classifier import parameters
from classifier.errors import InputError
from classifier.process.command import run
from classifier.process.lock import held
from tools.experiments import GRACE_SECONDS, remove_leftovers, running
from tools.revisions import find, read_file
from tools.terminal import show

LOCKS = Path(".dvc/tmp")
AGAIN = "the same command"
FILES = ("reports/train/metrics.json", "reports/evaluate/metrics.json")
HEADLINE = ("val_accuracy", "accuracy", "ece")


def train(recipe: str, seed: int, name: str) -> None:
    """Run the experiment of one seed, or take what it gives from the cache, as `name`."""
    lines = []
    with running(name, {"train.model": recipe, "train.seed": seed}) as process:
        for line in process.stdout:
            lines.append(line)
            if found := re.search(r"epoch (\d+/\d+) .*(val_accuracy \S+)", line):
                show(f"seed {seed}  epoch {found[1]}  {found[2]}")
        status = process.wait()
    if status:
        last = "".join(lines[-5:]).strip()
        raise InputError(f"seed {seed} of {recipe}: expected an experiment, received:\n{last}")


def read_metrics(name: str) -> dict:
    """Return the metrics of an experiment."""
    revision = find(name)
    metrics = {}
    for file in FILES:
        metrics |= json.loads(read_file(revision, file))
    return metrics


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
    text = (__doc__ or " ").splitlines()[0]
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

    with held(LOCKS / f"seeds-{options.recipe}.lock", "tools.seeds", AGAIN):
        measure(options.recipe, options.seeds)


def measure(recipe: str, count: int) -> None:
    """Run the experiments of all seeds and print what comes of them."""
    commit = find("HEAD").commit[:7]
    names = {}
    for seed in range(1, count + 1):
        # On another commit, the same name would be ambiguous.
        names[seed] = f"{recipe}-seed-{seed}-{commit}"
        remove_leftovers(names[seed])
    runs = []
    for seed, name in names.items():
        print(f"seed {seed} of {count} …", flush=True)
        train(recipe, seed, name)
        metrics = read_metrics(name)
        runs.append(metrics)
        show("")
        headline = "  ".join(f"{key} {metrics[key]:.4f}" for key in HEADLINE)
        print(f"seed {seed}  {headline}", flush=True)
    print("\n".join(summary(runs)))


if __name__ == "__main__":
    run(main, grace=GRACE_SECONDS)
