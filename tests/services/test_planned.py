"""Claims and ends of groups: PostgreSQL plans them once, runs are read once, and neither is stale when it matters."""

import signal
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tasks_app.errors import Permanent
from tasks_app.handlers import RunContext
from tasks_app.models import RunEvent, TaskRun, db_now, new_id, planned
from tasks_app.models.planned import planned_cursor
from tasks_app.services import claiming, group_moves, group_outcomes
from tasks_app.services.doubts import Claimer
from tasks_app.services.execution import child as child_module
from tasks_app.services.execution.board import Board, Place
from tasks_app.services.execution.child import Child
from tasks_app.services.group_moves import Ended
from tasks_app.services.lifecycle import Claim
from tasks_app.services.many_runs import runs_enqueue
from tests import runs
from tests.handler_types import declared

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Child:
    """Give a child that leaves this process's signals alone."""
    monkeypatch.setattr(child_module, "take_signals", lambda *_: None)
    return Child(Place(Board(), 0, "w@h"), queues=["default"], children=1)


@pytest.fixture
def new_connection() -> Iterator[None]:
    """Begin with a connection that has planned nothing, and leave none behind."""
    connection.close()
    yield
    connection.close()


@pytest.fixture
def keeping() -> Iterator[None]:
    """Have statements kept again afterwards."""
    yield
    planned._keeps_none.clear()


def claim() -> list[TaskRun]:
    """Claim as a child would."""
    return claiming.claim_group(queue="default", claimer=Claimer("w", 60), most=lambda _: 50)


def end(claimed: list[TaskRun]) -> None:
    """Have the runs of a group end well."""
    now = db_now()
    began = now - timedelta(milliseconds=2)
    ended = [Ended(run, Claim(run.id, run.claim_no, "w"), began, now, None) for run in claimed]
    assert len(group_outcomes.attempts_succeeded(ended)) == len(claimed)


def group_of(alice: User, count: int) -> None:
    """Take so many runs through a group to their ends."""
    for _ in range(count):
        runs.make_run(alice)
    claimed = claim()
    assert len(claimed) == count
    end(claimed)


def plan_of(sql: str) -> str:
    """Run a statement that is kept, and give the plan by which it goes."""
    with planned_cursor() as cursor:
        cursor.execute(sql)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE statement = %s", [sql])
        (name,) = cursor.fetchone() or ("",)
        cursor.execute(f"EXPLAIN EXECUTE {name}")
        return "\n".join(line for (line,) in cursor.fetchall())


def kept() -> list[tuple[str, int, int]]:
    """Give the statements that the server keeps for this connection, how often each was planned, and how often not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, custom_plans, generic_plans FROM pg_prepared_statements ORDER BY 1")
        found: list[tuple[str, int, int]] = cursor.fetchall()
        return found


@pytest.mark.postgres
@pytest.mark.usefixtures("new_connection")
def test_whatever_the_size_of_a_group_its_claim_and_its_ends_are_planned_once(alice: User) -> None:
    for count in (2, 3, 9, 2, 30, 4, 2, 17, 3, 2):
        group_of(alice, count)
    found = kept()
    assert len(found) == 4, "two looks, the claim and the ends"
    assert all(custom <= 5 <= generic for _, custom, generic in found), found


@pytest.mark.postgres
@pytest.mark.usefixtures("new_connection")
def test_the_plan_that_is_kept_walks_no_table(alice: User) -> None:
    alike = TaskRun(id=new_id(), owner=alice, type="short", status="queued", queued_at=db_now())
    group_moves.create_alike(alike, [{}] * 3000, actor="tests")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tasks_app_taskrun")
        end(claim())
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        moves = "SELECT name, cardinality(parameter_types) FROM pg_prepared_statements WHERE statement LIKE 'WITH%'"
        cursor.execute(moves)
        found = cursor.fetchall()
        for name, count in found:
            cursor.execute(f"EXPLAIN EXECUTE {name}({', '.join(['NULL'] * count)})")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Seq Scan" not in plan, plan
    assert len(found) == 2


@pytest.mark.postgres
@pytest.mark.usefixtures("new_connection")
def test_plans_are_made_anew_after_a_while(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:  # a plan for a table without a row, where its index is worth nothing
        cursor.execute("CREATE TEMPORARY TABLE grown AS SELECT n, 'x' AS filling FROM generate_series(1, 1) n")
        cursor.execute("CREATE INDEX ON grown (n)")
        cursor.execute("ANALYZE grown")
    assert "Seq Scan" in plan_of("SELECT filling FROM grown WHERE n = 7")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO grown SELECT n, 'x' FROM generate_series(2, 20000) n")
    assert "Seq Scan" in plan_of("SELECT filling FROM grown WHERE n = 7"), "it is kept"
    monkeypatch.setattr(planned, "PLAN_SECONDS", 0.0)
    assert "Seq Scan" not in plan_of("SELECT filling FROM grown WHERE n = 7")


@pytest.mark.postgres
@pytest.mark.usefixtures("new_connection")
def test_behind_a_pooler_nothing_is_kept(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    for _ in range(3):
        group_of(alice, 3)
    assert kept() == []


@pytest.mark.postgres
@pytest.mark.usefixtures("new_connection")
def test_other_statements_are_not_kept(alice: User) -> None:
    group_of(alice, 2)
    before = kept()
    for _ in range(8):
        TaskRun.objects.filter(owner=alice).count()
    assert [sql for sql, _, _ in kept()] == [sql for sql, _, _ in before]
    assert connection.connection.prepare_threshold is None


@pytest.mark.postgres
@pytest.mark.usefixtures("new_connection")
def test_a_table_that_grows_a_column_meanwhile_is_read_all_the_same(alice: User) -> None:
    for _ in range(7):
        group_of(alice, 2)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tasks_app_taskrun ADD COLUMN meanwhile integer")
    try:
        group_of(alice, 2)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE tasks_app_taskrun DROP COLUMN meanwhile")


@pytest.mark.postgres
@pytest.mark.usefixtures("new_connection")
def test_a_column_that_gets_another_type_meanwhile_is_read_all_the_same() -> None:
    def look() -> list[Any]:
        with planned_cursor() as cursor:
            cursor.execute("SELECT filling FROM changing")
            return list(cursor.fetchall())

    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE changing AS SELECT 'x'::varchar(10) AS filling")
        assert look() == [("x",)]
        cursor.execute("ALTER TABLE changing ALTER filling TYPE varchar(20)")
        assert look() == [("x",)]
        look()
        cursor.execute("ALTER TABLE changing ALTER filling TYPE varchar(30)")
    with pytest.raises(OperationalError), transaction.atomic():
        look()
    with transaction.atomic():
        assert look() == [("x",)]
    look()
    assert any("FROM changing" in sql for sql, _, _ in kept()), "it is kept again"


@pytest.mark.postgres
@pytest.mark.usefixtures("new_connection", "keeping")
def test_where_statements_are_lost_runs_go_on_and_nothing_is_kept_any_more(alice: User) -> None:
    group_of(alice, 2)
    with connection.cursor() as cursor:  # as if a pooler had given another connection
        cursor.execute("DEALLOCATE ALL")
    for _ in range(3):
        group_of(alice, 2)
    assert kept() == []


@pytest.mark.postgres
@pytest.mark.usefixtures("new_connection", "keeping")
def test_a_name_that_another_has_given_to_a_statement_stops_nothing(alice: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PREPARE _pg3_0 AS SELECT 1")
    for _ in range(3):
        group_of(alice, 2)
    assert [sql for sql, _, _ in kept()] == ["PREPARE _pg3_0 AS SELECT 1"]


@pytest.mark.postgres
@pytest.mark.usefixtures("new_connection", "keeping")
def test_ends_that_are_lost_within_a_transaction_are_written_by_the_next_try(child: Child, alice: User) -> None:
    drops = False

    def handler(_ctx: RunContext, _payload: object) -> None:
        if drops:
            with connection.cursor() as cursor:
                cursor.execute("DEALLOCATE ALL")

    task = runs.make_task(alice)
    with declared(handler, short=True) as name:
        for times in range(3):
            drops = times == 1
            made = [runs.make_run(alice, type=name, task=task) for _ in range(2)]
            assert child.work("default") == 2
            assert {(run.status, run.claim_no) for run in map(runs.fresh, made)} == {("succeeded", 1)}


@pytest.mark.usefixtures("new_connection")
def test_the_name_of_a_queue_stays_a_name(alice: User) -> None:
    made = [runs.make_run(alice, queue="50%s o'clock") for _ in range(2)]
    runs.make_run(alice)
    claimed = claiming.claim_group(queue="50%s o'clock", claimer=Claimer("w", 60), most=lambda _: 50)
    assert [run.id for run in claimed] == [run.id for run in made]


@pytest.mark.usefixtures("new_connection")
def test_the_same_statement_serves_with_other_values() -> None:
    for value in (1, 2, 70_000, None, 3):
        with planned_cursor() as cursor:
            cursor.execute("SELECT CAST(%s AS integer)", [value])
            assert cursor.fetchall() == [(value,)]


def test_runs_of_a_group_are_read_once(child: Child, alice: User) -> None:
    def handler(ctx: RunContext, _payload: object) -> dict[str, object]:
        return {"attempt": ctx.attempt, "planned": str(ctx.scheduled_for), "root": ctx.root_run_id}

    with declared(handler, short=True) as name:
        made = [runs.make_run(alice, type=name, scheduled_for=db_now()) for _ in range(3)]
        with CaptureQueriesContext(connection) as asked:
            assert child.work("default") == 3
    assert not [query["sql"] for query in asked if 'WHERE "tasks_app_taskrun"."id" = ' in query["sql"]]
    for run in made:
        row = runs.fresh(run)
        assert row.result == {"attempt": 1, "planned": str(row.scheduled_for), "root": str(row.id)}


def test_the_lease_of_a_group_ends_its_process_in_between_runs_and_nothing_does_afterwards(
    child: Child, alice: User
) -> None:
    seen: list[float] = []
    look = child._keep_up

    def between(group: object) -> None:
        seen.append(signal.getitimer(signal.ITIMER_REAL)[0])
        look(group)  # type: ignore[arg-type]

    def handler(_ctx: RunContext, _payload: object) -> None:
        if len(seen) == 2:
            raise Permanent("it is written by itself, and nothing is left of its group")

    child._keep_up = between  # type: ignore[method-assign]
    with declared(handler, short=True) as name:
        for _ in range(3):
            runs.make_run(alice, type=name)
        child.work("default")
    assert len(seen) == 3
    assert all(left > 0 for left in seen)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_runs_that_are_put_in_together_each_have_their_first_event(alice: User) -> None:
    with declared(lambda ctx, payload: None) as name:
        ids = runs_enqueue(owner=alice, type=name, payloads=[{}, {}, {}], actor="user:alice")
    events = RunEvent.objects.filter(run_id__in=ids).order_by("run_id")
    assert [event.run_id for event in events] == ids
    told = {(one.version, one.source, one.target, one.reason, one.actor, one.claim_no, one.error) for one in events}
    assert told == {(1, "", "queued", "due", "user:alice", 0, "")}
    assert {one.at for one in events} == {row.queued_at for row in TaskRun.objects.filter(id__in=ids)}
