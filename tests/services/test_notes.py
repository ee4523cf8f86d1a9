"""What a handler reports: kept in order, bounded, fenced, and not lost to a database that was away."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from tasks_app.events import Change, RunLogged, RunProgressed, run_changed
from tasks_app.models import RunLog, TaskRun
from tasks_app.selectors.runs import run_logs
from tasks_app.services.execution.notes import Notes
from tests import runs

pytestmark = pytest.mark.django_db

LIMIT = 100


@pytest.fixture(autouse=True)
def _small_limit(settings: Any) -> None:
    settings.LOG_LINES_PER_RUN = LIMIT


@pytest.fixture
def heard() -> Iterator[list[Change]]:
    """Collect what is announced."""
    told: list[Change] = []

    def hear(changes: tuple[Change, ...], **_: object) -> None:
        told.extend(changes)

    run_changed.connect(hear)
    yield told
    run_changed.disconnect(hear)


def notes_of(run: TaskRun) -> Notes:
    """Begin an attempt's notes."""
    held = runs.hold(run)
    return Notes(runs.fresh(run), held)


def stored(run: TaskRun) -> list[str]:
    """Read the log as it stands, in order."""
    return [line[2] for chunk in RunLog.objects.filter(run=run).order_by("first_line") for line in chunk.lines]


def test_lines_are_stored_in_order_with_their_numbers_and_levels(alice: User, heard: list[Change]) -> None:
    run = runs.make_run(alice)
    notes = notes_of(run)
    heard.clear()
    notes.add_line("one", "info")
    notes.add_line("two\nstill two", "error")
    notes.flush()
    notes.add_line("three", "shouting")
    notes.flush()
    assert stored(run) == ["one", "two\nstill two", "three"]
    assert runs.fresh(run).log_lines == 3
    frames = [line for change in heard if isinstance(change, RunLogged) for line in change.lines]
    assert [(line["n"], line["level"], line["message"]) for line in frames] == [
        (1, "info", "one"),
        (2, "error", "two\nstill two"),
        (3, "info", "three"),
    ]


def test_nothing_new_is_nothing_written(alice: User, heard: list[Change]) -> None:
    run = runs.make_run(alice)
    notes = notes_of(run)
    heard.clear()
    notes.flush()
    notes.flush(is_last=True)
    assert not heard
    assert not RunLog.objects.exists()


def test_of_many_reports_the_newest_is_stored_and_the_sequence_counts_all(alice: User, heard: list[Change]) -> None:
    run = runs.make_run(alice)
    notes = notes_of(run)
    heard.clear()
    for done in range(1, 6):
        notes.set_progress(done, 10, f"step {done}")
    notes.flush()
    notes.set_progress(6, None, "")
    notes.flush()
    after = runs.fresh(run)
    assert (after.progress, after.progress_seq) == ({"done": 6, "total": None, "message": ""}, 6)
    told = [change for change in heard if isinstance(change, RunProgressed)]
    assert [change.seq for change in told] == [5, 6]
    assert {change.version for change in told} == {after.version}


def test_a_new_attempt_counts_its_progress_from_the_start_under_a_newer_version(alice: User) -> None:
    run = runs.make_run(alice)
    first = notes_of(run)
    first.set_progress(9, 10, "")
    first.flush()
    before = runs.fresh(run)
    runs.rescue(run)
    second = notes_of(run)
    second.set_progress(1, 10, "")
    second.flush()
    after = runs.fresh(run)
    assert (before.progress_seq, after.progress_seq) == (1, 1)
    assert after.version > before.version


@pytest.mark.parametrize("number", [1, 0.5, Decimal("2.5"), True])
def test_any_finite_number_is_progress(number: Any, alice: User) -> None:
    run = runs.make_run(alice)
    notes = notes_of(run)
    notes.set_progress(number, number, "")
    notes.flush()
    progress = runs.fresh(run).progress
    assert progress is not None
    assert progress["done"] == progress["total"] == float(number)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), "three", None, object()])
def test_what_is_no_number_is_said_to_the_handler_at_once(number: Any, alice: User) -> None:
    notes = notes_of(runs.make_run(alice))
    with pytest.raises((TypeError, ValueError)):
        notes.set_progress(number, 10, "")
    notes.flush()


def test_characters_that_cannot_be_stored_are_replaced(alice: User) -> None:
    run = runs.make_run(alice)
    notes = notes_of(run)
    notes.add_line("nul \x00 half \ud800", "info")
    notes.set_progress(1, 2, "nul \x00 half \ud800")
    notes.flush()
    assert stored(run) == ["nul \ufffd half ?"]
    progress = runs.fresh(run).progress
    assert progress is not None
    assert progress["message"] == "nul \ufffd half ?"


def test_beyond_the_limit_the_middle_is_cut_and_says_so(alice: User) -> None:
    run = runs.make_run(alice)
    notes = notes_of(run)
    for number in range(250):
        notes.add_line(str(number), "info")
        if number % 30 == 0:
            notes.flush()
    notes.flush(is_last=True)
    lines = stored(run)
    assert lines[:90] == [str(number) for number in range(90)]
    assert "150 lines left out" in lines[90]
    assert lines[91:] == [str(number) for number in range(240, 250)]
    assert runs.fresh(run).log_lines == len(lines) == LIMIT + 1


@pytest.mark.parametrize("count", [90, 91, 100])
def test_up_to_the_limit_nothing_is_cut(count: int, alice: User) -> None:
    run = runs.make_run(alice)
    notes = notes_of(run)
    for number in range(count):
        notes.add_line(str(number), "info")
    notes.flush(is_last=True)
    assert stored(run) == [str(number) for number in range(count)]


def test_a_later_attempt_goes_on_where_the_limit_stands_and_keeps_its_own_end(alice: User) -> None:
    run = runs.make_run(alice)
    for attempt in range(3):
        notes = notes_of(run)
        for number in range(60):
            notes.add_line(f"{attempt}.{number}", "info")
        notes.flush(is_last=True)
        runs.rescue(run)
    lines = stored(run)
    assert lines[:90] == [*(f"0.{number}" for number in range(60)), *(f"1.{number}" for number in range(30))]
    assert "20 lines left out" in lines[90]
    assert lines[91:101] == [f"1.{number}" for number in range(50, 60)]
    assert "50 lines left out" in lines[101]
    assert lines[102:] == [f"2.{number}" for number in range(50, 60)]
    chunks = RunLog.objects.filter(run=run).order_by("first_line")
    assert [chunk.first_line + chunk.line_count for chunk in chunks] == [
        *[chunk.first_line for chunk in chunks][1:],
        len(lines) + 1,
    ]
    assert len(run_logs(run, after=0, limit=1000)) == len(lines)


def test_a_line_has_a_longest_length(alice: User) -> None:
    run = runs.make_run(alice)
    notes = notes_of(run)
    notes.add_line("x" * 100_000, "info")
    notes.flush()
    assert len(stored(run)[0]) == 8000


def test_notes_under_a_void_claim_are_not_written(alice: User, heard: list[Change]) -> None:
    run = runs.make_run(alice)
    stale = notes_of(run)
    runs.rescue(run)
    runs.claim(run)
    heard.clear()
    stale.add_line("late", "info")
    stale.set_progress(1, 2, "late")
    stale.flush(is_last=True)
    after = runs.fresh(run)
    assert (after.progress, after.progress_seq, after.log_lines) == (None, 0, 0)
    assert stored(run) == []
    assert not heard


def test_what_a_database_that_is_away_did_not_take_is_stored_later(alice: User) -> None:
    run = runs.make_run(alice)
    notes = notes_of(run)
    for number in range(LIMIT + 20):
        notes.add_line(str(number), "info")
    notes.set_progress(1, 2, "half")

    def away(*_: Any) -> Any:
        raise DatabaseError("away")

    with pytest.raises(DatabaseError), transaction.atomic(), connection.execute_wrapper(away):
        notes.flush(is_last=True)
    assert notes.fresh.is_set()
    notes.flush(is_last=True)
    lines = stored(run)
    assert (lines[0], lines[-1], len(lines)) == ("0", str(LIMIT + 19), LIMIT + 1)
    assert runs.fresh(run).progress == {"done": 1, "total": 2, "message": "half"}
