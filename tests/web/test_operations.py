"""The pages of queues and workers, what is paused, and the task types."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tasks_app.models import AuditEntry, Beat, Queue, TaskRun, TypeRule, Worker, db_now
from tasks_app.selectors import throughput, type_rules
from tasks_app.services.queues import queue_pause
from tasks_app.services.tasks import task_pause
from tests import runs
from tests.web.conftest import MakeTask, signed_in
from tests.web.reading import errors, text, value

pytestmark = pytest.mark.usefixtures("empty_redis")


@pytest.fixture
def as_bob(bob: User) -> Client:
    """The operator's browser."""
    return signed_in(bob)


@pytest.fixture
def as_ada(admin: User) -> Client:
    """The administrator's browser."""
    return signed_in(admin)


def make_worker(name: str = "carillon@here", *, age_seconds: float = 0, **fields: Any) -> Worker:
    now = db_now()
    values = {"hostname": "here", "pid": 7, "queues": ["default"], "concurrency": 4, "started_at": now, **fields}
    return Worker.objects.create(name=name, heartbeat_at=now - timedelta(seconds=age_seconds), **values)


def test_the_rail_has_them_for_operators_alone(as_bob: Client, as_alice: Client) -> None:
    assert 'href="/queues/"' in as_bob.get("/").content.decode()
    assert 'href="/queues/"' not in as_alice.get("/").content.decode()
    assert as_alice.get("/queues/").status_code == as_alice.get("/workers/").status_code == 404


def test_a_queue_that_nobody_serves_is_said(as_bob: Client, alice: User) -> None:
    for _ in range(2):
        runs.make_run(alice)
    assert "2 runs wait and no worker serves it." in text(as_bob.get("/queues/"))
    worker = make_worker()
    assert "2 runs wait and" not in text(as_bob.get("/queues/"))
    Worker.objects.filter(pk=worker.pk).update(is_quiet=True)
    assert "2 runs wait and every worker that serves it is quiet." in text(as_bob.get("/queues/"))
    Queue.objects.update(paused_at=db_now(), paused_by="user:bob")
    page = text(as_bob.get("/queues/"))
    assert "is quiet." not in page
    assert "paused by bob" in page


def test_a_queue_is_needed_for_what_is_due_within_a_day(as_bob: Client, make: MakeTask, alice: User) -> None:
    for name, hours in (("soon", 2), ("later", 72)):
        Queue.objects.create(name=name)
        due = db_now() + timedelta(hours=hours)
        runs.make_task(alice, queue=name, next_due_at=due, next_slot=due)
    make_worker()
    rows = {row.state.queue.name: row for row in as_bob.get("/queues/").context["rows"]}
    assert rows["soon"].trouble == "No worker serves it."
    assert rows["later"].idle


def test_a_queue_that_nobody_uses_yet_is_no_trouble(as_bob: Client, alice: User) -> None:
    make_worker()
    Queue.objects.create(name="reports")
    assert "No worker serves it yet, and nothing comes to it." in text(as_bob.get("/queues/"))
    runs.make_run(alice, queue="reports")
    assert "1 run waits and no worker serves it." in text(as_bob.get("/queues/"))


def test_what_a_queue_got_done_is_counted(as_bob: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for minutes in (1, 30, 59, 90):
        run = runs.make_run(alice)
        runs.claim(run)
        runs.succeed(run)
        TaskRun.objects.filter(pk=run.pk).update(finished_at=db_now() - timedelta(minutes=minutes))
    assert "1 in 5 min · 3 in 1 h" in text(as_bob.get("/queues/"))
    monkeypatch.setattr(throughput, "MOST", 2)
    assert "1 in 5 min · more than 2 in 1 h" in text(as_bob.get("/queues/"))


def test_a_queue_is_paused_after_a_question_that_says_what_it_holds_up(as_bob: Client, alice: User) -> None:
    assert "Nothing waits in it, and no task has a run planned" in text(as_bob.get("/queues/default/pause/"))
    runs.make_run(alice)
    soon = db_now() + timedelta(hours=1)
    for name in ("default", "critical"):
        runs.make_task(alice, queue=name, next_due_at=soon, next_slot=soon)
    question = text(as_bob.get("/queues/default/pause/"))
    assert "1 run waits in it, and 1 task has a run planned within the next 24 hours." in question
    rows = as_bob.get("/queues/").content.decode()
    for queue in Queue.objects.all():
        assert f'href="/queues/{queue.name}/pause/"' in rows
        assert f'action="/queues/{queue.name}/pause/"' not in rows
    assert Queue.objects.get(name="default").paused_at is None
    assert "is paused" in text(as_bob.post("/queues/default/pause/", follow=True))
    queue = Queue.objects.get(name="default")
    assert queue.paused_at is not None
    assert queue.paused_by == "user:bob"
    assert "goes on" in text(as_bob.post("/queues/default/resume/", {"next": "/settings/paused/"}, follow=True))
    assert Queue.objects.get(name="default").paused_at is None


def test_a_pause_of_a_queue_says_why_wherever_it_is_met(as_bob: Client, as_alice: Client, alice: User) -> None:
    make_worker()
    run = runs.make_run(alice)
    assert value(as_bob.get("/queues/default/pause/"), "note") == ""
    assert "was not accepted" in text(as_bob.post("/queues/default/pause/", {"note": "x" * 501}, follow=True))
    as_bob.post("/queues/default/pause/", {"note": "disks are full"})
    assert "“disks are full”" in text(as_bob.get("/queues/"))
    waiting = text(as_alice.get(f"/runs/{run.pk}/"))
    assert ": “disks are full”; it starts once the queue goes on." in waiting
    assert "disks are full" in text(as_bob.get("/settings/audit/?action=queue.pause"))
    as_bob.post("/queues/default/resume/")
    assert "disks are full" not in text(as_bob.get("/queues/")) + text(as_alice.get(f"/runs/{run.pk}/"))


def test_administrators_make_queues_and_operators_change_them(as_ada: Client, as_bob: Client) -> None:
    assert as_bob.get("/queues/new/").status_code == 403
    refused = as_ada.post("/queues/new/", {"name": "a b", "rank": "x", "description": "two\nlines"})
    assert refused.status_code == 400
    assert [bool(errors(refused, name)) for name in ("name", "rank", "description")] == [True, True, True]
    assert value(refused, "name") == "a b"
    as_ada.post("/queues/new/", {"name": "reports", "rank": "30", "description": "Slow", "is_background": "on"})
    assert errors(as_ada.post("/queues/new/", {"name": "reports", "rank": "1"}), "name")
    queue = Queue.objects.get(name="reports")
    assert (queue.rank, queue.description, queue.is_background) == (30, "Slow", True)
    as_bob.post("/queues/reports/edit/", {"rank": "5", "description": "", "name": "other"})
    queue.refresh_from_db()
    assert (queue.name, queue.rank, queue.description, queue.is_background) == ("reports", 5, "", False)
    actions = AuditEntry.objects.filter(object_type="queue").order_by("id").values_list("action", "actor")
    assert list(actions) == [("queue.create", "user:ada"), ("queue.update", "user:bob")]


def test_each_worker_says_what_is_known_of_it(as_bob: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    make_worker("busy", running=1, load=1.5, version="1.2")
    make_worker("hushed", is_quiet=True, wish="quiet", wished_by="user:ada", wished_at=db_now())
    make_worker("asked", wish="quiet")
    make_worker("lost", age_seconds=40)
    make_worker("dead", age_seconds=400)
    Beat.objects.create(name="beat:here:1", started_at=db_now(), last_tick_at=db_now() - timedelta(minutes=2))
    monkeypatch.setattr(runs, "WORKER", "busy")
    run = runs.make_run(alice, runs.make_task(alice, name="Nightly"))
    runs.claim(run)
    page = as_bob.get("/workers/")
    words = text(page)
    assert "3 workers, 1 of 12 children busy; 1 is quiet." in words
    for said in (
        "1 of 4",
        "1.50",
        "Nightly",
        "asked to be quiet",
        "Quiet by ada",
        "silent for 40 s",
        "1 gone without a word",
    ):
        assert said in words, said
    assert words.index("Stopped and gone") < words.index("dead")
    assert f"/runs/{run.pk}/" in page.content.decode()


def test_runs_that_one_may_not_see_are_counted_and_not_named(
    charlie: User, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    charlie.user_permissions.add(Permission.objects.get(codename="manage_queues"))
    make_worker("busy", running=1)
    monkeypatch.setattr(runs, "WORKER", "busy")
    run = runs.make_run(alice)
    runs.claim(run)
    page = signed_in(charlie).get("/workers/").content.decode()
    assert "1 more that you may not see" in page
    assert str(run.pk) not in page


def test_a_worker_is_asked_from_its_page(as_bob: Client) -> None:
    worker = make_worker()
    for path, wish in (("quiet", "quiet"), ("resume", ""), ("stop", "stop")):
        as_bob.post(f"/workers/{worker.name}/{path}/")
        worker.refresh_from_db()
        assert (worker.wish, worker.wished_by) == (wish, "user:bob")
    assert "stopping" in text(as_bob.get("/workers/"))
    assert "is stopping already" in text(as_bob.post(f"/workers/{worker.name}/quiet/", follow=True))
    assert as_bob.get("/workers/nobody/stop/").status_code == 404


def test_the_lists_ask_the_database_no_more_the_longer_they_are(
    as_bob: Client, alice: User, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        Queue.objects.create(name=f"q{number}", paused_at=db_now(), paused_by="user:bob")
        make_worker(f"w{number}")
        monkeypatch.setattr(runs, "WORKER", f"w{number}")
        runs.claim(runs.make_run(alice, runs.make_task(alice, name=f"t{number}")))
    with django_assert_max_num_queries(18):
        as_bob.get("/workers/")
    with django_assert_max_num_queries(18):
        as_bob.get("/settings/paused/")


def test_a_beat_that_fell_silent_is_a_fault_only_while_no_other_ticks(as_bob: Client) -> None:
    now = db_now()
    fallen = Beat.objects.create(name="beat:h:1", started_at=now, last_tick_at=now - timedelta(minutes=12))
    assert "silent for 12 min" in text(as_bob.get("/workers/"))
    Beat.objects.create(name="beat:h:2", started_at=now, last_tick_at=now + timedelta(hours=1))
    words = text(as_bob.get("/workers/"))
    assert "silent for" not in words
    assert f"{fallen.name} gone" in words


def test_stopping_a_worker_says_that_it_may_start_again(as_bob: Client) -> None:
    make_worker("w1")
    words = text(as_bob.get("/workers/w1/stop/"))
    assert "may start it again at once" in words
    assert "make it quiet instead" in words


def test_what_is_paused_says_by_whom_and_why(as_alice: Client, as_charlie: Client, make: MakeTask) -> None:
    task = make("Nightly")
    task_pause(task=task, actor="user:ada", note="until the move is over")
    queue = Queue.objects.get(name="critical")
    queue_pause(queue=queue, actor="key:bob/ci", note="disks are full")
    words = text(as_alice.get("/settings/paused/"))
    for said in (
        "1 queue and 1 task are paused",
        "by API key bob/ci",
        "by ada",
        "until the move is over",
        "disks are full",
    ):
        assert said in words, said
    assert as_alice.get("/settings/paused/").content.count(b"/resume/") == 1, "queues are for operators"
    assert "Nightly" not in text(as_charlie.get("/settings/paused/"))
    as_alice.post(f"/tasks/{task.pk}/resume/", {"next": "/settings/paused/"})
    assert "Nightly" not in text(as_alice.get("/settings/paused/"))


def test_the_side_list_has_what_the_reader_has(as_alice: Client, as_ada: Client) -> None:
    hers, administrators = as_alice.get("/settings/").content.decode(), as_ada.get("/settings/audit/").content.decode()
    for path in ("api-keys", "calendars", "credentials", "email-templates", "types", "paused", "audit"):
        assert f'href="/settings/{path}/"' in hers
    assert 'href="/settings/people/"' not in hers
    assert 'href="/settings/people/"' in administrators
    assert 'href="/settings/audit/" aria-current="page"' in administrators
    assert b"settings-side" not in as_alice.get("/tasks/").content


@pytest.fixture
def _no_rule_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type_rules, "_kept", type_rules._Kept())


@pytest.mark.usefixtures("_no_rule_is_remembered")
def test_a_type_says_what_it_takes_and_who_may_use_it(as_alice: Client) -> None:
    assert "HTTP" in text(as_alice.get("/settings/types/"))
    words = text(as_alice.get("/settings/types/http_request/"))
    for said in ("http_request", "timeout_seconds", "required", "Queue"):
        assert said in words, said
    assert "Its rule" not in words
    assert as_alice.post("/settings/types/http_request/", {"is_restricted": "on"}).status_code == 403
    assert as_alice.get("/settings/types/nothing/").status_code == 404


@pytest.mark.usefixtures("_no_rule_is_remembered")
def test_administrators_lay_down_a_rule_and_take_it_back(as_ada: Client, as_alice: Client) -> None:
    page = "/settings/types/http_request/"
    assert errors(as_ada.post(page, {"locked": "{"}), "locked")
    assert errors(as_ada.post(page, {"locked": "[1]"}), "locked")
    assert errors(as_ada.post(page, {"locked": '{"no_such": 1}'}), "locked")
    assert not TypeRule.objects.exists()
    as_ada.post(page, {"is_restricted": "on", "locked": '{"timeout_seconds": 10}'})
    rule = TypeRule.objects.get()
    assert (rule.is_restricted, rule.locked, rule.updated_by) == (True, {"timeout_seconds": 10}, "user:ada")
    assert "The permission is held by the role Admin" in text(as_ada.get(page))
    words = text(as_alice.get(page))
    assert "You may not use" in words
    assert "Fixed by an administrator" in words
    as_ada.post(page, {"locked": ""})
    assert not TypeRule.objects.exists()
