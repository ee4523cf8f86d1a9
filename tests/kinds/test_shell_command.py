"""`shell_command`: only what is allowed, with its output in the log, and honest about its end."""

import json
import os
import resource
import time
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from pytest_django import Settings

from tasks_app.errors import Invalid, Permanent, RunStopped
from tasks_app.handlers import registry
from tasks_app.handlers.secrecy import known
from tasks_app.handlers.testing import RecordingContext, call_handler
from tasks_app.kinds import command_output
from tasks_app.kinds.command_output import CommandOutput, readable
from tasks_app.kinds.shell_command import CommandFailed
from tasks_app.models import AllowedCommand
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create
from tests import handler_types, runs

pytestmark = pytest.mark.django_db
TYPE = "shell_command"


def allow(line: str = "", **fields: Any) -> None:
    """Allow a command by the name of "it": a line for the shell, or what the fields say."""
    values = {"name": "it", "command": [line], "uses_shell": True, "most_arguments": 5, "is_enabled": True, **fields}
    AllowedCommand.objects.update_or_create(name=values.pop("name"), defaults=values)


def run(ctx: RecordingContext | None = None, **payload: Any) -> dict[str, Any]:
    result: dict[str, Any] = call_handler(TYPE, {"command": "it", **payload}, ctx or RecordingContext())
    return result


def refusal(**payload: Any) -> str:
    with pytest.raises(Invalid) as error:
        registry.validate(TYPE, {"command": "it", **payload})
    ((path, faults),) = error.value.fields.items()
    return f"{path}: {faults[0].message}"


def test_it_is_off_until_it_is_switched_on_and_then_needs_the_permission(alice: User, settings: Settings) -> None:
    allow("true")
    spec = TaskSpec(name="t", type=TYPE, payload={"command": "it"})
    for is_on, words in ((False, "switched off on this platform"), (True, "administrator can give you the permission")):
        settings.ALLOW_SHELL_COMMANDS = is_on
        with pytest.raises(Invalid) as error:
            task_create(owner=alice, spec=spec, actor="tests")
        assert words in error.value.fields["type"][0].message
    alice.user_permissions.add(Permission.objects.get(codename="run_shell_command"))
    task_create(owner=User.objects.get(pk=alice.pk), spec=spec, actor="tests")


@pytest.mark.parametrize("lost", ["switch", "permission", "command", "argument"])
def test_what_was_allowed_when_it_was_saved_is_asked_again_before_it_runs(
    alice: User, settings: Settings, lost: str, tmp_path: Path
) -> None:
    settings.ALLOW_SHELL_COMMANDS = lost != "switch"
    if lost != "permission":
        alice.user_permissions.add(Permission.objects.get(codename="run_shell_command"))
    allow(
        f"touch {tmp_path}/done", arguments="[0-9]+" if lost == "argument" else "[a-z]+", is_enabled=lost != "command"
    )
    made = runs.make_run(alice, type=TYPE, payload={"command": "it", "arguments": ["x"]})
    handler_types.execute(made)
    ended = runs.fresh(made)
    assert (ended.status, ended.failures) == ("failed", 1), "for good: trying again cannot help"
    assert not (tmp_path / "done").exists()


def test_the_log_and_the_result_tell_what_happened() -> None:
    allow("echo one; echo two >&2; exit 3")
    ctx = RecordingContext()
    result = run(ctx, ok_exit_codes=[0, 3])
    assert sorted(ctx.logs) == [("info", "one"), ("warning", "two")]
    assert result.pop("seconds") >= 0
    assert sorted(result.pop("last_lines")) == ["one", "two"]
    assert result == {"exit_code": 3, "signal": None, "output_bytes": 8, "output_lines": 2, "left_behind": 0}


def test_a_failure_says_the_code_or_the_signal_and_the_last_lines() -> None:
    allow("echo oh no; exit 4")
    with pytest.raises(CommandFailed, match=r"^exit code 4: oh no$"):
        run()
    allow("kill -KILL $$")
    with pytest.raises(CommandFailed, match=r"^ended by SIGKILL, without a word$"):
        run(ok_exit_codes=list(range(256)))


def test_the_first_line_of_a_failure_is_the_last_word_of_the_errors() -> None:
    allow("echo boom >&2; echo >&2; echo tidied up; exit 3")
    with pytest.raises(CommandFailed) as failed:
        run()
    first, *rest = str(failed.value).split("\n")
    assert first == "exit code 3: boom"
    assert sorted(rest) == ["", "boom", "tidied up"]


def test_a_secret_at_the_cut_of_the_first_line_is_hidden_whole() -> None:
    allow(f"printf '%s' '{'x' * 296} hunter2-hunter2' >&2; exit 3")
    known.begin(lambda: ["hunter2-hunter2"])
    try:
        with pytest.raises(CommandFailed) as failed:
            run()
    finally:
        known.begin()
    assert "hun" not in str(failed.value)


def test_lines_are_told_while_the_program_runs(tmp_path: Path) -> None:
    """The program waits for a file that only its first line brings about."""
    os.mkfifo(tmp_path / "go")

    class Context(RecordingContext):
        def log(self, message: str, level: Any = "info") -> None:
            super().log(message, level)
            if message == "ready":
                (tmp_path / "go").write_text("on\n")

    allow(f"echo ready; cat {tmp_path}/go")
    ctx = Context()
    run(ctx)
    assert ctx.messages == ["ready", "on"]


def test_its_environment_is_its_own(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "very-secret")
    monkeypatch.setenv("LD_PRELOAD_X", "1")
    settings.TIME_ZONE = "Europe/Berlin"
    allow(name="it", command=["env"], uses_shell=False, environment={"LEVEL": "full", "TZ": "Asia/Tokyo"})
    ctx = RecordingContext(task_id="a-task")
    run(ctx)
    found = dict(line.split("=", 1) for line in ctx.messages)
    assert found.pop("HOME").startswith("/")
    assert found == {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "Asia/Tokyo",
        "LEVEL": "full",
        "CARILLON_RUN_ID": ctx.run_id,
        "CARILLON_TASK_ID": "a-task",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-rf"], "payload.arguments.0: This command takes no options"),
        (["ok", "--output=/etc/passwd"], "payload.arguments.1: This command takes no options"),
        (["a\0b"], "payload.arguments.0: "),
        (["a\n"], "payload.arguments.0: This must match"),
        (["a b"], "payload.arguments.0: This must match"),
        (["$(id)"], "payload.arguments.0: This must match"),
        ([""], "payload.arguments.0: This must match"),
        (["x" * 4097], "payload.arguments.0: "),
        (["x" * 1_000_000], "payload.arguments: All arguments together"),
        (["x" * 4096] * 5, "payload.arguments: All arguments together"),
        (["x"] * 6, "payload.arguments: This command takes 5 at most"),
        (["x"] * 101, "payload.arguments: "),
    ],
)
def test_an_argument_that_is_not_allowed_is_refused_at_its_place(arguments: list[str], message: str) -> None:
    allow(name="it", command=["echo"], uses_shell=False, arguments="[a-z/.=-]+")
    assert refusal(arguments=arguments).startswith(message)


def test_an_argument_stays_one_argument() -> None:
    arguments = ["a b", "; id", "$(id)", "`id`", "*", "x\ny", "'", '"']
    allow(name="it", command=["printf", "<%s>"], uses_shell=False, arguments="(.|\n)*", most_arguments=20)
    ctx = RecordingContext()
    run(ctx, arguments=arguments)
    assert "\n".join(ctx.messages) == "".join(f"<{argument}>" for argument in arguments)
    allow('printf "<%s>" "$@"', arguments="(.|\n)*", most_arguments=20)
    ctx = RecordingContext()
    run(ctx, arguments=arguments)
    assert "\n".join(ctx.messages) == "".join(f"<{argument}>" for argument in arguments)


def test_options_are_taken_where_the_pattern_spells_the_dash_out() -> None:
    allow(name="it", command=["echo"], uses_shell=False, arguments="--since=[0-9-]+|[a-z]+")
    assert run(arguments=["--since=2026-01-31", "x"])["last_lines"] == ["--since=2026-01-31 x"]
    assert "must match" in refusal(arguments=["--until=2026"])


def test_without_a_pattern_there_are_no_arguments_and_without_a_row_no_command() -> None:
    assert refusal() == "payload.command: Administrators have not allowed this command; there are: none."
    allow("true")
    assert refusal(arguments=["x"]) == "payload.arguments: This command takes no arguments."
    allow("true", is_enabled=False)
    assert "have not allowed" in refusal()
    allow("true", command=["no-such-program"], uses_shell=False)
    assert "not set up well: There is no program" in refusal()


def test_it_reads_its_input() -> None:
    allow("wc -c; cat")
    text = "é" * 30_000
    assert run(stdin=text)["last_lines"][0] == "60000"


def test_a_program_that_is_not_there_fails_for_good() -> None:
    allow(name="it", command=["/no/such/program"], uses_shell=False)
    with pytest.raises(Permanent, match="could not be started: /no/such/program: No such file"):
        run()


def test_its_own_time_limit_ends_it() -> None:
    allow("echo working; exec sleep 600")
    started = time.monotonic()
    with pytest.raises(CommandFailed, match=r"^ended after 1 s, its time limit; its last line: working$"):
        run(timeout_seconds=1)
    assert time.monotonic() - started < 10


def test_what_it_left_behind_is_told() -> None:
    allow("setsid sleep 600 & echo x")
    ctx = RecordingContext()
    assert run(ctx)["left_behind"] >= 1
    assert "left behind were ended" in ctx.messages[-1]


def test_asked_to_stop_it_leaves_within_its_grace(settings: Settings) -> None:
    settings.CANCEL_GRACE_SECONDS = 1
    allow("trap '' TERM; while :; do sleep 0.1; done")
    started = time.monotonic()
    with pytest.raises(RunStopped):
        run(RecordingContext(stop_after=1))
    assert time.monotonic() - started < 8


def test_a_flood_fills_neither_memory_nor_log() -> None:
    allow("yes 'a flood of words' | head -c 50000000; echo the end")
    ctx = RecordingContext()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = run(ctx)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000
    assert result["output_bytes"] == 50_000_008
    assert sum(len(message) + 1 for message in ctx.messages) < command_output.LOG_BYTES + 300_000
    assert ctx.messages[-1].endswith("the end")
    assert any("more than 4 MiB" in message for message in ctx.messages)


def test_the_result_of_the_longest_lines_can_be_kept() -> None:
    allow("head -c 1000000 /dev/zero | tr '\\0' '\\377'; for i in $(seq 5); do echo; head -c 60000 /dev/zero; done")
    ctx = RecordingContext()
    assert len(json.dumps(run(ctx))) < 65_536
    assert max(map(len, ctx.messages)) <= command_output.ENTRY_CHARACTERS


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"caf\xc3\xa9\tx", "café\tx"),
        (b"\xff\xfe", "��"),
        (b"\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        (b"windows\r", "windows"),
        (b"10%\r20%", "10%\\x0d20%"),
        ("a\u202eb\u2028c\u0085".encode(), "a\\u202eb\\u2028c\\x85"),
        (b"\x00", "\\x00"),
    ],
)
def test_everything_in_a_line_can_be_seen(line: bytes, text: str) -> None:
    assert readable(line) == text


def test_lines_are_cut_wherever_the_pieces_end() -> None:
    told: list[str] = []
    output = CommandOutput(lambda _, line: told.append(line), lambda note: told.append(f"note: {note}"))
    text = b"one\n\ntwo\nthree"
    for index in range(len(text)):
        output.take("stdout", text[index : index + 1])
    assert told == ["one", "", "two"]
    output.end()
    assert told == ["one", "", "two", "three"]
    assert (output.bytes, output.line_count, output.last_lines) == (14, 4, told)
    output = CommandOutput(lambda _, line: told.append(line), told.append)
    output.take("stdout", b"x" * 70_000)
    assert sum(map(len, told[4:])) == command_output.LINE_BYTES, "a long line is told before it ends"
