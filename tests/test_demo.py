"""The demo's page: whom it answers, what it takes, and what it leaves."""

import re
import signal
import socket
from pathlib import Path

import pytest
from demo_process import CLASSES, demo, noise
from PIL import Image
from waiting import wait_until

pytestmark = pytest.mark.extras


ROUTES = ["/", "/config", "/theme.css", "/nowhere", "/gradio_api/info", "/gradio_api/upload"]
ROUTES += ["/gradio_api/call/photograph", "/gradio_api/queue/join", "/gradio_api/startup-events"]
METHODS = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 400),
        ({"Host": "evil.example:{port}"}, 400),
        ({"Host": "127.0.0.1.evil.example:{port}"}, 400),
        ({"Host": ""}, 400),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "https://127.0.0.1:{port}"}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Origin": "http://127.0.0.1:{port}.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}, 403),
    ],
)
def test_foreign_hosts_and_origins_are_refused_at_every_route(served, headers, status):
    headers = {name: value.format(port=served.port) for name, value in headers.items()}
    for route in ROUTES:
        for method in METHODS:
            sent = served.send(method, route, headers=headers)
            assert sent.status_code == status, (method, route)
            assert "Access-Control-Allow-Origin" not in sent.headers
    assert served.upload("a.png", b"x", headers=headers).status_code == status


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_own_names_are_answered(served, name):
    own = f"{name}:{served.port}"
    headers = {"Host": own, "Origin": f"http://{own}"}
    assert served.send("GET", "/", headers=headers).status_code == 200
    assert served.upload("a.png", b"x", headers=headers).status_code == 200


def test_uploads_are_bounded(served):
    bound = 20 * 2**20
    assert served.upload("as large as can be", bytes(bound)).status_code == 200
    assert served.upload("too large", bytes(bound + 1)).status_code == 413
    assert served.upload("larger", bytes(bound + 1_000_000)).status_code == 413
    many = [("files", (f"{number}", bytes(bound // 4))) for number in range(5)]
    assert served.send("POST", "/gradio_api/upload", files=many).status_code == 413
    endless = iter([b"of no known length"])
    assert served.send("POST", "/gradio_api/upload", data=endless).status_code == 411


@pytest.mark.parametrize("meta", [{}, {"meta": {}}, {"meta": {"_type": "gradio.FileData"}}])
def test_what_was_not_uploaded_is_neither_read_nor_served(served, project, meta):
    """Not even an image, through paths that a program may send."""
    image = project / "private.png"
    Image.fromarray(noise()).save(image)
    (own,) = served.upload("a.png", b"x").json()
    escape = f"{Path(own).parent}/../../../../../{image}"
    for place in (f"{image}", escape, "/proc/self/environ", "http://127.0.0.1/", "", None):
        file = {"path": place} | meta
        for called in (file, file | {"is_stream": True}, file | {"url": f"{image}"}):
            assert "event: error" in served.call("photograph", called), called
            sketch = {"composite": called, "layers": [], "background": None}
            assert "event: error" in served.call("drawing", sketch), sketch
        assert served.send("GET", f"/gradio_api/file={place}").status_code in (403, 404)


def open_upload(port: int) -> socket.socket:
    """Return a connection by which a part of an upload was sent."""
    connection = socket.create_connection(("127.0.0.1", port))
    head = "POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
    head += "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    part = '--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    connection.sendall(f"{head}{part}{'a' * 50_000}".encode())
    return connection


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_uploads_are_private_and_gone_at_the_end(project, tmp_path, number):
    """With an upload on its way; and though others hold what Gradio shares by default."""
    (tmp_path / "gradio").write_text("another user's")
    with demo(project, number=number, TMPDIR=str(tmp_path)) as first:
        (folder,) = set(tmp_path.iterdir()) - {tmp_path / "gradio"}
        assert folder.stat().st_mode & 0o777 == 0o700
        with demo(project, TMPDIR=str(tmp_path)) as second:
            (place,) = second.upload("a.png", b"x").json()
            assert not place.startswith(str(folder))
        (place,) = first.upload("a.png", b"x").json()
        assert place.startswith(str(folder))
        connection = open_upload(first.port)
        wait_until(lambda: list((folder / "uploads").glob("tmp*")))
    connection.close()
    assert list(tmp_path.iterdir()) == [tmp_path / "gradio"]


def test_old_uploads_are_removed_while_it_runs(project, tmp_path):
    """Whole ones, and those that were broken off; the examples stay."""
    script = "import runpy; from tools.demo import private; private.KEPT_SECONDS = 0;"
    script += "private.SWEEP_SECONDS = 0.1; runpy.run_module('tools.demo', run_name='__main__')"
    with demo(project, command=("-c", script), TMPDIR=str(tmp_path)) as started:
        started.upload("a.png", b"x")
        open_upload(started.port).close()
        (uploads,) = tmp_path.glob("*/uploads")
        wait_until(lambda: not any(path.is_file() for path in uploads.rglob("*")))
        examples = set(re.findall(r"/gradio_api/file=[^\\\"]+\.png", started.send("GET", "/").text))
        assert len(examples) == len(CLASSES)
        assert {started.send("GET", example).status_code for example in examples} == {200}
