"""What a stage says when it cannot do its work."""

import signal
import subprocess
import sys

import pytest
from conftest import ROOT

from stages.errors import InputError
from stages.process import run


@pytest.mark.parametrize("error", [InputError("a.npy: expected 1, received 2"), OSError("full")])
def test_expected_errors_end_the_process_with_one_line(error):
    def main():
        raise error

    with pytest.raises(SystemExit) as caught:
        run(main)
    assert caught.value.code == f"error: {error}"


def test_mistakes_in_the_code_keep_their_traceback():
    def main():
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        run(main)


@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize("lines", [1, 100_000])
def test_reader_that_has_seen_enough_ends_the_process_without_a_line(lines, status):
    code = f"import sys; from stages.process import run; run(lambda: (print({lines} * 'x\\n'), sys.exit({status})))"
    command, pipes = [sys.executable, "-c", code], {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 128 + signal.SIGPIPE
