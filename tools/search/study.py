"""The study that workers share: opened in a database or a journal file, and summed up."""

import contextlib
import os
import time

import optuna
import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.trial import TrialState

from stages import params
from stages.errors import InputError
from tools.search.space import knobs_of

BEST = 5  # trials in the table
LOCK = 5  # seconds after which a journal's lock is taken from whoever died with it; it is held for milliseconds


@contextlib.contextmanager
def one_line_errors():
    """Make an InputError of what a storage says when it cannot be reached or read; no URL, so no password, is in it."""
    try:
        yield
    except (StorageInternalError, sqlalchemy.exc.SQLAlchemyError) as error:
        cause = error.__cause__ if isinstance(error, StorageInternalError) and error.__cause__ else error
        raise InputError(f"--storage: {getattr(cause, 'orig', None) or cause}") from None


def open_storage(place: str):
    """Return the storage in a PostgreSQL database, by its URL, or in a journal file; raises InputError."""
    if "://" not in place:
        path = os.path.abspath(place)  # else Optuna waits for ever for the lock of a dead worker in another folder
        lock = JournalFileSymlinkLock(path, grace_period=LOCK)
        try:
            return JournalStorage(JournalFileBackend(path, lock))
        except (ValueError, LookupError, TypeError):
            raise InputError(f"{place}: expected a journal of Optuna's, received something else") from None
    try:
        url = sqlalchemy.make_url(place)
        is_known = url.drivername in ("postgres", "postgresql")
    except (ValueError, sqlalchemy.exc.ArgumentError):
        is_known = False
    if not is_known:
        expected = "expected a file, or postgresql://user:password@host/database with %40 for an @ in the password"
        raise InputError(f"--storage: {expected}, received something else")
    url = url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    utf8 = {"connect_args": {"client_encoding": "utf8"}}  # else psycopg gives bytes where the database is SQL_ASCII
    for patience in (3, 2, 1, 0):
        try:
            return RDBStorage(url, {"pool_pre_ping": True, **utf8})
        except (sqlalchemy.exc.IntegrityError, sqlalchemy.exc.ProgrammingError):
            if not patience:
                raise
            time.sleep(1)  # another worker is making the tables


def open_study(storage, name: str, mark: str, settings: params.Params):
    """Return the study `name` of the workers with this fingerprint, new or not; raises InputError if it is others'."""
    full_name = f"{name}-{mark[:16]}"  # in the name, so that no two workers can disagree on it
    names = optuna.get_all_study_names(storage)
    if full_name not in names and any(each.rpartition("-")[0] == name for each in names):
        expected = f"expected the data, parameters, code and versions that the study {name!r} was begun with"
        cure = "use the same commit, params.yaml and `dvc repro` everywhere, or begin another study with --study NAME"
        raise InputError(f"--storage: {expected}, received others; {cure}")
    return optuna.create_study(
        storage=storage,
        study_name=full_name,
        load_if_exists=True,
        direction="minimize" if settings.search.metric == "val_loss" else "maximize",
        sampler=optuna.samplers.TPESampler(),  # a seed would make all workers try the same
        pruner=optuna.pruners.MedianPruner(n_warmup_steps=settings.recipe.epochs // 4),
    )


def best_first(study) -> list:
    """Return the complete trials, those with the best figure first."""
    complete = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    sign = 1 if study.direction == optuna.study.StudyDirection.MINIMIZE else -1
    return sorted(complete, key=lambda trial: (sign * trial.value, trial.number))


def report(study, search: params.Search) -> list[str]:
    """Return lines on how the trials ended, and a table of the best."""
    trials = study.get_trials(deepcopy=False)
    counts = [sum(trial.state == state for trial in trials) for state in (TrialState.COMPLETE, TrialState.PRUNED)]
    again = sum("repeats" in trial.user_attrs and trial.state != TrialState.FAIL for trial in trials)
    rows = [("trial", search.metric, *search.space, "worker")]
    for trial in best_first(study)[:BEST]:
        figures = [f"{trial.value:.4f}", *map(str, knobs_of(trial, search.space).values())]
        rows.append((str(trial.number), *figures, trial.user_attrs["worker"]))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return [f"{sum(counts)} trials: {counts[0]} complete, {counts[1]} pruned; {again} of them run again", *table]
