"""How the demo starts: at a port of this machine alone, whatever the environment says."""

import errno
import os
import socket
import subprocess
import sys

import psutil
import pytest
from conftest import ROOT
from demo_process import demo, write_project
from waiting import SECONDS, free_port

from classifier.errors import InputError
from tools.demo import private

HOSTILE = {
    "GRADIO_ALLOWED_PATHS": "/",
    "GRADIO_DEBUG": "1",
    "GRADIO_HOT_RELOAD": "true",
    "GRADIO_MCP_SERVER": "True",
    "GRADIO_NODE_SERVER_NAME": "0.0.0.0",
    "GRADIO_NUM_WORKERS": "2",
    "GRADIO_ROOT_PATH": "https://evil.example/root",
    "GRADIO_SERVER_NAME": "0.0.0.0",
    "GRADIO_SERVER_PORT": "1",
    "GRADIO_SHARE": "True",
    "GRADIO_SSR_MODE": "True",
    "GRADIO_TEMP_DIR": "/proc/nowhere",
    "GRADIO_VIBE_MODE": "1",
    "GRADIO_WATCH_DIRS": "/",
    "SYSTEM": "spaces",
    "SPACE_ID": "a/b",
    "http_proxy": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "no_proxy": "example.org",
}


@pytest.mark.extras
def test_page_is_never_public_whatever_the_environment_says(tmp_path):
    with demo(write_project(tmp_path), **HOSTILE) as started:
        assert started.send("GET", "/").status_code == 200
        assert "evil.example" not in started.send("GET", "/config").text
        assert started.send("GET", "/gradio_api/file=/etc/hostname").status_code == 403
        assert started.send("GET", "/gradio_api/mcp/sse").status_code == 404
        process = psutil.Process(started.process.pid)
        assert process.children(recursive=True) == []
        listening = [each.laddr for each in process.net_connections() if each.status == "LISTEN"]
        assert listening == [("127.0.0.1", started.port)]


def test_no_setting_of_gradio_is_left(tmp_path, monkeypatch):
    given = {"PATH": "p", "GRADIO_NEW": "1", "gradio_old": "1"} | HOSTILE
    monkeypatch.setattr(os, "environ", given)
    private.set_environment(tmp_path)
    left = {name: value for name, value in os.environ.items() if "GRADIO" in name.upper()}
    uploads = {"GRADIO_TEMP_DIR": f"{tmp_path}/uploads"}
    assert left == {"GRADIO_ANALYTICS_ENABLED": "False"} | uploads
    assert os.environ["PATH"] == "p"


def start(*arguments, code: str | None = None) -> subprocess.CompletedProcess:
    command = ["-c", code] if code else ["-m", "tools.demo"]
    command = [sys.executable, *command, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS)


@pytest.mark.parametrize("port", ["0", "-1", "65536", "99999", "abc", "", "9" * 5000, "7.5", "²"])
def test_port_that_is_none_is_refused_in_one_line(port):
    done = start("--port", port)
    received = port if len(port) < 20 else "5000 characters"
    line = f"error: --port: expected a number from 1 to 65535, received {received!r}\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", line)


def test_port_in_use_is_refused_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = start("--port", str(port))
    expected = f"port {port} of 127.0.0.1: expected one that is free and for this user to take"
    line = f"error: {expected}, received: Address already in use; choose another with `--port`\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", line)


def test_port_that_is_not_for_this_user_is_refused(monkeypatch):
    def bind(self, place):
        raise PermissionError(errno.EACCES, "Permission denied")

    denied = type("Socket", (socket.socket,), {"bind": bind})
    monkeypatch.setattr(private.socket, "socket", denied)
    received = "port 80 of 127.0.0.1: .*, received: Permission denied; choose .* `--port`"
    with pytest.raises(InputError, match=received):
        private.listen(80)


def test_without_gradio_a_line_says_what_to_install():
    code = "import runpy, sys; sys.modules['gradio'] = None;"
    code += "runpy.run_module('tools.demo', run_name='__main__')"
    done = start("--port", str(free_port()), code=code)
    cure = "run `pip install -r requirements/demo.txt`"
    line = f"error: gradio: expected to be installed; {cure}\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", line)
