"""What a training tells while it runs: curves in files, and a line an epoch."""

from pathlib import Path

from classifier.training.recipes import Recipe


class Report:
    """Writes the curves, live, and prints a line an epoch."""

    def __init__(self, recipe: Recipe, folder: Path):
        from dvclive import Live

        self.live = Live(str(folder), dvcyaml=False, save_dvc_exp=False, report=None)
        self.last_epoch = recipe.epochs

    def go_on_from(self, checkpoint) -> None:
        """Say what becomes of a former checkpoint, and draw the curves of its epochs."""
        if checkpoint.refusal:
            refused = f"{checkpoint.path}: {checkpoint.refusal}"
            print(f"train: {refused}; training starts afresh", flush=True)
        for number, figures in enumerate(checkpoint.epochs, start=1):
            self.draw(number, figures)
        if checkpoint.epochs:
            print(f"train: goes on after epoch {len(checkpoint.epochs)}", flush=True)

    def draw(self, number: int, figures: dict) -> None:
        self.live.step = number
        for name, figure in figures.items():
            self.live.log_metric(name, figure)
        self.live.next_step()

    def on_epoch(self, number: int, figures: dict) -> None:
        self.draw(number, figures)
        text = "  ".join(f"{name} {figure:.4f}" for name, figure in figures.items())
        print(f"train: epoch {number}/{self.last_epoch}  {text}", flush=True)
