"""Search for good values of a recipe's knobs, on as many machines as there are.

    python -m tools.search --storage search.journal
    python -m tools.search --storage postgresql://user@host/database --write

Each call is a worker: start it as often as wanted, wherever the same commit, `params.yaml` and data are. Workers share
nothing but the storage. Together they train the recipe that `train.model` names `search.trials` times, with values
from `search.space`, on training data; validation data alone decides. What is stopped or killed can be started again.

Reads   params.yaml, data/processed/train_*.npy, data/split/*.npy
Writes  params.yaml with --write: the values of the best trial
"""

import argparse
import logging
import os
import sys

from stages import params
from stages.backend import load_keras
from stages.errors import InputError
from stages.process import run
from stages.train.__main__ import read_data

VARIABLE = "SEARCH_STORAGE"


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.search", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--storage",
        default=os.environ.get(VARIABLE),
        metavar="URL_OR_FILE",
        help=f"a database, as postgresql://user:password@host/database, or a journal file (default: ${VARIABLE})",
    )
    parser.add_argument("--study", metavar="NAME", help="of several in one storage (default: the recipe's)")
    parser.add_argument("--write", action="store_true", help="put the best values into params.yaml at the end")
    options = parser.parse_args()
    try:
        import optuna

        from tools.search import space, stopping, study, worker
    except ModuleNotFoundError:
        raise InputError("optuna: expected to be installed; run `pip install -r requirements/search.txt`") from None
    if not options.storage:
        raise InputError(f"--storage: expected a URL or a file, there or in the variable {VARIABLE}, received none")
    settings = params.read()
    name, search = settings.train.model, settings.search
    space.distributions(settings)  # for its errors, before anything takes time
    data = read_data()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with study.one_line_errors():
        storage = study.open_storage(options.storage)
        load_keras()
        logging.getLogger("tensorflow").setLevel(logging.ERROR)  # a trial traces anew, of which TensorFlow warns
        from tools.search import training

        mark = training.fingerprint(settings, data)
        shared = study.open_study(storage, options.study or name, mark, settings)
        stopping.listen()
        if not worker.work(shared, settings, training.trainer(settings, data)):
            os.execv(sys.executable, sys.orig_argv)
        best = study.best_first(shared)
        worker.say("\n".join(study.report(shared, search)))
    if not best:
        raise InputError("expected a complete trial, received none; change search.space, and add --study NAME")
    if options.write:
        space.write(space.knobs_of(best[0], search.space), name)
        figure = f"{search.metric} {best[0].value}"
        worker.say(f"trial {best[0].number} is in {params.PATH} now, under {name}; `dvc repro` gives {figure}")
    else:
        worker.say(f"the same command with --write puts trial {best[0].number} into {params.PATH}; then `dvc repro`")


if __name__ == "__main__":
    run(main)
