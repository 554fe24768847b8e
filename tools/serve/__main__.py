"""Answers requests with what the model sees: `python -m tools.serve`.

    curl -s --data-binary @photo.jpg http://127.0.0.1:8000/predict
    curl -s -F files=@a.png -F files=@b.png http://127.0.0.1:8000/predict

It serves this machine alone, unless --host opens it. The page of `tools.demo` is at /, where
Gradio is installed, the host is 127.0.0.1 and one process works; how to ask is at /docs.
Needs `pip install -r requirements/serve.txt`, an ONNX file of `dvc repro` and, beside it,
outliers.npz: neither TensorFlow nor DVC, and no data.
"""

import argparse
import contextlib
import os
import tempfile
from pathlib import Path

from classifier.process.command import run
from tools.serve.worker import Settings
from tools.terminal import requiring

MODEL = Path("models/model.onnx")
OUTLIERS = "outliers.npz"  # beside it
HOST = "127.0.0.1"
PORT = 8000
KEEP_ALIVE_SECONDS = 5  # of a connection without a request
GRACE_SECONDS = 30  # for requests in work, once a signal has come
ENDED = "requests in work were answered"
COUNTS = "PROMETHEUS_MULTIPROC_DIR"  # tells prometheus_client where processes count together
WAITING = 256  # requests at a time in a process; more are told to come again


def whole_number(low: int, high: int):
    """Return what reads a number in a range; argparse says what is wrong."""

    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text[:9]) <= high:
            raise argparse.ArgumentTypeError(f"expected {low} to {high}, received {text[:20]!r}")
        return int(text)

    return read


def parse() -> argparse.Namespace:
    summary = (__doc__ or " ").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m tools.serve", description=summary)
    file = f"an ONNX file, with {OUTLIERS} beside it (default: {MODEL})"
    host = f"the address to serve at; 0.0.0.0 is all of this machine (default: {HOST})"
    workers = "processes that answer (default: 1)"
    parser.add_argument("--model", type=Path, default=MODEL, metavar="FILE", help=file)
    parser.add_argument("--host", default=HOST, help=host)
    port = whole_number(1, 65535)
    parser.add_argument("--port", type=port, default=PORT, help=f"its port (default: {PORT})")
    parser.add_argument("--workers", type=whole_number(1, 256), default=1, help=workers)
    return parser.parse_args()


def main():
    options = parse()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads of many requests wait for another
    with requiring("serve"):
        import uvicorn
    from tools.demo.private import listen
    from tools.predictor import Predictor

    listen(options.port, options.host).close()  # what is wrong with it is said in one line
    described = options.model.parent / OUTLIERS
    Predictor(options.model, described)  # what is wrong with them is said once, before all else
    has_page = options.host == HOST and options.workers == 1
    with contextlib.ExitStack() as stack:
        os.environ.pop(COUNTS, None)  # another service's
        if options.workers > 1:  # they count together, in files
            os.environ[COUNTS] = stack.enter_context(tempfile.TemporaryDirectory(prefix="counts-"))
        Settings(str(options.model), str(described), options.port if has_page else None).put()
        print(f"serve: http://{options.host}:{options.port} until Ctrl-C", flush=True)
        uvicorn.run(
            "tools.serve.worker:make",
            factory=True,
            host=options.host,
            port=options.port,
            workers=options.workers,
            limit_concurrency=WAITING,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
            access_log=False,
            log_level="error",
            proxy_headers=False,
            server_header=False,
        )
        print(f"serve: {ENDED}")  # of one process, the signal ends here


if __name__ == "__main__":
    run(main, stopped=ENDED, grace=GRACE_SECONDS + 5)
