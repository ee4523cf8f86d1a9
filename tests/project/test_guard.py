"""What becomes of everything when the launcher is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.live.leash import end_all, living
from tests.live.surroundings import eventually

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 20
# Takes no SIGTERM, and says more than a pipe holds after its launcher has gone.
_LOUD = "trap '' TERM; echo up; while kill -0 $0 2>/dev/null; do sleep 0.05; done; yes | head -c 200000"
_LAUNCHER = f"""
import os, sys
from scheduler_project.guard import Guard
from scheduler_project.supervisor import Printer, Supervisor
manager = Supervisor(Printer(sys.stdout), Guard(grace_seconds=10), grace_seconds=10)
manager.add_process("loud", "sh -c \\"{_LOUD.replace("$", chr(92) * 2 + "$")}\\" " + str(os.getpid()))
manager.loop()
"""
# Killed as soon as the part's process is forked, before anything of the part can have been heard.
_KILLED_AT_ONCE = """
import os, signal, sys
from scheduler_project.guard import Guard
from scheduler_project.supervisor import Printer, Supervisor
class Killed(Supervisor):
    def _start_due(self):
        super()._start_due()
        os.kill(os.getpid(), signal.SIGKILL)
manager = Killed(Printer(sys.stdout), Guard(grace_seconds=10), grace_seconds=10)
manager.add_process("web", "exec sleep 1000")
manager.loop()
"""


def test_nothing_outlives_a_killed_launcher_however_much_there_was_to_say() -> None:
    words = [sys.executable, "-c", _LAUNCHER]
    out, same = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(words, cwd=ROOT, stdout=out, stderr=same, start_new_session=True) as launcher:
        assert launcher.stdout is not None
        while b"up" not in (line := launcher.stdout.readline()):
            assert line, "it never came up"
        launcher.kill()
        launcher.wait(WAIT_SECONDS)
        try:
            assert _ends(launcher.pid), "a process was left behind"
        finally:
            _kill(launcher.pid)
        assert b"Traceback" not in launcher.stdout.read()


def test_a_launcher_that_is_killed_as_a_part_starts_leaves_nothing_of_it(tmp_path: Path) -> None:
    mark = f"LAUNCHER={tmp_path}"  # the part may be ended before it can say a word: its surroundings tell whose it is
    words = [sys.executable, "-c", _KILLED_AT_ONCE]
    surroundings = os.environ | {"LAUNCHER": str(tmp_path)}
    with subprocess.Popen(words, cwd=ROOT, env=surroundings, stdout=subprocess.PIPE) as launcher:
        try:
            assert launcher.wait(WAIT_SECONDS) == -signal.SIGKILL
            eventually(lambda: not living(mark), WAIT_SECONDS, "nothing of it is left")
        finally:
            end_all(mark, "")


def _ends(group: int) -> bool:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
