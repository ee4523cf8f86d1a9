"""Waiting, for processes that only have to be there until they are told to stop."""

import signal
import sys
from typing import NoReturn


def exit_quietly_when_told() -> None:
    """Let TERM and INT end the process with code 0: a stop that was asked for is no fault."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def wait_until_told() -> NoReturn:
    """Sleep until TERM or INT."""
    exit_quietly_when_told()
    while True:
        signal.pause()
