"""Search for good values of a recipe's knobs, on as many machines as there are.

    python -m tools.search --storage search.journal
    python -m tools.search --storage postgresql://user@host/database --write

Each call is a worker: start it as often as wanted, wherever the same commit, `params.yaml` and data
are. Workers share nothing but the storage. Together they train the recipe that `train.model` names
`search.trials` times, with values from `search.space`, on training data; validation data alone
decides. What is stopped or killed can be started again.

Reads   params.yaml, data/processed/train_*.npy, data/split/*.npy
Writes  params.yaml with --write: the values of the best trial
"""

import argparse
import logging
import os
import sys
from pathlib import Path

from classifier import parameters
from classifier.backend.starting import load_keras
from classifier.drawing.figures import write_figure
from classifier.errors import InputError
from classifier.process.command import run
from classifier.process.trusted import check_installed
from stages.train import read_data
from tools.terminal import png, requiring

VARIABLE = "SEARCH_STORAGE"
KERAS = Path("requirements/keras.in")  # the packages that a search depends on


def parse() -> argparse.Namespace:
    summary = (__doc__ or " ").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m tools.search", description=summary)
    database = "a database, as postgresql://user:password@host/database"
    storage = f"{database}, or a journal file (default: ${VARIABLE})"
    study = "of several in one storage (default: the recipe's)"
    write = "put the best values into params.yaml at the end"
    default = os.environ.get(VARIABLE)
    parser.add_argument("--storage", default=default, metavar="URL_OR_FILE", help=storage)
    parser.add_argument("--study", metavar="NAME", help=study)
    parser.add_argument("--write", action="store_true", help=write)
    drawing = "draw the trials' figures against each knob"
    parser.add_argument("--picture", type=png, metavar="FILE.png", help=drawing)
    return parser.parse_args()


def main():
    options = parse()
    with requiring("search"):
        import optuna

        from tools.search import space, stopping, study, worker
    if not options.storage:
        expected = f"a URL or a file, there or in the variable {VARIABLE}"
        raise InputError(f"--storage: expected {expected}, received none")
    params = parameters.read()
    space.distributions(params)  # for its errors, before anything takes time
    check_installed(KERAS)
    data = read_data(params.recipe)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with study.one_line_errors():
        storage = study.open_storage(options.storage)
        load_keras()
        from tools.search import training

        tensorflow = logging.getLogger("tensorflow")
        tensorflow.setLevel(logging.ERROR)  # it would warn that each trial traces anew
        mark = training.fingerprint(params, data)
        name = options.study or params.sections["train"].model
        shared = study.open_study(storage, name, mark, params)
        stopping.listen()
        if not worker.work(shared, params, training.make_trial(params, data)):
            os.execv(sys.executable, sys.orig_argv)
        best = study.best_first(shared)
        worker.say("\n".join(study.report(shared, params.sections["search"])))
    if not best:
        cure = "change search.space, and add --study NAME"
        raise InputError(f"expected a complete trial, received none; {cure}")
    if options.picture:
        draw(options.picture, shared, params)
    use(best[0], params, options.write)


def draw(path: Path, shared, params: parameters.Params) -> None:
    from tools.search import picture, worker

    write_figure(path, picture.draw(shared, params.sections["search"].metric))
    worker.say(f"drew {path}")


def use(trial, params: parameters.Params, is_written: bool) -> None:
    """Put the values of a trial into params.yaml, or say how that is done."""
    from tools.search import space, worker

    search = params.sections["search"]
    if not is_written:
        write = f"the same command with --write puts trial {trial.number} into {parameters.PATH}"
        worker.say(f"{write}; then `dvc repro`")
        return
    recipe = params.sections["train"].model
    knobs = space.knobs_of(trial, search.space)
    parameters.edit({f"{recipe}.{knob}": value for knob, value in knobs.items()})
    given = f"`dvc repro` gives {search.metric} {trial.value}"
    worker.say(f"trial {trial.number} is in {parameters.PATH} now, under {recipe}; {given}")


if __name__ == "__main__":
    run(main)
