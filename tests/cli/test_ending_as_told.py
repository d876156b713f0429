"""Which signals end a command, by how it was begun."""

from __future__ import annotations

import subprocess
import sys

import pytest

_TOLD = """
import signal
from treadle.cli.commands import end_as_told
end_as_told()
heard = [signal.getsignal(each) is signal.default_int_handler for each in (signal.SIGINT, signal.SIGHUP)]
print(*heard)
"""


@pytest.mark.parametrize(
    ("deaf", "alone", "heard"),
    [
        ("", False, "True True"),
        ("INT", False, "False True"),  # begun with & by a shell
        ("INT HUP", False, "False False"),  # and with nohup
        ("INT HUP", True, "True False"),  # by a queue, which was
    ],
)
def test_what_is_heard(deaf: str, alone: bool, heard: str) -> None:
    begin = [f'{f"trap {chr(39)}{chr(39)} {deaf}; " if deaf else ""}exec "$0" -c "$1"', sys.executable, _TOLD]
    done = subprocess.run(["sh", "-c", *begin], capture_output=True, text=True, start_new_session=alone, check=True)
    assert done.stdout.split() == heard.split()
