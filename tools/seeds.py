"""Measure how much a recipe's figures depend on chance: train it with several seeds.

    python -m tools.seeds mlp --seeds 5
    python -m tools.seeds mlp --splits 5

Each seed is a DVC experiment in a folder of its own. So the workspace stays as it is, and
`dvc exp show` lists the runs. DVC keeps what has run: a command that was stopped goes on where it
was. Prints mean ± standard deviation and range of every metric of train and evaluate, over
`train.seed` 1, 2, …. With `--splits`, `split.seed` is the same number: that is the spread that a
user of another split should expect.
"""

import argparse
import json
import re
import statistics

from classifier import parameters
from classifier.errors import InputError
from classifier.process.command import run
from classifier.process.lock import LOCKS, held
from tools.experiments import GRACE_SECONDS, remove_leftovers, running
from tools.revisions import find, read_file
from tools.terminal import show

AGAIN = "the same command"
FILES = ("reports/train/metrics.json", "reports/evaluate/metrics.json")
HEADLINE = ("val_accuracy", "accuracy", "ece")


def train(knobs: dict, name: str) -> None:
    """Run the experiment of one seed, or take what it gives from the cache, as `name`."""
    seed = knobs["train.seed"]
    lines = []
    with running(name, knobs) as process:
        for line in process.stdout:
            lines.append(line)
            if found := re.search(r"epoch (\d+/\d+) .*(val_accuracy \S+)", line):
                show(f"seed {seed}  epoch {found[1]}  {found[2]}")
        status = process.wait()
    if status:
        last = "".join(lines[-5:]).strip()
        raise InputError(f"{name}: expected an experiment, received:\n{last}")


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
        is_count = all(isinstance(value, int) for value in values)
        form, ends_form = (".1f", "d") if is_count else (".4f", ".4f")
        spread = format(statistics.stdev(values), form) if len(values) > 1 else "–"
        ends = f"{min(values):{ends_form}} to {max(values):{ends_form}}"
        lines.append(f"{name:26}{mean:10{form}} ± {spread:8}{ends}")
    return lines


def parse() -> argparse.Namespace:
    text = (__doc__ or " ").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m tools.seeds", description=text)
    parser.add_argument("recipe", help="a section of params.yaml")
    number = parser.add_mutually_exclusive_group()
    seeds = "train.seed 1 to N (default: 5)"
    number.add_argument("--seeds", type=int, default=5, metavar="N", help=seeds)
    splits = "train.seed and split.seed 1 to N"
    number.add_argument("--splits", type=int, metavar="N", help=splits)
    knob = "another value of a knob in all runs, as of `dvc exp run`"
    parser.add_argument("-S", dest="knobs", action="append", default=[], metavar="KEY=X", help=knob)
    return parser.parse_args()


def main():
    options = parse()
    known = parameters.read().recipes
    if options.recipe not in known:
        expected = f"expected a recipe, one of {', '.join(known)}"
        raise InputError(f"{parameters.PATH}: {expected}, received {options.recipe!r}")
    kind = "seed" if options.splits is None else "split"
    count = options.seeds if options.splits is None else options.splits
    if count < 1:
        raise InputError(f"--{kind}s: expected 1 or more, received {count}")
    for knob in options.knobs:
        if "=" not in knob:
            raise InputError(f"-S: expected KEY=VALUE, received {knob!r}")

    with held(LOCKS / f"seeds-{options.recipe}.lock", "tools.seeds", AGAIN):
        measure(options.recipe, kind, count, options.knobs)


def measure(recipe: str, kind: str, count: int, settings: list[str]) -> None:
    """Run the experiments of all seeds, or splits, by `kind`; print what comes of them."""
    others = dict(setting.split("=", 1) for setting in settings)
    told = [re.sub("[^A-Za-z0-9]+", "-", setting) for setting in settings]
    commit = find("HEAD").commit[:7]  # on another, the same name would be ambiguous
    names = ["-".join([recipe, kind, str(n), *told, commit]) for n in range(1, count + 1)]
    for name in names:
        remove_leftovers(name)
    runs = []
    for number, name in enumerate(names, start=1):
        print(f"{kind} {number} of {count} …", flush=True)
        knobs = {"train.model": recipe, "train.seed": number}
        if kind == "split":
            knobs["split.seed"] = number
        train(knobs | others, name)
        metrics = read_metrics(name)
        runs.append(metrics)
        show("")
        headline = "  ".join(f"{key} {metrics[key]:.4f}" for key in HEADLINE)
        print(f"{kind} {number}  {headline}", flush=True)
    print("\n".join(summary(runs)))


if __name__ == "__main__":
    run(main, grace=GRACE_SECONDS)
