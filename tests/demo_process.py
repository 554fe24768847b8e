"""The demo in a process of its own, and how programs and browsers talk to it: HTTP."""

import base64
import contextlib
import html
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import requests
from conftest import ROOT, make_images
from PIL import Image
from waiting import SECONDS, free_port, wait_until

CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
CLASSES += ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
AGAIN = "the page is closed; the same command opens it again"


def write_project(folder: Path, classes: list[str] = CLASSES) -> Path:
    """Write what the demo reads: a network that has learned the small data, and test images."""
    from training import write_exports

    write_exports(folder, classes)
    processed = folder / "data" / "processed"
    processed.mkdir(parents=True)
    for name, array in zip(("images", "labels"), make_images(1, seed=2), strict=True):
        np.save(processed / f"test_{name}.npy", array)
    return folder


def noise() -> np.ndarray:
    """Return an image that is unlike the training images."""
    pixels = np.random.default_rng(0).integers(0, 120, (28, 28), dtype=np.uint8)
    pixels[::2] *= 2
    return pixels


class Answer(NamedTuple):
    """What the page shows, read from its HTML."""

    warning: str | None
    label: str | None
    bars: list[tuple[str, str]]
    notes: str | None
    seen: np.ndarray | None


def parse_answer(text: str) -> Answer:
    def one(pattern):
        found = re.search(pattern, text, re.DOTALL)
        return html.unescape(re.sub("<.*?>", "", found[1])) if found else None

    spans = [html.unescape(each) for each in re.findall("<span>(?:<bdi>)?(.*?)<", text)]
    source = one(r'src="data:image/png;base64,(.*?)"')
    seen = source and 255 - np.asarray(Image.open(io.BytesIO(base64.b64decode(source))))
    return Answer(
        one('class="warning".*?>(.*?)</p>'),
        one('class="label">(.*?)</p>'),
        list(zip(spans[::2], spans[1::2], strict=True)),
        one('class="notes">(.*?)</p>'),
        seen,
    )


class Demo(NamedTuple):
    """A demo that serves its page."""

    process: subprocess.Popen
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(self, method: str, path: str, **options) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False  # no proxy
            return session.request(method, f"{self.url}{path}", timeout=SECONDS, **options)

    def upload(self, name: str, content: bytes, **options) -> requests.Response:
        return self.send("POST", "/gradio_api/upload", files={"files": (name, content)}, **options)

    def call(self, function: str, argument) -> str:
        """Return the events of a call, as the server sends them."""
        path = f"/gradio_api/call/{function}"
        called = self.send("POST", path, json={"data": [argument]}).json()
        return self.send("GET", f"{path}/{called['event_id']}").text

    def ask(self, name: str, content: bytes) -> Answer:
        """Upload a file and return what the page shows of it."""
        (place,) = self.upload(name, content).json()
        return parse_answer(completed(self.call("photograph", file_data(place))))


def file_data(place: str) -> dict:
    return {"path": place, "meta": {"_type": "gradio.FileData"}}


def completed(events: str) -> str:
    """Return what a call gave; fails where it failed."""
    kind, data = events.strip().splitlines()[-2:]
    assert kind == "event: complete", events
    (result,) = json.loads(data.removeprefix("data: "))
    return result


@contextlib.contextmanager
def demo(folder: Path, command=("-m", "tools.demo"), number=signal.SIGTERM, **variables):
    """Yield a demo of what `write_project` wrote; then end it, and look at what it has said."""
    pytest.importorskip("gradio", reason="needs requirements/demo.txt")
    port = free_port()
    log = folder / f"{port}.log"
    env = os.environ | {"PYTHONPATH": str(ROOT)} | variables
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, *command, "--port", str(port)],
            cwd=folder,
            env=env,
            stdout=file,
            stderr=file,
        )
    try:
        wait_until(lambda: log.read_text() or process.poll() is not None)
        assert log.read_text() == f"demo: http://127.0.0.1:{port} until Ctrl-C\n"
        yield Demo(process, port, log)
        process.send_signal(number)
        assert process.wait(timeout=SECONDS) == 128 + number
        assert log.read_text().splitlines()[-1] == f"stopped by {number.name}: {AGAIN}"
    finally:
        process.kill()
        process.wait()
