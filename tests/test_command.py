"""How a command ends: in one line for what goes wrong outside, at once for a signal."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys

import pytest
from conftest import ROOT

from classifier.errors import InputError
from classifier.process.command import SIGNALS, run


def said(error: Exception, **options) -> str:
    """What a command that fails with `error` ends with."""

    def main():
        raise error

    with pytest.raises(SystemExit) as caught:
        run(main, **options)
    return caught.value.code


@pytest.fixture(autouse=True)
def handlers():
    """Put pytest's own handlers of signals back."""
    kept = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("error", [InputError("a.npy: expected 1, received 2"), OSError("full")])
def test_expected_errors_end_the_process_with_one_line(error):
    assert said(error) == f"error: {error}"


@pytest.mark.parametrize(
    ("number", "cure"),
    [
        (errno.ENOSPC, "free some space, or raise the limit"),
        (errno.EDQUOT, "free some space, or raise the limit"),
        (errno.EFBIG, "free some space, or raise the limit"),
        (errno.EACCES, "make it writable for this user"),
        (errno.EPERM, "make it writable for this user"),
        (errno.EROFS, "make it writable for this user"),
    ],
)
def test_what_the_user_can_cure_has_its_cure(number, cure):
    error = OSError(number, os.strerror(number), "models/model.keras")
    assert said(error, again="`dvc repro`") == (
        f"error: [Errno {number}] {os.strerror(number)}: 'models/model.keras'; "
        f"nothing is half-written: {cure}, then `dvc repro`"
    )
    assert said(error).endswith(", then the same command")


def test_dvcs_database_on_a_full_disk_is_named():
    error = sqlite3.OperationalError("database or disk is full")
    assert said(error, again="`dvc repro`") == (
        "error: DVC's database: database or disk is full; is the disk full? "
        "`dvc repro` goes on once there is space"
    )


def test_lack_of_memory_is_one_line():
    error = MemoryError("Unable to allocate 1 TiB")
    expected = "error: out of memory: Unable to allocate 1 TiB; nothing is half-written"
    assert said(error).startswith(expected)


class ResourceExhaustedError(Exception):
    """As TensorFlow's own is called."""


OF_TENSORFLOW = "{{node x}} OOM when allocating tensor with shape[784,9] and type float"
OF_JAX = "RESOURCE_EXHAUSTED: Out of memory allocating 3136 bytes."


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (ResourceExhaustedError(OF_TENSORFLOW), ": shape[784,9]"),
        (ResourceExhaustedError("something else"), ""),
        (RuntimeError(OF_JAX), ": 3136 bytes"),
    ],
)
def test_lack_of_memory_of_tensorflow_and_jax_is_the_same_line(error, wanted):
    cure = "nothing is half-written: free some or ask for less, then `dvc repro`"
    assert said(error, again="`dvc repro`") == f"error: out of memory{wanted}; {cure}"


def test_mistakes_in_the_code_keep_their_traceback():
    def main():
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        run(main)


def command(body: str) -> list[str]:
    code = f"import sys, signal; from classifier.process.command import run\n{body}"
    return [sys.executable, "-c", code]


@pytest.mark.parametrize("number", SIGNALS)
def test_signal_ends_the_process_with_a_line_by_way_of_finally(number):
    body = """
def main():
    try:
        print('ready', flush=True)
        signal.pause()
    finally:
        print('cleaned up')
run(main, again='`dvc repro`')
"""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command(body), cwd=ROOT, **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert out == "cleaned up\n"
    expected = f"stopped by {number.name}: nothing is half-written; `dvc repro` goes on\n"
    assert err == expected


def test_signal_ends_a_call_of_c_that_would_take_minutes_and_leaves_nothing_half_written(tmp_path):
    """Python's handler waits for such a call, as for a compilation."""
    body = f"""
import hashlib, pathlib
from classifier.files.atomic import replacing
def main():
    with replacing(pathlib.Path({str(tmp_path / "model")!r})) as partial:
        partial.write_text('half')
        print('ready', flush=True)
        hashlib.pbkdf2_hmac('sha256', b'', b'', 2**31 - 1)
run(main)
"""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command(body), cwd=ROOT, **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        err = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + signal.SIGTERM
    assert err == "stopped by SIGTERM: nothing is half-written; the same command goes on\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "work", ["signal.pause()", "hashlib.pbkdf2_hmac('sha256', b'', b'', 2**31 - 1)"]
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("send", [os.kill, os.killpg])
def test_signal_is_answered_where_other_messages_are_held_back(
    send, number, work, tmp_path, monkeypatch
):
    """As while TensorFlow loads. Ctrl-C goes to all processes of the group."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    body = f"""
import hashlib, os
from classifier.backend.starting import quiet
ready = os.dup(1)
def main():
    with quiet():
        os.write(2, b'a warning\\n')
        os.write(ready, b'ready\\n')
        {work}
run(main)
"""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command(body), cwd=ROOT, start_new_session=True, **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        send(process.pid, number)
        err = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + number
    assert err == f"stopped by {number.name}: nothing is half-written; the same command goes on\n"
    assert list(tmp_path.iterdir()) == []


def test_signal_that_is_ignored_stays_so():
    """As under nohup."""
    body = "import os\nrun(lambda: (os.kill(os.getpid(), signal.SIGHUP), print('went on')))"
    ignoring = command("").copy()
    ignoring[-1] = (
        f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n{command(body)[-1]}"
    )
    done = subprocess.run(ignoring, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on\n", "")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_fault(closed, tmp_path):
    place = tmp_path / "done"
    body = (
        f"run(lambda: (print('x'), print('y', file=sys.stderr), open({str(place)!r}, 'w').close()))"
    )
    shell = ["bash", "-c", f'exec "$0" "$@" {closed}', *command(body)]
    done = subprocess.run(shell, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert place.exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_full_standard_output_is_named():
    shell = ["bash", "-c", 'exec "$0" "$@" > /dev/full', *command("run(lambda: print('x'))")]
    done = subprocess.run(shell, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: [Errno 28] No space left on device: 'standard output'; ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize("lines", [1, 100_000])
def test_reader_that_has_seen_enough_ends_the_process_without_a_line(lines, status):
    body = f"run(lambda: (print({lines} * 'x\\n'), sys.exit({status})))"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command(body), cwd=ROOT, **pipes) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 128 + signal.SIGPIPE
