"""What a stage says when it cannot do its work."""

import pytest

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
