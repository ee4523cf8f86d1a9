"""`shell_command` that must not start twice: what is known is remembered, and what is not known is left to a person."""

from pathlib import Path

import pytest

from tasks_app.errors import EffectUnknown, RunStopped
from tasks_app.handlers.testing import RecordingContext
from tasks_app.kinds.shell_command import CommandCut, CommandFailed
from tests.kinds.test_shell_command import allow, run

pytestmark = pytest.mark.django_db


def test_what_has_run_to_its_end_is_not_started_for_a_retry(tmp_path: Path) -> None:
    allow(f"echo x >> {tmp_path}/runs")
    ctx = RecordingContext()
    first = run(ctx, once=True)
    assert run(ctx.again(), once=True) == first
    assert (tmp_path / "runs").read_text() == "x\n"


def test_without_the_wish_each_attempt_starts_it(tmp_path: Path) -> None:
    allow(f"echo x >> {tmp_path}/runs")
    ctx = RecordingContext()
    run(ctx)
    run(ctx.again())
    assert (tmp_path / "runs").read_text() == "x\nx\n"


def test_one_that_says_it_failed_is_tried_again(tmp_path: Path) -> None:
    allow(f"echo x >> {tmp_path}/runs; test $(wc -l < {tmp_path}/runs) = 2")
    ctx = RecordingContext()
    with pytest.raises(CommandFailed):
        run(ctx, once=True)
    assert run(ctx.again(), once=True)["exit_code"] == 0


def test_one_that_a_person_vouches_for_is_not_started_again(tmp_path: Path) -> None:
    allow(f"echo x >> {tmp_path}/runs")
    ctx = RecordingContext()
    with ctx.effect("command"):
        pass  # settled: it is done, and there is no result
    assert "a person" in run(ctx.again(), once=True)["summary"]
    assert not (tmp_path / "runs").exists()


def test_one_that_was_cut_off_waits_for_a_person() -> None:
    allow("sleep 60")
    ctx = RecordingContext()
    with pytest.raises(CommandCut):
        run(ctx, once=True, timeout_seconds=1)
    with pytest.raises(EffectUnknown):
        run(ctx.again(), once=True)
    stopped = RecordingContext(stop_after=1)
    with pytest.raises(RunStopped):
        run(stopped, once=True)
    with pytest.raises(EffectUnknown):
        run(stopped.again(), once=True)
