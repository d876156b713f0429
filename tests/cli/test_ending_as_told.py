"""Which signals end a command, by how it was begun."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

_TOLD = """
import signal
from treadle.cli.commands import end_as_told
end_as_told()
print(*(signal.getsignal(each) is signal.default_int_handler for each in (signal.SIGINT, signal.SIGHUP)))
"""


@pytest.mark.parametrize(
    ("deaf", "alone", "heard"),
    [
        ((), False, "True True"),
        ((signal.SIGINT,), False, "False True"),  # begun with & by a shell
        ((signal.SIGINT, signal.SIGHUP), False, "False False"),  # and with nohup
        ((signal.SIGINT, signal.SIGHUP), True, "True False"),  # by a queue, which was
    ],
)
def test_what_is_heard(deaf: tuple[signal.Signals, ...], alone: bool, heard: str) -> None:
    def begun() -> None:  # whatever began the tests themselves
        for each in (signal.SIGINT, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN if each in deaf else signal.SIG_DFL)

    done = subprocess.run(
        [sys.executable, "-c", _TOLD],
        capture_output=True, text=True, start_new_session=alone, check=True, preexec_fn=begun,
    )  # fmt: skip
    assert done.stdout.split() == heard.split()
