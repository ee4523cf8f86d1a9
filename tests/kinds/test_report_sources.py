"""The built-in sources of reports: the right figures, and nobody else's."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tasks_app.errors import Invalid
from tasks_app.handlers import registry
from tasks_app.handlers.testing import RecordingContext, call_handler
from tasks_app.kinds.sources import Scope, source_all, source_get
from tasks_app.models import Beat, Queue, ScheduledTask, StoredFile, TaskRun, Worker
from tasks_app.models.ids import first_id_at
from tasks_app.services.files import file_open
from tests.kinds.test_export_report import make_run, make_task

pytestmark = pytest.mark.django_db
START = timezone.now() - timedelta(hours=1)


def ended(owner: User | None, status: str, seconds: float = 1, **values: Any) -> TaskRun:
    """A run of the last hour."""
    times = {"started_at": START, "finished_at": START + timedelta(seconds=seconds)}
    return make_run(owner, status, **{"queued_at": START, **times, **values})


def report(owner: User, source: str, **filters: Any) -> list[dict[str, str]]:
    """The rows of a report, as its file has them."""
    ctx = RecordingContext(run_id=str(make_run(owner, "queued", type="export_report").id), owner_id=owner.pk)
    result = call_handler("export_report", {"source": source, "filters": filters}, ctx)
    with file_open(StoredFile.objects.get(pk=result["file"])) as file:
        return list(csv.DictReader(io.StringIO(file.read().decode(), newline="")))


def test_failures_are_counted_by_type(alice: User) -> None:
    task = make_task(alice)
    ended(alice, "succeeded")
    ended(alice, "failed", task=task, error="first", reason="timeout")
    last = ended(alice, "failed", 5, task=task, error="second", reason="handler_error")
    ended(alice, "failed", 2, error="third")
    ended(alice, "cancelled")
    ended(alice, "succeeded", type="always.good")
    (row,) = report(alice, "failures_by_type")
    assert row == {
        "type": "http_request",
        "failed": "3",
        "ended": "4",
        "failed_share": "0.75",
        "affected_tasks": "1",
        "last_failed_at": f"{last.finished_at:%Y-%m-%dT%H:%M:%S.%f}Z",
        "last_error": "second",
        "last_reason": "handler_error",
        "last_run": str(last.id),
    }


def test_the_most_failures_come_first(alice: User) -> None:
    for kind, count in (("few", 1), ("many", 3), ("some", 2)):
        for _ in range(count):
            ended(alice, "failed", type=kind)
    assert [row["type"] for row in report(alice, "failures_by_type")] == ["many", "some", "few"]
    assert [row["type"] for row in report(alice, "failures_by_type", type=["few", "some"])] == ["some", "few"]


def test_failures_of_the_last_week_are_meant_unless_a_window_is_given(alice: User) -> None:
    old = ended(alice, "failed", type="old", id=first_id_at(timezone.now() - timedelta(days=8)))
    ended(alice, "failed")
    assert [row["type"] for row in report(alice, "failures_by_type")] == ["http_request"]
    wider = report(alice, "failures_by_type", last_hours=24 * 9)
    assert {row["last_run"] for row in wider} >= {str(old.id)}


def test_nobody_sees_the_failures_of_others(alice: User, charlie: User, staff: User) -> None:
    ended(alice, "failed", error="alice's secret")
    assert report(charlie, "failures_by_type") == []
    assert [row["last_error"] for row in report(staff, "failures_by_type")] == ["alice's secret"]


@pytest.fixture
def workers(db: None) -> None:
    """One that works and one that has nothing to do."""
    now = timezone.now()
    values: dict[str, Any] = {"hostname": "h", "pid": 1, "queues": ["default"], "concurrency": 2, "started_at": now}
    Worker.objects.create(name="busy@h", heartbeat_at=now, last_claim_at=now, **values)
    Worker.objects.create(name="idle@h", heartbeat_at=now - timedelta(hours=2), **values)


def test_a_workers_figures_are_summed_up(alice: User, workers: None) -> None:
    ended(alice, "succeeded", 1, worker="busy@h")
    ended(alice, "failed", 2.5, worker="busy@h")
    ended(alice, "cancelled", 9, worker="busy@h")
    ended(alice, "succeeded", 4, worker="gone@h")
    busy, gone = report(alice, "worker_activity")
    assert busy == {
        "worker": "busy@h",
        "runs": "3",
        "succeeded": "1",
        "failed": "1",
        "busy_seconds": "3.5",
        "mean_run_seconds": "1.75",
        "last_claim_at": f"{START:%Y-%m-%dT%H:%M:%S.%f}Z",
        "is_alive": "true",
    }
    assert (gone["worker"], gone["is_alive"]) == ("gone@h", "false")


def test_an_owner_learns_nothing_of_what_workers_do_for_others(
    alice: User, charlie: User, staff: User, workers: None
) -> None:
    ended(alice, "succeeded", worker="busy@h")
    assert report(charlie, "worker_activity") == []
    ended(charlie, "succeeded", worker="busy@h")
    (row,) = report(charlie, "worker_activity")
    assert row["runs"] == "1"
    assert row["last_claim_at"] < f"{timezone.now() - timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}"
    all_of_them = report(staff, "worker_activity")
    assert [(row["worker"], row["runs"]) for row in all_of_them] == [("busy@h", "2"), ("idle@h", "0")]
    assert all_of_them[0]["last_claim_at"] > f"{timezone.now() - timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def health(valkey: str, workers: None) -> Callable[..., dict[str, dict[str, str]]]:
    """Give a function that makes staff's report of the platform, by the names of its rows."""
    Queue.objects.update_or_create(name="default")

    def look(owner: User, **filters: Any) -> dict[str, dict[str, str]]:
        return {row["name"]: row for row in report(owner, "platform_health", **filters)}

    return look


def test_staff_get_the_platforms_health(staff: User, health: Callable[..., dict[str, dict[str, str]]]) -> None:
    make_run(staff, "queued", queued_at=timezone.now() - timedelta(minutes=2), started_at=None)
    Beat.objects.create(name="beat:h:1", started_at=START, last_tick_at=timezone.now())
    rows = health(staff)
    assert rows["database"]["ok"] == rows["broker"]["ok"] == rows["beat"]["ok"] == "true"
    assert rows["beat"]["last_seen_at"]
    assert rows["busy@h"]["detail"] == "0 of 2 children busy; serves default"
    assert (rows["idle@h"]["ok"], rows["idle@h"]["detail"]) == ("false", "fell silent")
    # The run of the report itself is recorded as one that waits, too.
    assert (rows["default"]["queued"], rows["default"]["detail"]) == ("2", "1 worker serves it")
    assert float(rows["default"]["oldest_age_seconds"]) >= 119


def test_health_can_be_narrowed(staff: User, health: Callable[..., dict[str, dict[str, str]]]) -> None:
    assert {row["area"] for row in health(staff, area="queues").values()} == {"queues"}
    assert all(row["ok"] == "false" for row in health(staff, only_problems=True).values())
    assert "idle@h" in health(staff, area=["workers"], only_problems=True)


def test_only_those_who_see_everything_may_report_on_the_platform(alice: User, bob: User) -> None:
    with pytest.raises(Invalid) as caught:
        registry.validate_for(alice, "export_report", {"source": "platform_health"})
    assert {path: errors[0].code for path, errors in caught.value.fields.items()} == {"payload.source": "not_allowed"}
    for person in (bob, None):
        registry.validate_for(person, "export_report", {"source": "platform_health"})


def test_every_source_of_rows_about_people_keeps_to_its_owner(alice: User, charlie: User) -> None:
    """Whatever sources there will be: what is alice's never shows in charlie's report."""
    task = make_task(alice, "alice's own")
    ended(alice, "failed", task=task, worker="alice@h", error="alice's own")
    for source in source_all():
        if not source.staff_only:
            filters = source.filters.model_validate({})
            assert not list(source.query(Scope(user=charlie, at=timezone.now()), filters)), source.name
            assert list(source.query(Scope(user=alice, at=timezone.now()), filters)), source.name


def test_a_closed_account_sees_nothing(staff: User, alice: User) -> None:
    ScheduledTask.objects.create(owner=alice, name="x", type="x", kind="manual", status="active")
    staff.is_active = False
    rows = source_get("tasks").query(Scope(user=staff, at=timezone.now()), source_get("tasks").filters())
    assert not list(rows)
