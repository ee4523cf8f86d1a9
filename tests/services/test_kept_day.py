"""What is kept of a day tells of each day that begins some minutes later what counting that one would."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from tasks_app.models import Calendar, PlannedRuns, ScheduledTask, TaskShare, db_now
from tasks_app.models.rollup import EVERYBODY
from tasks_app.selectors.planned import PlannedFilters, planned_rows_of
from tasks_app.services import kept_day, planned_runs
from tasks_app.services.calendars import calendar_update
from tasks_app.services.crowding import crowds
from tasks_app.services.kept_day import DAY, LATER, MORE, KeptLoad, day_written
from tasks_app.services.load import HOUR, PLACES, Load, hours_of, minutes_of
from tasks_app.services.starts import Window, starts_of, starts_within
from tasks_app.services.tasks import task_delete, task_pause, task_update
from tests import clocks
from tests.clocks import Clock
from tests.services.planned import START, daily, plan, plan_all
from tests.services.test_any_load import tasks

pytestmark = pytest.mark.django_db

ALL = PlannedFilters()
ACTOR = "upkeep:here"
BEGIN = int(START.timestamp()) // 60 * 60


def day_from(later: int, more: int = 0) -> Window:
    """The day that begins so many minutes after START, and a minute more if wanted."""
    return Window(BEGIN + later * 60, BEGIN + later * 60 + DAY + more * 60)


def hours_at(window: Window, minute: int) -> list[int]:
    """Hours as they begin in zones that are not whole hours away from UTC."""
    first = window.start - (window.start - minute * 60) % HOUR + HOUR
    return [window.start, *range(first, window.end, HOUR), window.end]


def written() -> Any:
    """What is kept of all tasks there are."""
    window = Window(BEGIN, BEGIN + DAY + MORE)
    found = day_written(starts_of(planned_rows_of(EVERYBODY), window, steps=10**6), places=PLACES)
    return json.loads(json.dumps(found))


def both(user: User, kept: Any, window: Window, edges: Sequence[int]) -> tuple[Load, Load]:
    """The load as it is kept, and as it is counted now."""
    assert kept_day.tells(kept, window, edges)
    rows = planned_rows_of(EVERYBODY)
    told = KeptLoad(kept, window, edges, starts_of(rows, window, steps=10**6), most=10)
    return told, Load(starts_within(user, window, ALL), edges, most=10)


def alike(load: Load) -> list[int]:
    """For each minute the first one in which the same tasks start."""
    return [load.marks.index(mark) for mark in load.marks]


def seconds_of(rows: list[tuple[Any, Sequence[int]]]) -> dict[Any, list[int]]:
    """The seconds of each task, in whatever form they are held."""
    return {task: list(seconds) for task, seconds in rows}


def names_by_part(load: Load) -> list[dict[Any, list[int]]]:
    """Who starts in each part and when; some of them are told once for all parts."""
    steady = load.steadiest(10)
    return [
        {
            task: [second for second in seconds if part.start <= second < part.end]
            for task, seconds in [*load.tasks_of(part, 10), *steady]
            if any(part.start <= second < part.end for second in seconds)
        }
        for part in load.parts
    ]


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # to make an example smaller takes minutes here
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    some=st.lists(tasks, min_size=1, max_size=4),
    twice=st.booleans(),
    later=st.integers(0, LATER),
    more=st.integers(0, 1),
    minute=st.sampled_from([0, 15, 30]),
)
def test_what_is_kept_is_what_counting_gives(
    alice: User, *, some: list[dict[str, Any]], twice: bool, later: int, more: int, minute: int
) -> None:
    plan_all(alice, some * (1 + twice))
    kept = written()
    window = day_from(later, more)
    told, found = both(alice, kept, window, hours_at(window, minute))
    assume(found.is_complete and told.is_complete)
    assert (told.runs, told.tasks, alike(told)) == (found.runs, found.tasks, alike(found))
    assert told.counts() == found.counts() == kept_day.counts_of(kept, window)
    counts = [[(part.start, part.end, part.runs, part.tasks) for part in load.parts] for load in (told, found)]
    assert counts[0] == counts[1]
    assert names_by_part(told) == names_by_part(found)
    assert all(part.tasks >= part.steady + len(part.first) for part in told.parts)
    assert seconds_of(told.soonest(30)) == seconds_of(found.soonest(30))
    assert seconds_of(told.most_often(30)) == seconds_of(found.most_often(30))
    by_the_minute = KeptLoad(kept, window, minutes_of(window), starts_of([], window))
    assert [(part.runs, part.tasks) for part in by_the_minute.parts] == list(zip(found.runs, found.tasks, strict=True))


@pytest.mark.parametrize("later", [0, 7, LATER])
def test_hours_that_have_begun_name_what_still_starts(alice: User, later: int) -> None:
    for minute in range(180):
        plan(alice, daily(f"02:{minute % 60:02}"))
    told, found = both(alice, written(), day_from(later), hours_of(day_from(later)))
    assert [list(told.tasks_of(part, 10)) for part in told.parts[:-1]] == [
        list(found.tasks_of(part, 10)) for part in found.parts[:-1]
    ]


def test_who_starts_together_is_named_and_counted(alice: User) -> None:
    for _ in range(7):
        plan(alice, daily("04:00"))
    for _ in range(2):
        plan(alice, {"kind": "every", "minutes": 10, "anchor": "2026-11-29T00:00:00Z"})
    told, found = both(alice, written(), day_from(3), hours_of(day_from(3)))
    (there,), here = crowds(told, most=8)[0], crowds(found, most=8)
    assert (there.minutes, there.task_count, there.movable_count) == (
        here[0][0].minutes,
        here[0][0].task_count,
        here[0][0].movable_count,
    )
    assert there.task_count == 9
    assert there.tasks == here[0][0].tasks[:4]
    assert crowds(told, most=8)[1] == here[1]


def test_a_day_that_begins_too_late_or_in_other_parts_is_not_told(alice: User) -> None:
    plan(alice, daily("04:00"))
    kept = written()
    late = Window(BEGIN + (LATER + 1) * 60, BEGIN + (LATER + 1) * 60 + DAY)
    assert not kept_day.tells(kept, late, hours_of(late))
    early = Window(BEGIN - 60, BEGIN - 60 + DAY)
    assert not kept_day.tells(kept, early, hours_of(early))
    assert not kept_day.tells(kept, day_from(0), hours_at(day_from(0), 20))
    assert not kept_day.tells(kept, day_from(0), [BEGIN, BEGIN + DAY])


# -- kept by upkeep


@pytest.fixture
def clock() -> Iterator[Clock]:
    """The database's clock, which stands at the `START` of these plans until it is moved."""
    with clocks.stopped_at(START) as clock:
        yield clock


@pytest.fixture
def many(alice: User, charlie: User, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> list[ScheduledTask]:
    """Two tasks of Alice, who has many by that, and one of Charlie's; upkeep has done its part."""
    monkeypatch.setattr(planned_runs, "MANY", 2)
    made = [plan(alice, daily("09:00")), plan(alice, daily("17:30")), plan(charlie, daily("12:00"))]
    keep()
    return made


def keep() -> int:
    planned_runs.planned_keep(ACTOR)
    count = 0
    while planned_runs.day_keep(ACTOR):
        count += 1
    return count


def loaded(user: User, later: int = 0, filters: PlannedFilters = ALL) -> Load:
    window = day_from(later)
    return planned_runs.load_within(user, window, filters, hours_of(window), most=10)


def is_kept(user: User, later: int = 0) -> bool:
    return isinstance(loaded(user, later), KeptLoad)


def test_who_has_many_tasks_is_told_what_is_kept(
    many: list[ScheduledTask], alice: User, charlie: User, staff: User
) -> None:
    assert [is_kept(user) for user in (alice, charlie, staff)] == [True, False, True]
    assert [loaded(user).total for user in (alice, charlie, staff)] == [2, 1, 3]
    assert loaded(staff).owners == sorted([alice.pk, charlie.pk])
    assert not isinstance(loaded(alice, filters=PlannedFilters(task=many[0].id)), KeptLoad)


def test_what_is_told_in_passing_is_what_is_kept_until_that_is_made_anew(
    many: list[ScheduledTask], alice: User, charlie: User, clock: Clock
) -> None:
    def count(user: User) -> tuple[int, int]:
        found = planned_runs.counts_within(user, day_from(0), hours_of(day_from(0)))
        return found.total, found.task_count

    assert (count(alice), count(charlie)) == ((2, 2), (1, 1))
    task_delete(task=many[0], actor="tests")
    task_delete(task=many[2], actor="tests")
    assert (count(alice), count(charlie)) == ((2, 2), (0, 0))
    clock.move_to(START + planned_runs.AGAIN * 2)
    keep()
    window = day_from(1)
    assert planned_runs.counts_within(alice, window, hours_of(window)).task_count == 1


def test_what_is_shared_is_counted_when_it_is_asked_for(many: list[ScheduledTask], alice: User, charlie: User) -> None:
    TaskShare.objects.create(task=many[2], user=alice, level="view", created_by=charlie.username)
    alice = User.objects.get(pk=alice.pk)
    assert not is_kept(alice)
    assert loaded(alice).total == 3


@pytest.mark.parametrize("deed", ["edit", "delete", "pause", "make", "calendar"])
def test_after_an_edit_nobody_is_told_what_was_kept(
    many: list[ScheduledTask], alice: User, staff: User, clock: Clock, deed: str
) -> None:
    if deed == "edit":
        task_update(task=many[0], changes={"schedule": {"kind": "every", "hours": 1}}, actor="tests")
    elif deed == "delete":
        task_delete(task=many[0], actor="tests")
    elif deed == "pause":
        task_pause(task=many[0], actor="tests")
    elif deed == "make":
        plan(alice, daily("10:00"))
    else:
        free = Calendar.objects.create(owner=alice, name="Free", weekend=["sat"])
        keep()
        calendar_update(calendar=free, by=alice, changes={"weekend": ["sun"]}, actor="tests")
    assert not is_kept(alice)
    assert not is_kept(staff)
    assert keep() == 0, "it is not made anew at once, for the next edit may follow"
    clock.move_to(START + planned_runs.AGAIN * 2)
    assert keep() == 2
    assert is_kept(alice, 1)


def test_two_changes_that_make_up_for_each_other_are_seen(many: list[ScheduledTask], alice: User) -> None:
    rest = plan(alice, daily("11:00"))
    ScheduledTask.objects.filter(id=many[0].id).update(next_due_at=None)
    assert rest.version == many[0].version
    assert not is_kept(alice)


def test_what_ran_once_takes_nothing_from_what_is_kept(alice: User, many: list[ScheduledTask], clock: Clock) -> None:
    once = plan(alice, {"kind": "once", "run_at": "2026-11-29T01:07:20Z"})
    clock.move_to(START + planned_runs.AGAIN * 2)
    keep()
    assert (loaded(alice, 1).total, loaded(alice, 6).total) == (3, 2)
    ScheduledTask.objects.filter(id=once.id).update(next_due_at=None, version=once.version + 1)
    assert not is_kept(alice, 1)
    assert is_kept(alice, 6)
    assert loaded(alice, 6).total == 2


def test_a_day_is_made_anew_after_some_minutes(many: list[ScheduledTask], clock: Clock) -> None:
    assert keep() == 0
    clock.move_to(START + timedelta(minutes=4))
    assert keep() == 0
    clock.move_to(START + timedelta(minutes=6))
    assert keep() == 2


def test_a_round_of_upkeep_plans_for_whom_it_was_done_longest_ago(
    many: list[ScheduledTask], alice: User, clock: Clock
) -> None:
    def made() -> dict[int, float]:
        return {row.owner_id: row.minutes["day"]["made_at"] for row in PlannedRuns.objects.all()}

    later = START + timedelta(minutes=6)
    for owner in (EVERYBODY, alice.pk):
        clock.move_to(later)
        assert planned_runs.day_keep(ACTOR) == 1
        assert made()[owner] == later.timestamp()
        later += timedelta(minutes=6)


def test_few_tasks_have_no_day(many: list[ScheduledTask], staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planned_runs, "MANY", 9)
    PlannedRuns.objects.all().delete()
    assert keep() == 0
    assert not is_kept(staff)
    assert db_now() == START


def test_while_many_are_late_those_to_come_are_named(
    many: list[ScheduledTask], alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planned_runs, "_LATE", 1)
    ids = [plan(alice, {"kind": "every", "hours": 1}).id for _ in range(3)]
    PlannedRuns.objects.all().delete()
    keep()
    ScheduledTask.objects.filter(id__in=ids).update(next_due_at=START - timedelta(minutes=5))
    assert is_kept(alice)
    soonest = [task for task, _ in loaded(alice).soonest(5)]
    assert {many[0].id, many[1].id} <= {*soonest}
    assert not {many[2].id} & {*soonest}
