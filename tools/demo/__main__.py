"""A page to try the model on: `python -m tools.demo`.

Upload, paste or draw something to wear; see its label, and the image as the model sees it.
The page is served to this machine alone, and asks nothing of the network. What is uploaded is in
a folder of its own, which only this user can read, and is gone after ten minutes, or at the end.
Needs `pip install -r requirements/demo.txt`.
"""

import argparse

from classifier.errors import InputError
from classifier.process.command import run
from tools.demo.private import listen, private_folder, set_environment
from tools.predictor import Predictor
from tools.terminal import requiring

PORT = "7860"


def port_number(text: str) -> int:
    """Return a port's number; raises InputError where it is none, in one line unlike argparse."""
    if text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535:
        return int(text)
    received = text if len(text) < 20 else f"{len(text)} characters"
    raise InputError(f"--port: expected a number from 1 to 65535, received {received!r}")


def parse() -> argparse.Namespace:
    summary = (__doc__ or " ").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=summary)
    ports = f"of 127.0.0.1 (default: {PORT})"
    parser.add_argument("--port", default=PORT, help=ports)
    return parser.parse_args()


def main():
    options = parse()
    with private_folder() as folder, listen(port_number(options.port)) as listener:
        set_environment(folder)
        with requiring("demo"):
            import gradio  # noqa: F401  it reads the environment
        from tools.demo.page import build
        from tools.demo.server import serve

        serve(build(Predictor(), folder), listener, folder)


if __name__ == "__main__":
    run(main, stopped="the page is closed; the same command opens it again")
