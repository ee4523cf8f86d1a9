"""A hand inside the platform: a process with the platform's own settings that does what a test asks of it.

The test names a function of tests/live/inside.py; it is called over there, through the real services, database and
Redis of the platform, and its answer comes back. The settings of the test's own process are never touched.
"""

import contextlib
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from scheduler_project.settings import BASE_DIR
from tests.live.surroundings import environment

ANSWER_SECONDS = 90
P = ParamSpec("P")
R = TypeVar("R")


class Hand:
    """The test's end."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._connection, theirs = Pipe()
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "tests.live.hand", str(theirs.fileno())],
                cwd=BASE_DIR,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        theirs.close()

    def do(self, deed: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function over there; what it raises is raised here as an AssertionError with its traceback."""
        self._connection.send((deed, args, kwargs))
        assert self._connection.poll(ANSWER_SECONDS), f"{deed.__name__} has not answered"
        is_done, answer = self._connection.recv()
        assert is_done, answer
        result: R = answer
        return result

    def close(self) -> None:
        """Let it go."""
        self._connection.close()
        try:
            self._popen.wait(ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


@contextlib.contextmanager
def hand_in(directory: Path, **settings: str) -> Iterator[Hand]:
    """Give a hand in the platform whose state is in the directory, and which runs with these settings."""
    hand = Hand(environment(**settings, VAR_DIR=str(directory)), directory / "hand.log")
    try:
        yield hand
    finally:
        hand.close()


def serve(connection: "Connection[Any, Any]") -> None:
    """Do one deed after another until the test lets go."""
    from django.db import close_old_connections  # noqa: PLC0415  # needs the settings

    while True:
        try:
            deed, args, kwargs = connection.recv()
        except EOFError:
            return
        close_old_connections()
        try:
            answer = (True, deed(*args, **kwargs))
        except Exception:
            connection.send((False, traceback.format_exc()))
        else:
            connection.send(answer)


if __name__ == "__main__":
    import django

    django.setup()
    serve(Connection(int(sys.argv[1])))
