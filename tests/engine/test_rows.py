"""Many rows in one statement."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DataError, IntegrityError, connection, transaction

from tasks_app.models import RunEvent, ScheduledTask, TaskRun
from tasks_app.models.ids import new_id
from tasks_app.models.rows import insert_alike, insert_rows, update_rows
from tests import runs

pytestmark = pytest.mark.django_db

SLOT = datetime(2027, 3, 1, 9, tzinfo=UTC)


def queued(**fields: object) -> TaskRun:
    """Make a run that is not saved."""
    return TaskRun(type="a", trigger="api", status="queued", reason="due", queued_at=SLOT, **fields)


def test_what_is_inserted_is_what_django_would_insert(alice: User) -> None:
    made = [queued(owner=alice, payload={"n": n}, tags=["x"], key=None if n else "k", slot=SLOT) for n in range(3)]
    assert insert_rows(made) == {run.id for run in made}
    twin = queued(owner=alice, payload={"n": 1}, tags=["x"], slot=SLOT)
    twin.save()
    rows: list[dict[str, Any]] = [{**TaskRun.objects.values().get(id=run.id)} for run in (made[1], twin)]
    assert {name for name in rows[0] if rows[0][name] != rows[1][name]} == {"id", "created_at"}
    assert [runs.fresh(run).payload for run in made] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert not made[0]._state.adding


def test_a_row_that_a_constraint_refuses_is_passed_over(alice: User) -> None:
    task = runs.make_task(alice)
    first, second, third = (queued(task=task, slot=slot) for slot in (SLOT, SLOT, SLOT.replace(hour=10)))
    assert insert_rows([first]) == {first.id}
    assert insert_rows([second, third], ignore_conflicts=True) == {third.id}
    assert second._state.adding


def test_more_rows_than_a_statement_takes_are_all_inserted(alice: User) -> None:
    assert len(insert_rows([queued(owner=alice, payload={"n": n}) for n in range(1203)])) == 1203
    assert TaskRun.objects.count() == 1203


def test_rows_with_keys_of_the_database_get_them(alice: User) -> None:
    run = runs.make_run(alice)
    events = [RunEvent(run=run, version=version, target="x", actor="a", at=SLOT) for version in (7, 8)]
    assert len(insert_rows(events)) == 2
    assert list(RunEvent.objects.filter(version__gte=7).values_list("version", flat=True)) == [7, 8]


def test_each_row_gets_its_own_values_and_the_others_stay(alice: User) -> None:
    tasks = [runs.make_task(alice, name=f"t{n}") for n in range(3)]
    for n, task in enumerate(tasks[:2]):
        task.next_slot, task.pause_note, task.name = (SLOT if n else None), f"note {n}", "not written"
    update_rows(tasks[:2], ["next_slot", "pause_note"])
    found = ScheduledTask.objects.order_by("id").values_list("next_slot", "pause_note", "name")
    assert list(found) == [(None, "note 0", "t0"), (SLOT, "note 1", "t1"), (None, "", "t2")]


def test_what_is_too_long_is_refused_and_not_cut(alice: User) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no lengths")
    with pytest.raises(DataError):
        insert_rows([queued(owner=alice, error="x" * 2000)])


@pytest.mark.parametrize("values", [[1, True], [1.0, 1], [0, False], [{"n": 1}, {"n": True}], [[], {}], [{}, {}]])
def test_json_values_that_are_equal_but_not_the_same_are_kept_apart(alice: User, values: list[object]) -> None:
    made = [queued(owner=alice, payload=value) for value in values]
    insert_rows(made)
    kept = [runs.fresh(run).payload for run in made]
    assert json.dumps(kept) == json.dumps(values)


def test_a_conflict_that_nobody_expects_is_an_error(alice: User) -> None:
    run = runs.make_run(alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows([RunEvent(run=run, version=1, target="x", actor="a", at=SLOT)])


def test_rows_alike_differ_by_what_is_given_only(alice: User) -> None:
    ids = [new_id() for _ in range(1203)]
    insert_alike(queued(owner=alice, tags=["x"]), id=ids, payload=[{"n": n} for n in range(1203)])
    rows = TaskRun.objects.in_bulk(ids)
    assert [rows[id].payload["n"] for id in ids] == list(range(1203))
    assert {(row.owner_id, row.type, tuple(row.tags)) for row in rows.values()} == {(alice.pk, "a", ("x",))}


def test_what_no_database_can_read_again_is_refused(alice: User) -> None:
    with pytest.raises((UnicodeEncodeError, DataError)), transaction.atomic():
        insert_rows([queued(owner=alice, key=key) for key in ("caf\udce9", "b")])
    assert not TaskRun.objects.exists()
