"""`shell_command`: a program that administrators have allowed, with its output in the run's log."""

import re
import tempfile
import time
from collections.abc import Callable
from typing import Annotated, Any

from django.conf import settings
from pydantic import Field

from tasks_app.errors import Invalid, Permanent
from tasks_app.handlers import Payload, RunContext, handler
from tasks_app.handlers.secrecy import hide
from tasks_app.kinds.command_output import CommandOutput
from tasks_app.kinds.remembered import remembered
from tasks_app.services.commands import Prepared, command_prepare
from tasks_app.services.processes import CannotStart, Ending, Job, StreamName, run_program

_GRACE_SHARE = 0.4
_SHOWN_CHARACTERS = 4_000
_SHOWN_LINES = 10
_SHOWN_WORD = 300
ExitCode = Annotated[int, Field(ge=0, le=255)]


class CommandFailed(Exception):
    """The program ended, and not as it should."""


class CommandCut(CommandFailed):
    """The program was ended at its time limit: nobody knows how far it had got."""


class ShellCommand(Payload):
    """Which command to run, and with what."""

    command: str = Field(
        min_length=1,
        max_length=100,
        description="One of the commands that administrators have allowed.",
        json_schema_extra={"x-choices": "commands"},
    )
    arguments: list[str] = Field(
        [], max_length=100, description="Further arguments, each as the command's pattern allows."
    )
    stdin: str = Field(
        "", max_length=1_048_576, title="Input", description="What the program reads from its standard input."
    )
    timeout_seconds: int | None = Field(
        None,
        ge=1,
        le=86_400,
        title="Time limit",
        description="Seconds until the program is ended; the task's own limits too.",
    )
    ok_exit_codes: list[ExitCode] = Field(
        [0], min_length=1, max_length=256, title="Good exit codes", description="The exit codes that count as success."
    )
    once: bool = Field(
        False,
        title="Never start it twice",
        description="Where a crash or a stop cuts it off, the run waits for a person instead of starting it again.",
    )

    def check(self) -> None:
        """Check what the command's row decides, which may have changed since the task was saved."""
        command_prepare(name=self.command, arguments=self.arguments)


def why_off() -> str:
    """Say why nobody may run commands."""
    return (
        "" if settings.ALLOW_SHELL_COMMANDS else "Commands are switched off on this platform: ALLOW_SHELL_COMMANDS=0."
    )


@handler(
    "shell_command",
    payload=ShellCommand,
    title="Run a command",
    permission="tasks_app.run_shell_command",
    why_off=why_off,
)
def shell_command(ctx: RunContext, payload: ShellCommand) -> dict[str, Any]:
    """Runs a program that administrators have allowed and keeps its output in the log; its exit code decides."""
    prepared = _prepared(payload)
    ctx.check_stop()
    if not payload.once:
        return _result(ctx, payload, prepared)
    with ctx.effect("command") as effect:
        if effect.done:
            ctx.log("It has run to its end for this run already; this is what came of it")
            return remembered(effect.result)
        try:
            result = _result(ctx, payload, prepared)
        except CommandCut:
            raise
        except (CommandFailed, Permanent):
            effect.not_done()  # it said so itself, or never started
            raise
        effect.confirm(result)
    return result


def _result(ctx: RunContext, payload: ShellCommand, prepared: Prepared) -> dict[str, Any]:
    output = CommandOutput(_logging(ctx), lambda note: ctx.log(note, "warning"))
    started = time.monotonic()
    try:
        ending = _run(ctx, payload, prepared, output)
    finally:
        output.end()
    if ending.left_behind:
        ctx.log(f"{ending.left_behind} processes that the command had left behind were ended", "warning")
    if ending.exit_code not in payload.ok_exit_codes:
        what = f"ended by {ending.signal}; its last line: " if ending.signal else f"exit code {ending.exit_code}: "
        raise CommandFailed(_said(what, output))
    return {
        "exit_code": ending.exit_code,
        "signal": ending.signal,
        "seconds": round(time.monotonic() - started, 3),
        "output_bytes": output.bytes,
        "output_lines": output.line_count,
        "last_lines": _last_lines(output),
        "left_behind": ending.left_behind,
    }


def _prepared(payload: ShellCommand) -> Prepared:
    try:
        return command_prepare(name=payload.command, arguments=payload.arguments)
    except Invalid as error:  # it was allowed a moment ago
        raise Permanent(error.message) from None


def _run(ctx: RunContext, payload: ShellCommand, prepared: Prepared, output: CommandOutput) -> Ending:
    with tempfile.TemporaryFile() as stdin:
        stdin.write(payload.stdin.encode("utf-8", "surrogatepass"))
        stdin.seek(0)
        job = Job(
            argv=prepared.argv,
            environment=_environment(ctx, prepared),
            directory=prepared.directory,
            stdin=stdin,
            grace_seconds=settings.CANCEL_GRACE_SECONDS * _GRACE_SHARE,
        )
        try:
            return run_program(job, on_output=output.take, check=_check(ctx, payload, output))
        except CannotStart as error:
            raise Permanent(f"the command could not be started: {error}") from None


def _environment(ctx: RunContext, prepared: Prepared) -> dict[str, str]:
    """Give all that the program finds around it, but for PATH and HOME, which every program gets."""
    own = {"LANG": "C.UTF-8", "TZ": settings.TIME_ZONE, **prepared.environment, "CARILLON_RUN_ID": ctx.run_id}
    return own if ctx.task_id is None else {**own, "CARILLON_TASK_ID": ctx.task_id}


def _check(ctx: RunContext, payload: ShellCommand, output: CommandOutput) -> Callable[[], None]:
    limit = payload.timeout_seconds
    until = time.monotonic() + limit if limit else float("inf")

    def check() -> None:
        ctx.check_stop()
        if time.monotonic() >= until:
            raise CommandCut(_said(f"ended after {limit} s, its time limit; its last line: ", output))

    return check


def _logging(ctx: RunContext) -> Callable[[StreamName, str], None]:
    def on_line(stream: StreamName, line: str) -> None:
        ctx.log(line, "info" if stream == "stdout" else "warning")

    return on_line


def _said(what: str, output: CommandOutput) -> str:
    """Say it on the first line, which is all that lists show; secrets are hidden before a cut could halve one."""
    word = hide(output.last_word)
    if not word:
        return f"{re.split('[:;]', what)[0]}, without a word"
    shown = word if len(word) <= _SHOWN_WORD else f"{word[:_SHOWN_WORD]}…"
    lines = [hide(line) for line in output.last_lines[-_SHOWN_LINES:]]
    return "\n".join([f"{what}{shown}", *(lines if lines != [shown] else [])])[:_SHOWN_CHARACTERS]


def _last_lines(output: CommandOutput) -> list[str]:
    kept: list[str] = []
    room = _SHOWN_CHARACTERS
    for line in reversed(output.last_lines):
        room -= len(line)
        if room < 0:
            break
        kept.append(line)
    return kept[::-1]
