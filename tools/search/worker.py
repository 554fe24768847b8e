"""A worker: trains trial after trial of a study, beside others that may end at any moment."""

import contextlib
import os
import platform
import threading
import time

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from classifier.errors import Diverged
from classifier.parameters import Params
from tools.search.settings import Search
from tools.search.space import distributions, knobs_of
from tools.search.stopping import may_stop
from tools.terminal import show

MAX_LOST_WORKERS = 3  # by one trial, before it counts as pruned
MAX_TRIALS = 40  # in one process: each leaves some 25 MB with TensorFlow
ANSWERED = (TrialState.COMPLETE, TrialState.PRUNED)
POLL_SECONDS = 1.0  # between two looks for something to do


class EpochReport:
    """Hears of a trial's epochs: tells the study the figure that is searched for."""

    def __init__(self, trial, metric: str):
        self.trial = trial
        self.metric = metric

    def __call__(self, number: int, figures: dict) -> None:
        """Raises optuna.TrialPruned where the trial is hopeless."""
        figure = figures[self.metric]
        with may_stop(False):
            self.trial.report(figure, number)
        show(f"trial {self.trial.number}  epoch {number}  {self.metric} {figure:.4f}")
        with may_stop(False):
            is_hopeless = self.trial.should_prune()
        if is_hopeless:
            raise optuna.TrialPruned


class Watch(threading.Thread):
    """Shows the other workers that this one is alive, and gives back the trials of dead ones.

    A trial is dead when nothing about it has changed for `grace` seconds by this process's own
    clock: no two clocks are compared, and any storage will do.
    """

    def __init__(self, study, grace: float):
        super().__init__(daemon=True)
        self.study = study
        self.grace = grace
        self.trial = None  # this worker's, once it has one
        self.seen = {}  # of each running trial, its last sign of life and since when it is that
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(self.grace / 6):
            # What is wrong with the storage, the main thread will hear of.
            with contextlib.suppress(Exception):
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
                self.seen[trial.number] = (sign, now)
            elif now - since > self.grace:
                give_back(self.study, trial, is_lost=True)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join(timeout=5)


def give_back(study, trial, is_lost: bool) -> None:
    """Fail a running trial and queue its knobs again.

    Where too many workers were lost over it, it is pruned instead. Where another worker was
    faster, this raises an exception of Optuna's, and queues nothing.
    """
    lost = trial.user_attrs.get("lost", 0) + is_lost
    is_hopeless = lost >= MAX_LOST_WORKERS
    study.tell(trial.number, state=TrialState.PRUNED if is_hopeless else TrialState.FAIL)
    if not is_hopeless:
        study.enqueue_trial(trial.params, {"repeats": trial.number, "lost": lost})


def is_surplus(number: int, trials: list, total: int) -> bool:
    """Return whether a trial has `total` others before it.

    Of workers that begin one at once, the last learns so that it is too many.
    """
    before = [each for each in trials if each.number < number]
    return sum(each.state != TrialState.FAIL for each in before) >= total


def has_all(study, total: int) -> bool:
    """Return whether `total` trials have ended with an answer."""
    return len(study.get_trials(deepcopy=False, states=ANSWERED)) >= total


def claim(study, space: dict, total: int):
    """Return a trial for this worker, begun.

    None where the last ones are with other workers; one of these may die.
    """
    states = [trial.state for trial in study.get_trials(deepcopy=False)]
    count = len(states) - states.count(TrialState.FAIL)
    if TrialState.WAITING not in states and count >= total:
        return None
    trial = study.ask(space)
    if is_surplus(trial.number, study.get_trials(deepcopy=False), total):
        study.tell(trial, state=TrialState.FAIL)
        return None
    trial.set_user_attr("worker", f"{platform.node()}:{os.getpid()}")
    return trial


def work(study, params: Params, train) -> bool:
    """Run trials until `search.trials` have ended, here or at other workers.

    `train(knobs, on_epoch)` returns metrics.

    Returns:
        Whether all have ended: not, where the process has run as many as it may.
    """
    search = params.sections["search"]
    space = distributions(params)
    count = 0
    with Watch(study, search.grace) as watch:
        while not has_all(study, search.trials):
            if count == MAX_TRIALS:
                return False
            if trial := claim(study, space, search.trials):
                watch.trial = trial
                run_trial(study, trial, search, train)
                count += 1
            else:
                with may_stop(True):
                    time.sleep(POLL_SECONDS)
    return True


def run_trial(study, trial, search: Search, train) -> None:
    """Train with a trial's knobs, tell the study what came of it, and say so."""
    knobs = knobs_of(trial, search.space)
    ended = len(study.get_trials(deepcopy=False, states=ANSWERED))
    say(f"trial {trial.number} …  {ended} of {search.trials} have ended")
    state = TrialState.PRUNED
    value = None
    outcome = "pruned"
    try:
        with may_stop(True):
            metrics = train(knobs, EpochReport(trial, search.metric))
        trial.set_user_attr("metrics", metrics)
        state = TrialState.COMPLETE
        value = metrics[search.metric]
        outcome = f"{search.metric} {value:.4f}"
    except (optuna.TrialPruned, UpdateFinishedTrialError):
        pass
    except Diverged:
        outcome = "diverged"  # an answer too: not here
    except BaseException as error:
        with contextlib.suppress(Exception):
            give_back(study, trial, is_lost=isinstance(error, Exception))
        raise
    with contextlib.suppress(UpdateFinishedTrialError):
        told = study.tell(trial, value, state, skip_if_finished=True)
        if told.state == TrialState.FAIL:
            outcome = "given to another worker meanwhile"
    words = [f"trial {trial.number}", f"{outcome:16}"]
    words += [f"{knob} {value}" for knob, value in knobs.items()]
    if "repeats" in trial.user_attrs:
        words.append(f"(trial {trial.user_attrs['repeats']} again)")
    say("  ".join(words))


def say(text: str) -> None:
    """Print a line of its own, in place of the progress line."""
    show("")
    print(f"search: {text}", flush=True)
