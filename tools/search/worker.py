"""A worker: trains trial after trial of a study, beside others that may end at any moment."""

import contextlib
import os
import platform
import sys
import threading
import time

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from stages import params
from stages.errors import InputError
from tools.search.space import distributions, knobs_of
from tools.search.stopping import ending

LOST = 3  # workers that may die of one trial before it counts as pruned
RENEWED = 40  # trials after which a worker starts anew: each leaves some 25 MB with TensorFlow
POLL = 1.0  # seconds between two looks for something to do


class Live:
    """Takes the place of `dvclive.Live` in `fitting.fit`: tells the study each epoch's figure; may prune the trial."""

    def __init__(self, trial, metric: str):
        self.trial, self.metric, self.step = trial, metric, 0

    def log_metric(self, name: str, figure: float) -> None:
        if name == self.metric:
            with ending(False):
                self.trial.report(figure, self.step)
            show(f"trial {self.trial.number}  epoch {self.step}  {name} {figure:.4f}")

    def next_step(self) -> None:
        with ending(False):
            is_hopeless = self.trial.should_prune()
        if is_hopeless:
            raise optuna.TrialPruned


class Watch(threading.Thread):
    """Shows the other workers that this one is alive, and gives back the trials of those that are not.

    A trial is dead when nothing about it has changed for `grace` seconds by this process's own clock: no two clocks
    are compared, and any storage will do.
    """

    def __init__(self, study, grace: float):
        super().__init__(daemon=True)
        self.study, self.grace, self.trial, self.seen, self.ended = study, grace, None, {}, threading.Event()

    def run(self):
        while not self.ended.wait(self.grace / 6):
            with contextlib.suppress(Exception):  # what is wrong with the storage, the main thread will hear of
                self.show_life()
            with contextlib.suppress(Exception):
                self.look()

    def show_life(self):
        if self.trial:
            self.trial.set_user_attr("alive", time.time())

    def look(self):
        now = time.monotonic()
        for trial in self.study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
            sign = trial.user_attrs.get("alive")
            last, since = self.seen.setdefault(trial.number, (sign, now))
            if sign != last:
                self.seen[trial.number] = sign, now
            elif now - since > self.grace:
                give_back(self.study, trial, is_lost=True)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join(timeout=5)


def give_back(study, trial, is_lost: bool) -> None:
    """Fail a running trial and queue its knobs again, unless too many workers were lost over it: then it is pruned.

    Raises an exception of Optuna's, and queues nothing, where another worker was faster.
    """
    lost = trial.user_attrs.get("lost", 0) + is_lost
    study.tell(trial.number, state=TrialState.FAIL if lost < LOST else TrialState.PRUNED)
    if lost < LOST:
        study.enqueue_trial(trial.params, {"repeats": trial.number, "lost": lost})


def is_surplus(number: int, trials: list, total: int) -> bool:
    """Return whether a trial has `total` others before it: of workers that begin one at once, the last learns it so."""
    return sum(each.number < number and each.state != TrialState.FAIL for each in trials) >= total


def has_all(study, total: int) -> bool:
    """Return whether `total` trials have ended with an answer."""
    return len(study.get_trials(deepcopy=False, states=[TrialState.COMPLETE, TrialState.PRUNED])) >= total


def claim(study, space: dict, total: int):
    """Return a trial for this worker, begun; None where the last ones are with other workers, of which one may die."""
    states = [trial.state for trial in study.get_trials(deepcopy=False)]
    if TrialState.WAITING not in states and len(states) - states.count(TrialState.FAIL) >= total:
        return None
    trial = study.ask(space)
    if is_surplus(trial.number, study.get_trials(deepcopy=False), total):
        study.tell(trial, state=TrialState.FAIL)
        return None
    trial.set_user_attr("worker", f"{platform.node()}:{os.getpid()}")
    return trial


def work(study, settings: params.Params, train) -> bool:
    """Run trials until `search.trials` have ended, here or at other workers, and return True; False after `RENEWED`.

    `train(knobs, live)` returns metrics.
    """
    search, space, count = settings.search, distributions(settings), 0
    with Watch(study, search.grace) as watch:
        while not has_all(study, search.trials):
            if count == RENEWED:
                return False
            if trial := claim(study, space, search.trials):
                watch.trial = trial
                run_trial(study, trial, search, train)
                count += 1
            else:
                with ending(True):
                    time.sleep(POLL)
    return True


def run_trial(study, trial, search: params.Search, train) -> None:
    """Train with a trial's knobs, tell the study what came of it, and say so."""
    knobs = knobs_of(trial, search.space)
    state, value, outcome = TrialState.PRUNED, None, "pruned"
    try:
        with ending(True):
            metrics = train(knobs, Live(trial, search.metric))
        trial.set_user_attr("metrics", metrics)
        value = metrics[search.metric]
        state, outcome = TrialState.COMPLETE, f"{search.metric} {value:.4f}"
    except (optuna.TrialPruned, UpdateFinishedTrialError):
        pass
    except BaseException as error:
        if isinstance(error, InputError) and "diverged" in str(error):
            outcome = "diverged"  # an answer too: not here
        else:
            with contextlib.suppress(Exception):
                give_back(study, trial, is_lost=isinstance(error, Exception))
            raise
    with contextlib.suppress(UpdateFinishedTrialError):
        if study.tell(trial, value, state, skip_if_finished=True).state == TrialState.FAIL:
            outcome = "given to another worker meanwhile"
    again = [f"(trial {trial.user_attrs['repeats']} again)"] if "repeats" in trial.user_attrs else []
    values = [f"{knob} {value}" for knob, value in knobs.items()]
    say("  ".join([f"trial {trial.number}", f"{outcome:16}", *values, *again]))


def say(text: str) -> None:
    """Print a line of its own, in place of the progress line."""
    show("")
    print(f"search: {text}", flush=True)


def show(text: str) -> None:
    """Replace the progress line; nothing where nobody watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
