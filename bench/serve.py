"""Measure the service beside BentoML and LitServe, with the same model and preparation.

    python -m bench.serve

Needs   wrk and hey, and uv of requirements/ci.txt; a repository that has run once
Writes  bench/serve.md, which docs/serve.md quotes

Each gets a virtual environment of its own and all cores. They are sent the same request, a form
with one PNG of 28 × 28 pixels, in turn: first as fast as they answer, then half as many a second.
"""

import io
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import requests
from PIL import Image

from bench.measure import machine, median_and_range, table, write_results

RESULTS = Path("bench/serve.md")
IMAGES = Path("data/processed/test_images.npy")
ROUNDS = 5
CONNECTIONS = 16
SECONDS = 6  # of each load
PORT = 8090
BOUNDARY = "of-a-form"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "OPENBLAS_NUM_THREADS": "1"}  # as tools.serve sets it
PACKAGES = ["uvloop", "httptools", "python-multipart"]  # for all of them
OWN = "this project, two processes"
CONTENDERS = {  # what is installed, and what is started
    OWN: (
        ["-r", "requirements/serve.txt"],
        ["python", "-m", "tools.serve", "--workers", "2", "--port", str(PORT)],
    ),
    "BentoML": (
        ["bentoml==1.4.40", "onnxruntime==1.32.0", "numpy", "pillow", "scipy", "pydantic"],
        ["bentoml", "serve", "bench.services.with_bentoml:Classifier", "--port", str(PORT)],
    ),
    "LitServe": (
        ["litserve==0.2.19", "onnxruntime==1.32.0", "numpy", "pillow", "scipy", "pydantic"],
        ["python", "-m", "bench.services.with_litserve", str(PORT)],
    ),
}
SCRIPT = """wrk.method = "POST"
wrk.headers["content-type"] = "multipart/form-data; boundary={boundary}"
local file = io.open("{body}", "rb")
wrk.body = file:read("*a")
"""


def write_request(folder: Path) -> tuple[Path, Path]:
    """Write a form with a test image, and a script of wrk that sends it; return both paths."""
    content = io.BytesIO()
    Image.fromarray(np.load(IMAGES, mmap_mode="r")[0, ..., 0]).save(content, format="PNG")
    head = f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    body = folder / "body"
    body.write_bytes(head.encode() + content.getvalue() + f"\r\n--{BOUNDARY}--\r\n".encode())
    script = folder / "post.lua"
    script.write_text(SCRIPT.format(boundary=BOUNDARY, body=body), encoding="utf-8")
    return body, script


def install(folder: Path, packages: list[str]) -> Path:
    """Make a virtual environment; return its folder of programs."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    programs = folder / "bin"
    command = ["uv", "pip", "install", "-q", "--python", programs / "python"]
    subprocess.run([*command, *packages], check=True)
    if packages[0] != "-r":
        subprocess.run([*command, *PACKAGES], check=True)
    return programs


class Served:
    """A contender at work, in a `with` block."""

    def __init__(self, programs: Path, command: list[str], body: Path):
        self.command = [programs / command[0], *command[1:]]
        self.request = body.read_bytes()

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command,
            env=ENVIRONMENT | {"PYTHONPATH": str(Path.cwd()), "HOME": str(Path.home())},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + 60
        while not self._answers():
            if time.monotonic() > end or self.process.poll() is not None:
                sys.exit(f"bench: {self.command}: expected an answer, received none")
            time.sleep(0.2)

    def _answers(self) -> bool:
        headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
        try:
            url = f"http://127.0.0.1:{PORT}/predict"
            answer = requests.post(url, data=self.request, headers=headers, timeout=10)
        except requests.RequestException:
            return False
        return "Ankle boot" in answer.text

    def __exit__(self, *_):
        import psutil

        processes = [self.process, *psutil.Process(self.process.pid).children(recursive=True)]
        self.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        for process in processes:
            try:
                process.kill()
            except (psutil.NoSuchProcess, ProcessLookupError):
                continue
        self.process.wait()


def requests_a_second(script: Path, seconds: int) -> float:
    """Return how many requests are answered, as fast as they are."""
    command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "-s", script]
    url = f"http://127.0.0.1:{PORT}/predict"
    return rate_in(
        subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    )


def rate_in(output: str) -> float:
    """Return the requests a second that wrk tells of; an error among the answers ends all."""
    if "Non-2xx" in output or "Socket errors" in output:
        sys.exit(f"bench: expected answers, received {output}")
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", output)[1])


def p99(body: Path, rate: float) -> float:
    """Return the milliseconds that 99 % of requests do not exceed, of so many a second."""
    each = max(1, round(rate / CONNECTIONS))
    command = ["hey", "-z", f"{SECONDS}s", "-c", str(CONNECTIONS), "-q", str(each), "-m", "POST"]
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    url = f"http://127.0.0.1:{PORT}/predict"
    done = subprocess.run(
        [*command, "-T", kind, "-D", body, url], check=True, capture_output=True, text=True
    )
    return p99_in(done.stdout)


def p99_in(output: str) -> float:
    """Return the milliseconds of the 99th percentile that hey tells of."""
    if set(re.findall(r"\[(\d+)\]\s+\d+ responses", output)) != {"200"}:
        sys.exit(f"bench: expected answers, received {output}")
    return 1000 * float(re.search(r"99% in ([0-9.]+) secs", output)[1])


def main():
    for program in ("wrk", "hey", "uv"):
        if not shutil.which(program):
            sys.exit(f"bench: {program}: expected to be installed")
    rates = {name: [] for name in CONTENDERS}
    late = {name: [] for name in CONTENDERS}
    with tempfile.TemporaryDirectory() as place:
        body, script = write_request(Path(place))
        programs = {}
        for number, (name, (packages, _)) in enumerate(CONTENDERS.items()):
            programs[name] = install(Path(place, str(number)), packages)
        for _ in range(ROUNDS):
            for name, (_, command) in CONTENDERS.items():
                with Served(programs[name], command, body):
                    requests_a_second(script, 2)  # to warm up
                    rates[name].append(requests_a_second(script, SECONDS))
                    late[name].append(p99(body, rates[name][-1] / 2))
    own = statistics.median(rates[OWN])
    rows = []
    for name in CONTENDERS:
        ratio = f"{own / statistics.median(rates[name]):.2f}"
        rows.append(
            [name, median_and_range(rates[name], 0), ratio, median_and_range(late[name], 1)]
        )
    heads = [
        "",
        "requests/s, median (range)",
        "this project's × as many",
        "p99 at half of that, ms",
    ]
    heading = f"{machine('onnxruntime')}; `python -m bench.serve`"
    write_results(RESULTS, heading, [table(heads, rows)])


if __name__ == "__main__":
    main()
