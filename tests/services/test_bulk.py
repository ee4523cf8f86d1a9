"""One action on many tasks."""

import dataclasses
import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries, Settings

from tasks_app.errors import Conflict, Invalid, NotFound
from tasks_app.models import AuditEntry, IdempotencyKey, ScheduledTask, TaskRun, TaskShare
from tasks_app.services import tasks
from tasks_app.services.bulk import Progress, bulk_begin, bulk_go_on, bulk_progress, bulk_undo
from tasks_app.services.bulk_deeds import Order, Verb
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
    assert dict(progress.kept) == {
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


def test_it_stops_when_the_time_is_up_and_goes_on_where_it_was(alice: User, make: Make) -> None:
    five = [make(f"T{n}") for n in range(5)]
    token = begun(alice, Order(verb=Verb.RUN), *five)
    half_way = bulk_go_on(user=alice, token=token, seconds=0, at_once=2)
    assert (half_way.passed, half_way.total, half_way.is_finished) == (2, 5, False)
    assert bulk_go_on(user=alice, token=token).is_finished
    assert TaskRun.objects.count() == 5


def test_one_that_refuses_does_not_hold_up_the_rest(alice: User, make: Make) -> None:
    ended, other = make("Ended"), make("Other")
    tasks.task_cancel(task=ended, actor="tests")
    progress = done(alice, Order(verb=Verb.PAUSE), ended, other)
    assert states(ended, other) == ["cancelled", "paused"]
    assert progress.kept == [["Ended", "The task is cancelled; only an active task can be paused."]]


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
    assert (progress.kept, progress.can_undo) == ([["Meanwhile", "It has been changed since."]], False)


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
    token = begun(alice, Order(verb=Verb.TAG, tag=" b "), plain, tagged)
    bulk_go_on(user=alice, token=token)
    plain.refresh_from_db()
    assert plain.tags == ["a", "b"]
    bulk_go_on(user=alice, token=bulk_undo(user=alice, token=token))
    done(alice, Order(verb=Verb.UNTAG, tag="a"), plain, tagged)
    for task in (plain, tagged):
        task.refresh_from_db()
    assert (plain.tags, tagged.tags) == ([], ["b"])


def test_a_deletion_has_no_way_back(alice: User, make: Make) -> None:
    task = make()
    token = begun(alice, Order(verb=Verb.DELETE), task)
    assert not bulk_go_on(user=alice, token=token).can_undo
    task.refresh_from_db()
    assert task.is_deleted
    with pytest.raises(Conflict, match="no way back"):
        bulk_undo(user=alice, token=token)


def test_nobody_goes_on_with_what_others_have_begun(alice: User, charlie: User, make: Make) -> None:
    token = begun(alice, Order(verb=Verb.DELETE), make())
    for ask in (bulk_progress, bulk_go_on, bulk_undo):
        with pytest.raises(NotFound):
            ask(user=charlie, token=token)


def test_a_tag_is_needed_and_ten_thousand_are_the_most(alice: User) -> None:
    with pytest.raises(Invalid):
        begun(alice, Order(verb=Verb.TAG, tag="  "))
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
    with django_assert_max_num_queries(8):
        assert bulk_go_on(user=alice, token=token).same_count == 5
