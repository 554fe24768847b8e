"""What a training tells while it runs: a line an epoch, and curves in files."""

import contextlib
from pathlib import Path


class Report(contextlib.ExitStack):
    """Prints a line an epoch, and writes the curves, live, where they have a folder."""

    def __init__(self, stage: str, title: str, last_epoch: int, folder: Path | None = None):
        """`title` is of what is trained; the lines begin with `stage`."""
        super().__init__()
        self.stage = stage
        self.title = title
        self.last_epoch = last_epoch
        self.folder = folder
        self.live = None

    def begin(self, network, checkpoint) -> None:
        """Say what is trained and what becomes of a former checkpoint; draw the latter's curves."""
        self.say(f"{self.title}, {network.count_params():,} parameters")
        if self.folder:
            from dvclive import Live

            live = Live(str(self.folder), dvcyaml=False, save_dvc_exp=False, report=None)
            self.live = self.enter_context(live)
        if checkpoint.refusal:
            self.say(f"{checkpoint.path}: {checkpoint.refusal}; training starts afresh")
        for number, figures in enumerate(checkpoint.epochs, start=1):
            self.draw(number, figures)
        if checkpoint.epochs:
            self.say(f"goes on after epoch {len(checkpoint.epochs)}")

    def say(self, text: str) -> None:
        print(f"{self.stage}: {text}", flush=True)

    def draw(self, number: int, figures: dict) -> None:
        if self.live:
            self.live.step = number
            for name, figure in figures.items():
                self.live.log_metric(name, figure)
            self.live.next_step()

    def on_epoch(self, number: int, figures: dict) -> None:
        self.draw(number, figures)
        text = "  ".join(f"{name} {figure:.4f}" for name, figure in figures.items())
        self.say(f"epoch {number}/{self.last_epoch}  {text}")
