"""The study that workers share: opened in a database or a journal file, and summed up."""

import contextlib
import json
import os
import time
from pathlib import Path

import optuna
import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.trial import TrialState

from classifier.errors import InputError
from classifier.parameters import Params
from tools.search.settings import Search
from tools.search.space import knobs_of
from tools.terminal import columns

TABLE_TRIALS = 5  # the best, in the table
# After which a journal's lock, held for milliseconds, is taken from whoever died with it.
LOCK_SECONDS = 5
BEGIN = b'{"op_code":'  # of each line of a journal
TABLES_TRIES = 4  # for another worker may be making the database's tables


@contextlib.contextmanager
def one_line_errors():
    """Make an InputError of what a storage says when it cannot be reached or read.

    No URL, so no password, is in it.
    """
    try:
        yield
    except (StorageInternalError, sqlalchemy.exc.SQLAlchemyError) as error:
        cause = error
        if isinstance(error, StorageInternalError) and error.__cause__:
            cause = error.__cause__
        raise InputError(f"--storage: {getattr(cause, 'orig', None) or cause}") from None


def open_storage(place: str):
    """Return the storage in a PostgreSQL database, by its URL, or in a journal file.

    Raises:
        InputError: there is something else.
    """
    return _open_database(place) if "://" in place else _open_journal(place)


def _open_journal(place: str) -> JournalStorage:
    # Of a relative path, Optuna would wait for ever for the lock of a dead worker elsewhere.
    path = os.path.abspath(place)
    lock = JournalFileSymlinkLock(path, grace_period=LOCK_SECONDS)
    try:
        mend_journal(Path(path), lock)
        storage = JournalStorage(JournalFileBackend(path, lock))
        storage.get_all_studies()  # reads all of it
        return storage
    except (ValueError, LookupError, TypeError, AssertionError, RecursionError):
        expected = f"{place}: expected a journal of Optuna's"
        raise InputError(f"{expected}, received something else") from None


def mend_journal(path: Path, lock: JournalFileSymlinkLock) -> None:
    """Cut a journal back to its last good line: a kill or a full disk can leave half of one.

    What the next worker appended to that would be lost, and with it all that follows.

    Raises:
        ValueError: the file does not begin as a journal.
    """
    lock.acquire()
    try:
        content = path.read_bytes() if path.exists() else b""
        first, _, _ = content.partition(b"\n")
        if content and not (first.startswith(BEGIN) or BEGIN.startswith(first)):
            raise ValueError
        *lines, last = content.splitlines(keepends=True) or [b""]
        if not last or _is_whole(last):
            return
        os.truncate(path, sum(map(len, lines)))
        said = f"{len(last)} bytes of a line that was written in part are cut off"
        print(f"search: {path}: {said}", flush=True)
    finally:
        lock.release()


def _is_whole(line: bytes) -> bool:
    """Whether it is one that Optuna has written to its end."""
    try:
        return line.endswith(b"\n") and "op_code" in json.loads(line)
    except (ValueError, TypeError, RecursionError):
        return False


def _open_database(place: str) -> RDBStorage:
    try:
        url = sqlalchemy.make_url(place)
        is_known = url.drivername in ("postgres", "postgresql")
    except (ValueError, sqlalchemy.exc.ArgumentError):
        is_known = False
    if not is_known:
        url_form = "postgresql://user:password@host/database with %40 for an @ in the password"
        raise InputError(f"--storage: expected a file, or {url_form}, received something else")
    url = url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    # Else psycopg gives bytes where the database is SQL_ASCII.
    utf8 = {"connect_args": {"client_encoding": "utf8"}}
    for tries_left in reversed(range(TABLES_TRIES)):
        try:
            return RDBStorage(url, {"pool_pre_ping": True, **utf8})
        except (sqlalchemy.exc.IntegrityError, sqlalchemy.exc.ProgrammingError):
            if not tries_left:
                raise
            time.sleep(1)


def open_study(storage, name: str, mark: str, params: Params):
    """Return the study `name` of the workers with this fingerprint, new or not.

    Raises:
        InputError: it is that of workers with another fingerprint.
    """
    full_name = f"{name}-{mark[:16]}"  # so that no two workers can disagree on the mark
    names = optuna.get_all_study_names(storage)
    if full_name not in names and any(each.rpartition("-")[0] == name for each in names):
        begun = f"that the study {name!r} was begun with, received others"
        expected = f"expected the data, parameters, code and versions {begun}"
        cure = "use the same commit, params.yaml and `dvc repro` everywhere"
        other = "or begin another study with --study NAME"
        raise InputError(f"--storage: {expected}; {cure}, {other}")
    metric = params.sections["search"].metric
    return optuna.create_study(
        storage=storage,
        study_name=full_name,
        load_if_exists=True,
        direction="minimize" if metric == "val_loss" else "maximize",
        sampler=optuna.samplers.TPESampler(),  # a seed would make all workers try the same
        pruner=optuna.pruners.MedianPruner(n_warmup_steps=params.recipe.epochs // 4),
    )


def best_first(study) -> list:
    """Return the complete trials, those with the best figure first."""
    complete = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    sign = 1 if study.direction == optuna.study.StudyDirection.MINIMIZE else -1
    return sorted(complete, key=lambda trial: (sign * trial.value, trial.number))


def report(study, search: Search) -> list[str]:
    """Return lines on how the trials ended, and a table of the best."""
    trials = study.get_trials(deepcopy=False)
    states = [trial.state for trial in trials]
    complete = states.count(TrialState.COMPLETE)
    pruned = states.count(TrialState.PRUNED)
    repeats = [trial for trial in trials if "repeats" in trial.user_attrs]
    again = sum(trial.state != TrialState.FAIL for trial in repeats)
    ended = f"{complete + pruned} trials: {complete} complete, {pruned} pruned"
    rows = [("trial", search.metric, *search.space, "worker")]
    for trial in best_first(study)[:TABLE_TRIALS]:
        knobs = map(str, knobs_of(trial, search.space).values())
        rows.append((str(trial.number), f"{trial.value:.4f}", *knobs, trial.user_attrs["worker"]))
    return [f"{ended}; {again} of them run again", *columns(rows)]
