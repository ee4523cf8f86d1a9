"""One action on many tasks."""

import dataclasses
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from pytest_django import DjangoAssertNumQueries, Settings

from tasks_app.errors import Conflict, Invalid, NotFound
from tasks_app.models import AuditEntry, IdempotencyKey, ScheduledTask, TaskRun, TaskShare
from tasks_app.services import bulk, steps, tasks
from tasks_app.services.bulk import Progress, bulk_begin, bulk_go_on, bulk_progress, bulk_undo
from tasks_app.services.bulk_deeds import Order, Verb
from tasks_app.services.limiter import TooMany
from tasks_app.services.specs import TaskSpec

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_redis")]
Make = Callable[..., ScheduledTask]


@pytest.fixture
def make(alice: User) -> Make:
    """Make tasks of alice's that nothing starts by itself."""

    def make_task(name: str = "One", *, owner: User = alice, **fields: object) -> ScheduledTask:
        values = {"type": "http_request", "payload": {"url": "https://example.org/"}, **fields}
        return tasks.task_create(owner=owner, spec=TaskSpec(name=name, **values), actor="tests")  # type: ignore[arg-type]  # tests name the fields

    return make_task


def begun(user: User, order: Order, *which: ScheduledTask) -> uuid.UUID:
    """Take an order down; gives its token."""
    token = uuid.uuid4()
    bulk_begin(user=user, token=token, order=order, ids=[task.id for task in which], back="/tasks/")
    return token


def done(user: User, order: Order, *which: ScheduledTask) -> Progress:
    """Do it all."""
    return bulk_go_on(user=user, token=begun(user, order, *which))


def states(*which: ScheduledTask) -> list[str]:
    """The states now."""
    for task in which:
        task.refresh_from_db()
    return [task.status for task in which]


def test_many_are_paused_with_the_note_and_each_is_audited(alice: User, make: Make) -> None:
    three = [make(f"T{n}") for n in range(3)]
    progress = done(alice, Order(verb=Verb.PAUSE, note="holidays"), *three)
    assert states(*three) == ["paused"] * 3
    assert (progress.done_count, progress.kept, progress.is_finished) == (3, [], True)
    assert {task.pause_note for task in three} == {"holidays"}
    entries = AuditEntry.objects.filter(action="task.pause")
    assert {entry.object_id for entry in entries} == {str(task.id) for task in three}
    assert {entry.actor for entry in entries} == {"user:alice"}


def test_what_is_not_theirs_is_left_out_and_told(alice: User, charlie: User, make: Make) -> None:
    own, shown, unseen = make("Own", owner=charlie), make("Shown"), make("Unseen")
    TaskShare.objects.create(task=shown, user=charlie, level=TaskShare.Level.RUN)
    progress = done(charlie, Order(verb=Verb.PAUSE), own, shown, unseen)
    assert states(own, shown, unseen) == ["paused", "active", "active"]
    assert progress.done_count == 1
    assert {name: reason for name, reason, _ in progress.kept} == {
        "Shown": "It is not yours to do this with.",
        "A task": "It is not there any more.",
    }


def test_those_who_may_run_may_run_what_they_may_not_pause(charlie: User, make: Make) -> None:
    shown = make("Shown")
    TaskShare.objects.create(task=shown, user=charlie, level=TaskShare.Level.RUN)
    assert done(charlie, Order(verb=Verb.RUN), shown).done_count == 1
    assert TaskRun.objects.filter(task=shown, actor="user:charlie").count() == 1


def test_a_form_sent_twice_does_it_once(alice: User, make: Make) -> None:
    task = make()
    token = begun(alice, Order(verb=Verb.RUN), task)
    for _ in range(2):
        bulk_begin(user=alice, token=token, order=Order(verb=Verb.RUN), ids=[task.id], back="/tasks/")
        bulk_go_on(user=alice, token=token)
    assert TaskRun.objects.filter(task=task).count() == 1
    with pytest.raises(Conflict, match="sent before"):
        bulk_begin(user=alice, token=token, order=Order(verb=Verb.DELETE), ids=[task.id], back="/tasks/")


def test_it_stops_when_the_time_is_up_and_goes_on_where_it_was(
    alice: User, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    five = [make(f"T{n}") for n in range(5)]
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    token = begun(alice, Order(verb=Verb.RUN), *five)
    half_way = bulk_go_on(user=alice, token=token, seconds=0)
    assert (half_way.passed, half_way.total, half_way.is_finished) == (2, 5, False)
    assert bulk_go_on(user=alice, token=token).is_finished
    assert TaskRun.objects.count() == 5


def test_one_that_refuses_does_not_hold_up_the_rest(alice: User, make: Make) -> None:
    ended, other = make("Ended"), make("Other")
    tasks.task_cancel(task=ended, actor="tests")
    progress = done(alice, Order(verb=Verb.PAUSE), ended, other)
    assert states(ended, other) == ["cancelled", "paused"]
    assert progress.kept == [["Ended", "The task is cancelled; only an active task can be paused.", str(ended.id)]]


def test_a_pause_is_taken_back_from_those_that_it_has_paused(alice: User, make: Make) -> None:
    fresh, before, meanwhile = make("Fresh"), make("Before"), make("Meanwhile")
    tasks.task_pause(task=before, actor="tests", note="mine")
    token = begun(alice, Order(verb=Verb.PAUSE), fresh, before, meanwhile)
    assert bulk_go_on(user=alice, token=token).same_count == 1
    tasks.task_update(task=meanwhile, changes={"description": "x"}, actor="tests")
    for _ in range(2):
        undo = bulk_undo(user=alice, token=token)
        progress = bulk_go_on(user=alice, token=undo)
    assert states(fresh, before, meanwhile) == ["active", "paused", "paused"]
    left = ["Meanwhile", "It has been changed since.", str(meanwhile.id)]
    assert (progress.kept, progress.can_undo) == ([left], False)
    assert not progress.can_repeat, "it would stay as it is however often"


def test_a_resume_taken_back_brings_the_notes_back(alice: User, make: Make) -> None:
    task = make()
    tasks.task_pause(task=task, actor="tests", note="until Monday")
    token = begun(alice, Order(verb=Verb.RESUME), task)
    bulk_go_on(user=alice, token=token)
    bulk_go_on(user=alice, token=bulk_undo(user=alice, token=token))
    assert states(task) == ["paused"]
    assert task.pause_note == "until Monday"


def test_tags_are_added_and_taken_away_and_both_have_a_way_back(alice: User, make: Make) -> None:
    plain, tagged = make("Plain", tags=("a",)), make("Tagged", tags=("a", "b"))
    token = begun(alice, Order(verb=Verb.TAG, tags=[" b "]), plain, tagged)
    bulk_go_on(user=alice, token=token)
    plain.refresh_from_db()
    assert plain.tags == ["a", "b"]
    bulk_go_on(user=alice, token=bulk_undo(user=alice, token=token))
    done(alice, Order(verb=Verb.UNTAG, tags=["a"]), plain, tagged)
    for task in (plain, tagged):
        task.refresh_from_db()
    assert (plain.tags, tagged.tags) == ([], ["b"])


def test_several_tags_are_added_and_only_those_are_taken_back_that_were(alice: User, make: Make) -> None:
    task = make(tags=("a",))
    token = begun(alice, Order(verb=Verb.TAG, tags=["a", "b", "c"]), task)
    bulk_go_on(user=alice, token=token)
    task.refresh_from_db()
    assert task.tags == ["a", "b", "c"]
    bulk_go_on(user=alice, token=bulk_undo(user=alice, token=token))
    task.refresh_from_db()
    assert task.tags == ["a"]
    assert done(alice, Order(verb=Verb.TAG, tags=["a"]), task).same_count == 1


def test_a_tag_with_a_comma_from_before_can_be_taken_away_and_comes_back(alice: User, make: Make) -> None:
    task = make(tags=("b",))
    ScheduledTask.objects.filter(pk=task.pk).update(tags=["b", "a,b"])
    with pytest.raises(Invalid, match="must not contain a comma"):
        begun(alice, Order(verb=Verb.TAG, tags=["c,d"]), task)
    assert done(alice, Order(verb=Verb.TAG, tags=["c"]), task).done_count == 1
    token = begun(alice, Order(verb=Verb.UNTAG, tags=["a,b"]), task)
    bulk_go_on(user=alice, token=token)
    task.refresh_from_db()
    assert task.tags == ["b", "c"]
    bulk_go_on(user=alice, token=bulk_undo(user=alice, token=token))
    task.refresh_from_db()
    assert task.tags == ["b", "c", "a,b"]


def test_an_action_that_an_earlier_release_has_begun_goes_on(alice: User, make: Make) -> None:
    task = make()
    token = begun(alice, Order(verb=Verb.TAG, tags=["new"]), task)
    row = IdempotencyKey.objects.get(key=str(token))
    row.response = {**(row.response or {}), "order": {"verb": "tag", "note": "", "tag": "new"}}
    row.save()
    assert bulk_go_on(user=alice, token=token).done_count == 1
    task.refresh_from_db()
    assert task.tags == ["new"]


def test_a_deletion_is_taken_back_and_each_is_as_it_was(alice: User, make: Make) -> None:
    hourly: dict[str, object] = {"schedule": {"kind": "hourly", "minute": 5}}
    active, paused, over = make("Active", key="mine", **hourly), make("Paused", **hourly), make("Over")
    tasks.task_pause(task=paused, actor="tests", note="until Monday")
    tasks.task_cancel(task=over, actor="tests")
    run = tasks.task_run_now(task=active, actor="tests")
    token = begun(alice, Order(verb=Verb.DELETE), active, paused, over)
    assert bulk_go_on(user=alice, token=token).can_undo
    assert states(active, paused, over) == ["cancelled"] * 3
    assert not ScheduledTask.objects.filter(deleted_at=None).exists()
    for _ in range(2):
        progress = bulk_go_on(user=alice, token=bulk_undo(user=alice, token=token))
    assert (progress.done_count, progress.kept, progress.can_undo) == (3, [], False)
    assert states(active, paused, over) == ["active", "paused", "cancelled"]
    assert (active.deleted_at, active.key, paused.pause_note) == (None, "mine", "until Monday")
    assert active.next_due_at is not None
    assert paused.next_due_at is None
    assert active.periodic_task is not None
    assert active.periodic_task.enabled
    assert paused.periodic_task is not None
    assert not paused.periodic_task.enabled
    run.refresh_from_db()
    assert (run.task_id, run.status) == (active.pk, "cancelled")
    assert AuditEntry.objects.filter(action="task.undelete").count() == 3


def test_what_cannot_come_back_stays_deleted_and_says_why(alice: User, make: Make, settings: Settings) -> None:
    keyed, other = make("Keyed", key="mine"), make("Other")
    token = begun(alice, Order(verb=Verb.DELETE), keyed, other)
    bulk_go_on(user=alice, token=token)
    make("New", key="mine")
    settings.LIMITS = dataclasses.replace(settings.LIMITS, tasks_per_user=1)
    full = bulk_go_on(user=alice, token=bulk_undo(user=alice, token=token))
    assert {reason.partition(";")[0] for _, reason, _ in full.kept} == {"At most 1 tasks for one person"}
    with pytest.raises(Conflict, match="another task with its key"):
        tasks.task_undelete(task=keyed, status="active", calendar=None, actor="tests")
    assert ScheduledTask.objects.filter(deleted_at=None).count() == 1
    with pytest.raises(Conflict, match="only the way back"):
        begun(alice, Order(verb=Verb.UNDELETE), other)


def test_the_mirror_of_what_is_switched_says_so_and_is_the_same_row(alice: User, make: Make) -> None:
    three = [make(f"T{n}", schedule={"kind": "hourly", "minute": 5}) for n in range(3)]
    rows = {task.periodic_task_id for task in three}
    assert None not in rows
    done(alice, Order(verb=Verb.PAUSE), *three)
    assert set(PeriodicTask.objects.filter(pk__in=rows).values_list("enabled", flat=True)) == {False}
    done(alice, Order(verb=Verb.RESUME), *three)
    assert set(PeriodicTask.objects.filter(pk__in=rows).values_list("enabled", flat=True)) == {True}


def test_each_more_task_costs_a_few_statements(alice: User, make: Make) -> None:
    minute = (timezone.now().minute + 30) % 60  # what is due while it is deleted costs more
    hourly: dict[str, object] = {"schedule": {"kind": "hourly", "minute": minute}}
    few, many = [make(f"F{n}", **hourly) for n in range(2)], [make(f"M{n}", **hourly) for n in range(12)]
    orders = [Order(verb=verb) for verb in (Verb.PAUSE, Verb.RESUME)]
    for order in (*orders, Order(verb=Verb.TAG, tags=["a"]), Order(verb=Verb.DELETE)):
        counts = []
        for which in (few, many):
            token = begun(alice, order, *which)
            with CaptureQueriesContext(connection) as taken:
                assert bulk_go_on(user=alice, token=token).done_count == len(which)
            counts.append(len(taken))
        assert (counts[1] - counts[0]) / 10 <= (3 if order.verb is Verb.DELETE else 6), order


def test_a_step_writes_no_more_than_it_has_done(alice: User, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    five = [make(f"T{n}") for n in range(5)]
    token = begun(alice, Order(verb=Verb.PAUSE), *five)
    bulk_go_on(user=alice, token=token)
    sizes = [len(str(one.response)) for one in IdempotencyKey.objects.all()]
    assert len(sizes) >= 1 + 3 + 3
    assert max(sizes) < 500


def test_nobody_goes_on_with_what_others_have_begun(alice: User, charlie: User, make: Make) -> None:
    token = begun(alice, Order(verb=Verb.DELETE), make())
    for ask in (bulk_progress, bulk_go_on, bulk_undo):
        with pytest.raises(NotFound):
            ask(user=charlie, token=token)


def test_it_is_gone_after_a_day_though_nobody_has_tidied_up(alice: User, make: Make) -> None:
    task = make()
    token = begun(alice, Order(verb=Verb.DELETE), task)
    bulk_go_on(user=alice, token=token)
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    for ask in (bulk_progress, bulk_go_on, bulk_undo):
        with pytest.raises(NotFound):
            ask(user=alice, token=token)
    bulk_begin(user=alice, token=token, order=Order(verb=Verb.RUN), ids=[task.id])
    assert bulk_progress(user=alice, token=token).order.verb is Verb.RUN
    assert IdempotencyKey.objects.count() == 2, "the action and what is left of it"


def test_large_actions_count_for_more(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "COUNTS_AS_ONE", 1)  # so that a slow machine begins them within the minute
    begun_with = [uuid.uuid4() for _ in range(2)]
    for _ in range(steps.PACE.most // 3):
        bulk_begin(user=alice, token=uuid.uuid4(), order=Order(verb=Verb.PAUSE), ids=begun_with)
    with pytest.raises(TooMany):
        bulk_begin(user=alice, token=uuid.uuid4(), order=Order(verb=Verb.PAUSE), ids=begun_with)


def test_a_tag_is_needed_and_ten_thousand_are_the_most(alice: User) -> None:
    with pytest.raises(Invalid):
        begun(alice, Order(verb=Verb.TAG, tags=["  "]))
    with pytest.raises(Conflict, match="At most 10,000"):
        bulk_begin(
            user=alice,
            token=uuid.uuid4(),
            order=Order(verb=Verb.PAUSE),
            ids=[uuid.uuid4() for _ in range(10_001)],
            back="/",
        )
    assert not IdempotencyKey.objects.exists()


def test_too_fast_is_no_refusal_but_a_halt(alice: User, make: Make, settings: Settings) -> None:
    three = [make(f"T{n}") for n in range(3)]
    settings.LIMITS = dataclasses.replace(settings.LIMITS, run_now_per_minute=2)
    progress = done(alice, Order(verb=Verb.RUN), *three)
    assert (progress.done_count, progress.passed, progress.kept) == (2, 2, [])
    assert "too fast" in progress.stopped


def test_tasks_are_read_together(
    alice: User, make: Make, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    five = [make(f"T{n}", enabled=False) for n in range(5)]
    token = begun(alice, Order(verb=Verb.PAUSE), *five)
    with django_assert_max_num_queries(11):  # on PostgreSQL two say how long it waits for its turn
        assert bulk_go_on(user=alice, token=token).same_count == 5
