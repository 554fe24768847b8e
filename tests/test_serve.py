"""The service: the answers of tools.predict over HTTP, in bounds, until it is told to end."""

import asyncio
import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import pytest
import requests
from conftest import ROOT
from demo_process import noise
from PIL import Image
from waiting import SECONDS, free_port, wait_until

pytestmark = pytest.mark.extras


class Service(NamedTuple):
    """A service at work."""

    process: subprocess.Popen
    port: int

    def send(self, method: str, path: str, **options) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False  # no proxy
            url = f"http://127.0.0.1:{self.port}{path}"
            return session.request(method, url, timeout=SECONDS, **options)

    def predict(self, content: bytes) -> requests.Response:
        return self.send("POST", "/predict", data=content)

    def predict_files(self, *files: tuple[str, bytes]) -> requests.Response:
        return self.send("POST", "/predict", files=[("files", file) for file in files])


@contextlib.contextmanager
def serving(folder: Path, *options: str, python=sys.executable, root=ROOT):
    """Yield a service of the model in a folder; then end it, and see that it ends well."""
    port = free_port()
    command = [python, "-m", "tools.serve", "--port", str(port), *options]
    log = folder / f"serve-{port}.log"
    with log.open("w") as file:
        foreign = {"PROMETHEUS_MULTIPROC_DIR": "of another service"}
        env = os.environ | {"PYTHONPATH": str(root)} | foreign
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=file, stderr=file)
    service = Service(process, port)

    def is_ready():
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(requests.ConnectionError):
            return service.send("GET", "/health").status_code == 200

    try:
        wait_until(is_ready)
        yield service
        process.send_signal(signal.SIGTERM)
        is_alone = "--workers" not in options  # else uvicorn ends all of them, and returns
        assert process.wait(timeout=SECONDS) == (128 + signal.SIGTERM if is_alone else 0)
        begun, *said = log.read_text().splitlines()
        assert begun == f"serve: http://127.0.0.1:{port} until Ctrl-C"
        ended = "stopped by SIGTERM" if is_alone else "serve"
        assert said == [f"{ended}: requests in work were answered"]
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def service(project):
    pytest.importorskip("fastapi_offline", reason="needs requirements/serve.txt")
    with serving(project) as started:
        yield started


def png(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="PNG")
    return content.getvalue()


@pytest.fixture(scope="module")
def images(project) -> list[bytes]:
    """A test image of each class, and one that is unlike the training images."""
    pixels = np.load(project / "data/processed/test_images.npy")[..., 0]
    return [*map(png, pixels), png(noise())]


def by_command(project, *contents: bytes) -> list[dict]:
    """Return what `tools.predict --json` says of images named 0.png, 1.png and so on."""
    names = [f"{number}.png" for number in range(len(contents))]
    for name, content in zip(names, contents, strict=True):
        (project / name).write_bytes(content)
    command = [sys.executable, "-m", "tools.predict", "--json", *names]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def assert_same(received: list[dict], expected: list[dict]) -> None:
    """Rows are the same; sums may be rounded otherwise by other numbers of threads and images."""
    assert len(received) == len(expected)
    for one, other in zip(received, expected, strict=True):
        assert one.keys() == other.keys()
        for key, value in other.items():
            is_number = isinstance(value, float)
            assert one[key] == (pytest.approx(value, rel=1e-5, abs=1e-7) if is_number else value)


def test_one_image_as_the_body_has_the_answer_of_the_command(service, project, images):
    (expected,) = by_command(project, images[3])
    answer = service.predict(images[3])
    assert answer.status_code == 200
    assert_same(answer.json()["images"], [expected | {"file": "-"}])
    md5 = hashlib.md5((project / "models/model.onnx").read_bytes()).hexdigest()
    assert answer.json()["model"] == {"md5": md5, "commit": None}
    assert service.send("GET", "/health").json() == answer.json()["model"]


def test_many_images_of_a_form_have_the_answers_of_the_command(service, project, images):
    expected = by_command(project, *images)
    files = [(row["file"], content) for row, content in zip(expected, images, strict=True)]
    assert_same(service.predict_files(*files).json()["images"], expected)


def test_image_that_cannot_be_read_has_an_error_beside_the_others(service, images):
    answer = service.predict_files(("a.png", images[0]), ("b.txt", b"text"))
    assert answer.status_code == 200
    good, bad = answer.json()["images"]
    assert good["label"]
    assert bad.keys() == {"file", "error"}
    assert bad["error"].startswith("b.txt: expected an image, one of PNG, ")


@pytest.mark.parametrize(
    ("options", "status", "text"),
    [
        ({"data": b""}, 422, "expected an image, received an empty file"),
        ({"data": b"no image"}, 422, "received another kind of file"),
        ({"data": bytes(20 * 2**20 + 1)}, 413, "expected at most 20,971,520 bytes"),
        ({"files": [("other", b"x")]}, 422, "expected images in the field files, received none"),
        (
            {"files": [("files", b"x")] * 65},
            422,
            "received: Too many files. Maximum",
        ),
        (
            {"data": b"--a", "headers": {"content-type": "multipart/form-data"}},
            422,
            "expected a form, received: Missing boundary",
        ),
    ],
)
def test_request_out_of_bounds_is_refused_with_the_reason(options, status, text, service):
    answer = service.send("POST", "/predict", **options)
    assert (answer.status_code, text in answer.text) == (status, True), answer.text


def test_paths_and_methods_that_are_none_are_refused(service):
    assert service.send("GET", "/predict").status_code in (404, 405)
    assert service.send("POST", "/nothing").status_code in (404, 405)


def test_request_that_comes_too_slowly_ends():
    from starlette.exceptions import HTTPException

    from tools.serve.bounds import Bounded

    async def receive():
        await asyncio.sleep(60)

    async def app(scope, receive, send):
        await receive()

    with pytest.raises(HTTPException, match=r"408: expected a request within 0\.05 seconds"):
        asyncio.run(Bounded(app, max_seconds=0.05)({"type": "http"}, receive, None))


def metric(service, name: str) -> float:
    lines = service.send("GET", "/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


@pytest.mark.parametrize("options", [(), ("--workers", "2")])
def test_requests_and_images_are_counted_by_all_processes(options, project, images):
    with serving(project, *options) as service:
        for _ in range(10):
            service.predict_files(("good", images[0]), ("noise", images[-1]), ("bad", b"x"))
        label = service.predict(images[0]).json()["images"][0]["label"]
        assert metric(service, "images_total") == 21
        assert metric(service, f'images_total{{label="{label}"}}') >= 11
        assert metric(service, "images_unlike_training_total") == 10
        assert metric(service, "images_unreadable_total") == 10
        count = 'request_seconds_count{path="/predict",status="200"}'
        assert metric(service, count) == 11


def test_version_names_the_commit_that_has_the_model(copy):
    from tools.serve.version import version_of

    with contextlib.chdir(copy.folder):
        model = Path("models/model.onnx")
        head = copy.sh("git rev-parse HEAD").stdout.strip()
        md5 = hashlib.md5(model.read_bytes()).hexdigest()
        assert version_of(model) == {"md5": md5, "commit": head}
        copied = copy.folder.parent / "model.onnx"
        copied.write_bytes(model.read_bytes())
        assert version_of(copied) == {"md5": md5, "commit": None}
    with contextlib.chdir(copy.folder.parent):
        assert version_of(copied)["commit"] is None


def test_request_in_work_is_answered_when_the_service_ends(project):
    large = png(np.random.default_rng(0).integers(0, 255, (3000, 3000), np.uint8))
    with serving(project) as service, ThreadPoolExecutor(1) as sender:
        answer = sender.submit(service.predict, large)
        busy = psutil.Process(service.process.pid)
        before = sum(busy.cpu_times()[:2])
        wait_until(lambda: sum(busy.cpu_times()[:2]) > before + 0.1 or answer.done())
        service.process.send_signal(signal.SIGTERM)
        assert answer.result().status_code == 200


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--port", "0"], "argument --port: expected 1 to 65535, received '0'"),
        (["--workers", "none"], "argument --workers: expected 1 to 256, received 'none'"),
        (["--model", "no.onnx"], "error: no.onnx: expected what `dvc repro` writes, found no "),
        (["--host", "192.0.2.1"], "error: host '192.0.2.1': expected an address or a name of this"),
        (["--host", "no..host"], "error: host 'no..host': expected an address or a name of this"),
        (["--host", "no such host"], "error: host 'no such host': expected an address or a name"),
    ],
)
def test_what_it_cannot_start_with_is_said_in_a_line(options, line, project):
    command = [sys.executable, "-m", "tools.serve", *options]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True)
    assert done.returncode in (1, 2)
    assert line in done.stderr.splitlines()[-1]


def malformed(generator: np.random.Generator, good: bytes) -> dict:
    """Return a request with something wrong in it."""
    content = bytearray(good)
    for place in generator.integers(0, len(content), 3):
        content[place] = generator.integers(256)
    form = {"content-type": "multipart/form-data; boundary=a"}
    return [
        {"data": generator.bytes(generator.integers(0, 2000))},
        {"data": bytes(content)},
        {"data": good[: generator.integers(0, len(good))]},
        {"data": b"--a\r\n" + generator.bytes(200), "headers": form},
        {"data": b"", "headers": form},
        {"files": [("files", ("../../x\r\n", generator.bytes(50)))]},
        {"data": good, "headers": {"content-type": "multipart/mixed; boundary=\xff"}},
        {"data": good, "headers": {"content-type": "a" * 3000}},
    ][generator.integers(8)]


@pytest.mark.slow
def test_ten_thousand_malformed_requests_leave_it_as_it_was(project, images):
    with serving(project) as service:
        process = psutil.Process(service.process.pid)
        statuses = set()

        def send(seed: int, count: int) -> None:
            generator = np.random.default_rng(seed)
            with requests.Session() as session:
                session.trust_env = False
                for _ in range(count):
                    url = f"http://127.0.0.1:{service.port}/predict"
                    request = malformed(generator, images[0])
                    statuses.add(session.post(url, timeout=SECONDS, **request).status_code)

        sizes, files = [], []
        for part in range(3):  # the first fills what Python and Pillow keep
            threads = [
                threading.Thread(target=send, args=(4 * part + number, 10_000 // 12 + 1))
                for number in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            sizes.append(process.memory_info().rss)
            files.append(process.num_fds())
        print(f"memory {[size >> 20 for size in sizes]} MB, files {files}, {statuses}")
        assert statuses <= {200, 400, 422}
        assert sizes[2] < 1.05 * sizes[0]
        assert files[2] <= files[0] + 2


@pytest.mark.slow
def test_bare_environment_serves_with_what_the_container_has(project, images, tmp_path):
    """No TensorFlow, no DVC, no data: the files that the Containerfile copies, and serve.txt."""
    if not shutil.which("uv"):
        pytest.skip("needs uv, of requirements/ci.txt")
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (.*)$", text, re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            origin = project if source.startswith("models/") else ROOT
            place = tmp_path / "srv" / target
            place.mkdir(parents=True, exist_ok=True)
            if (origin / source).is_dir():
                shutil.copytree(origin / source, place, dirs_exist_ok=True)
            else:
                shutil.copy(origin / source, place)
    folder = tmp_path / "srv"
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    install = ["uv", "pip", "install", "-q", "--python", python, "-r", "requirements/serve.txt"]
    subprocess.run(install, cwd=folder, check=True)
    for package in ("tensorflow", "keras", "dvc", "pandas", "gradio"):
        assert subprocess.run([python, "-c", f"import {package}"], capture_output=True).returncode
    with serving(folder, python=python, root=folder) as service:
        (expected,) = by_command(project, images[0])
        received = service.predict(images[0]).json()["images"]
        assert_same(received, [expected | {"file": "-"}])
        page = service.send("GET", "/")
        assert page.url.endswith("/docs")
        assert "swagger" in page.text
    command = json.loads(re.search(r"^CMD (.*)$", text, re.MULTILINE)[1])
    assert command[1:3] == ["-m", "tools.serve"]


@pytest.fixture
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs requirements/demo.txt")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("needs Chromium")
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])


def test_page_and_description_work_in_a_browser_without_another_host(service, browser):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"http://127.0.0.1:{service.port}/")
    page.get_by_role("heading", name="What is it?").wait_for()
    page.goto(f"http://127.0.0.1:{service.port}/docs")
    page.get_by_text("/predict", exact=False).first.wait_for()
    page.get_by_text("/health", exact=False).first.wait_for()
    own = (f"http://127.0.0.1:{service.port}/", "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []
