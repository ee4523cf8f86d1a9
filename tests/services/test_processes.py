"""Programs: a clean start, output as it comes, and an end that leaves nothing behind, whatever the program does."""

import contextlib
import os
import pwd
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from tasks_app.services.processes import CannotStart, Ending, Escaped, Job, StreamName, run_program

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
SECONDS = 20


class Heard:
    """What a program said."""

    def __init__(self) -> None:
        self.pieces: list[tuple[StreamName, bytes]] = []

    def __call__(self, stream: StreamName, piece: bytes) -> None:
        self.pieces.append((stream, piece))

    def text(self, stream: StreamName = "stdout") -> str:
        return b"".join(piece for name, piece in self.pieces if name == stream).decode()


class Enough(BaseException):
    """Somebody wants the program to stop."""


def sh(line: str, *, check: Callable[[], object] = lambda: None, **job: object) -> tuple[Ending, Heard]:
    heard = Heard()
    given = {"grace_seconds": 0.5, **job}
    return run_program(Job(argv=["/bin/sh", "-c", line], **given), on_output=heard, check=check), heard  # type: ignore[arg-type]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {SECONDS} s: {what}"
        time.sleep(0.02)


def pids_in(directory: Path, count: int) -> list[int]:
    """Wait until so many processes have left their numbers."""

    def numbers() -> list[int]:
        return [int(text) for path in directory.iterdir() if (text := path.read_text().strip())]

    wait_until(lambda: len(numbers()) == count, f"{count} processes")
    return numbers()


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_output_exit_code_and_directory() -> None:
    ending, heard = sh("pwd; ls -A; echo two >&2; exit 7")
    assert ending == Ending(7, None, 0)
    assert heard.text("stderr") == "two\n"
    directory = Path(heard.text().strip())
    assert directory.name.startswith("carillon-command-")
    assert not directory.exists()


def test_a_signal_is_named() -> None:
    assert sh("kill -SEGV $$")[0] == Ending(None, "SIGSEGV", 0)


# 32 and 33 belong to the C library, which lets nobody reset them; a shell above the tests may have ignored them.
LIBRARY_SIGNALS = 1 << 31 | 1 << 32


def test_it_starts_clean(tmp_path: Path) -> None:
    """Whatever the worker's child has done to itself: ignored signals, a mask, timers, open files, its environment."""
    leaky = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(leaky, True)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTERM, signal.SIGINT)}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGTERM])
    alarm = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 600)
    try:
        signals = "grep -E '^Sig(Pnd|Blk|Ign)' /proc/self/status"
        script = f"env | sort; umask; ls /proc/self/fd; {signals}; cut -d' ' -f1,5,6 /proc/$$/stat"
        _, heard = sh(script, environment={"LANG": "C"}, directory=str(tmp_path))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, alarm)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, action in before.items():
            signal.signal(number, action)
        os.close(leaky)
    environment, _, rest = heard.text().partition("0077\n")
    names = {line.partition("=")[0] for line in environment.splitlines()}
    assert names == {"HOME", "LANG", "PATH", "PWD"}, environment  # PWD is the shell's own
    assert f"HOME={tmp_path}\n" in environment
    assert rest.split()[:4] == ["0", "1", "2", "3"], "3 is the directory that ls reads"
    masks = [int(line.partition(":")[2], 16) & ~LIBRARY_SIGNALS for line in rest.splitlines() if line.startswith("Sig")]
    assert masks == [0, 0, 0], f"nothing pending, blocked or ignored: {rest}"
    pid, session, group = rest.split()[-3:]
    assert pid == session == group


def test_nothing_of_the_platform_is_seen_by_looking_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "very-secret-key")
    monkeypatch.setenv("DATABASE_URL", "postgres://u:very-secret-password@db/x")
    _, heard = sh("env; cat /proc/$$/environ /proc/$PPID/environ /proc/$PPID/cmdline | tr '\\0' '\\n'")
    assert "PATH=" in heard.text()
    assert "very-secret" not in heard.text()
    assert settings.SECRET_KEY not in heard.text()


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes two processes of another user")
def test_a_hidden_process_shows_its_environment_to_nobody_of_the_same_user() -> None:
    script = (
        "import ctypes, os, subprocess, sys; sys.path.insert(0, sys.argv[1])\n"
        "from tasks_app.services.processes import hide_process\n"
        "def peek():\n"
        "    line = f'cat /proc/{os.getpid()}/environ'\n"
        "    print(subprocess.run(['/bin/sh', '-c', line], env={}, capture_output=True).stdout)\n"
        "os.setgroups([]); os.setresuid(*[int(sys.argv[2])] * 3)\n"
        "ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as it is for a process that began as this user\n"
        "peek(); hide_process(); peek()\n"
    )
    nobody = str(pwd.getpwnam("nobody").pw_uid)
    words = [sys.executable, "-c", script, str(settings.BASE_DIR), nobody]
    environment = {"SECRET_KEY": "very-secret"}
    found = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=SECONDS, check=True)
    assert found.stdout.splitlines() == [repr(b"SECRET_KEY=very-secret\0"), repr(b"")]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["/no/such/program"], "No such file"),
        (["/etc/passwd"], "Permission denied"),
        (["/bin/echo", "x" * 1_000_000], "Argument list too long"),
    ],
)
def test_what_cannot_start_says_why(words: list[str], reason: str) -> None:
    with pytest.raises(CannotStart, match=reason):
        run_program(Job(argv=words), on_output=Heard())


def test_a_directory_behind_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for path in (tmp_path / "link", tmp_path / "link" / ".." / "link"):
        with pytest.raises(CannotStart, match="symbolic link"):
            sh("true", directory=str(path))
    with pytest.raises(CannotStart, match="No such file"):
        sh("true", directory=str(tmp_path / "gone"))
    assert sh("pwd", directory=str(tmp_path / "real"))[1].text().strip() == str(tmp_path / "real")


def test_a_directory_that_was_shut_is_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    _, heard = sh(f"pwd; mkdir -p a/b; touch a/b/c; ln -s {tmp_path} out; chmod 0 a/b; chmod 500 a")
    assert not Path(heard.text().strip()).exists()
    assert (tmp_path / "mine").read_text() == "kept"


def test_what_a_program_leaves_behind_is_ended_and_counted(tmp_path: Path) -> None:
    daemon = f"setsid sh -c 'echo $$ > {tmp_path}/$0; sleep 600'"
    line = f"{daemon} 1 & {daemon} 2 & until [ -s {tmp_path}/1 -a -s {tmp_path}/2 ]; do :; done"
    ending, _ = sh(line)
    assert ending.exit_code == 0
    assert ending.left_behind >= 2
    assert not any(map(is_alive, pids_in(tmp_path, 2)))


def stubborn(directory: Path) -> str:
    """A program, its child and its grandchild that has left the group; all ignore what asks for the end."""
    deaf = "trap '' TERM INT HUP"
    inner = f'sh -c "{deaf}; echo \\$\\$ > {directory}/grandchild; while :; do sleep 1; done"'
    child = f"{deaf}; echo $$ > {directory}/child; setsid {inner} & while :; do sleep 1; done"
    return f"{deaf}; echo $$ > {directory}/program; sh -c '{child}' & while :; do sleep 1; done"


def test_whoever_is_asked_to_stop_and_ignores_it_is_killed_with_all_its_offspring(tmp_path: Path) -> None:
    pids: list[int] = []

    def check() -> None:
        pids.extend(pids_in(tmp_path, 3))
        raise Enough

    before = children()
    with pytest.raises(Enough):
        sh(stubborn(tmp_path), check=check)
    assert len(pids) == 3
    assert not any(map(is_alive, pids))
    assert children() == before, "no zombie is left"


def test_a_program_has_its_grace_and_its_last_words(tmp_path: Path) -> None:
    heard = Heard()
    line = f"trap 'echo bye; exit 0' TERM; touch {tmp_path}/ready; while :; do sleep 0.05; done"

    def check() -> None:
        wait_until((tmp_path / "ready").exists, "the program is ready")
        raise Enough

    with pytest.raises(Enough):
        run_program(Job(argv=["/bin/sh", "-c", line], grace_seconds=10), on_output=heard, check=check)
    assert heard.text() == "bye\n"


def test_a_stopped_program_is_ended(tmp_path: Path) -> None:
    pids: list[int] = []

    def check() -> None:
        pids.extend(pids_in(tmp_path, 1))
        raise Enough

    with pytest.raises(Enough):
        sh(f"echo $$ > {tmp_path}/1; kill -STOP $$", check=check)
    assert not is_alive(pids[0])


def test_a_program_that_stops_its_supervisor_is_ended(tmp_path: Path) -> None:
    def check() -> None:
        pids_in(tmp_path, 1)
        raise Enough

    before = children()
    with pytest.raises(Enough):
        sh(f"kill -STOP $PPID; echo $$ > {tmp_path}/pid; exec sleep 600", check=check)
    assert not any(map(is_alive, pids_in(tmp_path, 1)))
    assert children() == before


def test_the_offspring_goes_when_the_owner_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tasks_app.services.processes import *\n"
        "run_program(Job(argv=['/bin/sh', '-c', sys.argv[2]]), on_output=print)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(settings.BASE_DIR), stubborn(tmp_path)]) as owner:
        pids = pids_in(tmp_path, 3)
        owner.kill()
    wait_until(lambda: not any(map(is_alive, pids)), "everybody has ended")


def test_the_program_dies_with_its_supervisor_and_that_is_told(tmp_path: Path) -> None:
    pids: list[int] = []

    def check() -> None:
        if not pids:
            pids.extend(pids_in(tmp_path, 1))
            supervisor = int(Path(f"/proc/{pids[0]}/stat").read_text().rpartition(")")[2].split()[1])
            os.kill(supervisor, signal.SIGKILL)

    with pytest.raises(Escaped):
        sh(f"echo $$ > {tmp_path}/1; exec sleep 600", check=check, directory=str(tmp_path))
    wait_until(lambda: not is_alive(pids[0]), "the program has ended")


def test_an_exception_of_the_reader_ends_the_program(tmp_path: Path) -> None:
    def full(_stream: StreamName, _piece: bytes) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run_program(Job(argv=["/bin/sh", "-c", f"echo $$ > {tmp_path}/1; echo x; exec sleep 600"]), on_output=full)
    assert not is_alive(pids_in(tmp_path, 1)[0])


def test_a_flood_is_read_no_faster_than_it_is_taken() -> None:
    taken = 0

    def take(_stream: StreamName, piece: bytes) -> None:
        nonlocal taken
        taken += len(piece)
        if taken > 50_000_000:
            raise RuntimeError("enough")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with contextlib.suppress(RuntimeError):
        run_program(Job(argv=["/bin/sh", "-c", "yes"]), on_output=take)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_many_programs_leave_no_zombie_and_no_open_file() -> None:
    sh("true")
    before, files = children(), len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        sh("true & true & (sleep 0.01 &)")
    assert (children(), len(os.listdir("/proc/self/fd"))) == (before, files)
