"""Asks the platform for its pages inside this process: how long, how many queries, and how many rows these read."""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import caches
from django.db import connection
from django.test import Client

from benchmarks.record import machine_probe
from scheduler_project import redis_client
from tasks_app.models import PlannedRuns, ScheduledTask, SyncedCollection, TaskRun
from tasks_app.selectors import trouble
from tasks_app.selectors.brief import Brief
from tasks_app.services import planned_runs
from tasks_app.services.upkeep import ACTOR

ROOT = Path(__file__).parent.parent
OURS = ("tasks_app", "notifications", "scheduler_project")
_STATES = ("waiting", "scheduled", "queued", "running", "succeeded", "failed", "cancelled", "skipped", "needs")
PAGES = (
    "/",
    *("/tasks/", "/tasks/?ordering=-last_run_at", "/tasks/?ordering=next_due_at", "/tasks/?status=paused"),
    *("/tasks/?search=invoices", "/tasks/?search=nothing-has-this", "/tasks/?tag=finance", "/tasks/?tag=no-such"),
    *("/tasks/?status=active&type=send_email", "/tasks/search/?search=inv", "/tasks/new/"),
    *("/tasks/{task}/", "/tasks/{task}/edit/", "/tasks/{task}/versions/"),
    "/runs/",
    *(f"/runs/?status={state}" for state in _STATES),
    *("/runs/?type=cleanup", "/runs/?tag=finance", "/runs/?worker=nobody", "/runs/?queue=critical"),
    *("/runs/?reason=overlap", "/runs/?search=invoices", "/runs/?search=nothing-has-this", "/runs/?within=24h"),
    *("/runs/?task={task}", "/runs/groups/", "/runs/{run}/", "/runs/export/?format=csv"),
    *("/calendar/", "/upcoming/", "/batches/", "/files/", "/files/?search=invoices", "/collections/"),
    *("/collections/{collection}/", "/collections/{collection}/?search=none", "/collections/{collection}/?state=gone"),
    *("/settings/types/export_report/", "/api/files", "/api/files?search=invoices"),
    *("/api/collections/{collection}/records", "/api/collections/{collection}/records?search=none"),
    *("/settings/", "/settings/paused/", "/settings/types/", "/settings/calendars/", "/settings/credentials/"),
    *("/settings/email-templates/", "/settings/api-keys/", "/settings/sign-ins/"),
    *("/api/tasks", "/api/tasks?search=invoices", "/api/tasks?tag=finance", "/api/tasks/{task}"),
    *("/api/tasks/{task}/history", "/api/runs", "/api/runs?status=failed", "/api/runs?status=queued"),
    *("/api/runs?task={task}", "/api/runs/{run}", "/api/runs/{run}/logs", "/api/stats", "/api/upcoming"),
    *("/api/upcoming/load", "/api/task-types", "/api/calendars", "/api/batches", "/api/me"),
)
_LISTED = ("scheduledtask", "taskrun", "runrollup", "taskrevision", "auditentry", "batch", "effect", "worker")
OPERATORS_PAGES = (
    *("/queues/", "/workers/", "/platform/", "/settings/audit/", "/settings/people/", "/metrics"),
    *("/settings/audit/?search=nothing-has-this", "/settings/people/{person}/"),
    *("/api/audit", "/api/audit/export", "/api/queues", "/api/workers", "/admin/"),
    *(f"/admin/tasks_app/{model}/" for model in _LISTED),
    *("/admin/django_celery_beat/periodictask/", "/admin/django_celery_beat/crontabschedule/"),
    *("/admin/django_celery_results/taskresult/", "/admin/auth/user/"),
    *("/admin/tasks_app/scheduledtask/?q=invoices", "/admin/tasks_app/taskrun/?q=invoices"),
    *("/admin/tasks_app/scheduledtask/{task}/change/", "/admin/tasks_app/taskrun/{run}/change/"),
)
PARTS = ("/platform/",)
"""What pages ask for by their scripts, and is no page of its own."""
PLANNING = ("/calendar/", "/upcoming/", "/api/upcoming/load")
"""What upkeep has planned beforehand these need not plan themselves."""
_FRAMES = 2
_OK = 200


def ask(pages: dict[str, list[str]], calls: int) -> list[dict[str, Any]]:
    """Ask for the pages of each person, so often warm, with what the process keeps of answers, and so often cold.

    What upkeep plans beforehand is there; pages that need it are asked for once more without.
    """
    rows = []
    for name, paths in pages.items():
        user = User.objects.get(username=name)
        client, ids = _client(user), _ids(user)
        for path in paths:
            _plan_ahead()
            rows.append({"who": name, "page": path, **_measured(client, path.format(**ids), calls)})
    PlannedRuns.objects.all().delete()
    for name, paths in pages.items():
        client = _client(User.objects.get(username=name))
        for path in sorted({*paths} & {*PLANNING}):
            rows.append({"who": name, "page": f"{path} (nothing planned)", **_measured(client, path, calls)})
    return rows


def _plan_ahead() -> None:
    """Do what upkeep does of planning, every few seconds, where the platform runs."""
    planned_runs.planned_keep(ACTOR)
    while planned_runs.day_keep(ACTOR):
        pass


def _measured(client: Client, path: str, calls: int) -> dict[str, Any]:
    """Ask so many times for one page; without calls only what it reads is found out."""

    def call(*, is_cold: bool) -> tuple[float, float, int]:
        forget(is_cold=is_cold)
        began, cpu = time.perf_counter(), time.process_time()
        size = _size(client, path)
        return (time.perf_counter() - began) * 1000, (time.process_time() - cpu) * 1000, size

    call(is_cold=True)  # what a process does once: imports, templates
    with _queries() as queries:
        _, _, size = call(is_cold=True)
    cold = [call(is_cold=True) for _ in range(calls)]
    warm = [call(is_cold=False) for _ in range(calls)]
    return {
        "milliseconds": [round(wall, 2) for wall, _, _ in warm],
        "cold_milliseconds": [round(wall, 2) for wall, _, _ in cold],
        "cpu_milliseconds": [round(cpu, 2) for _, cpu, _ in warm],
        "cold_cpu_milliseconds": [round(cpu, 2) for _, cpu, _ in cold],
        "kilobytes": round(size / 1000),
        "queries": len(queries),
        "rows_read": rows_read(queries),
        "probe": machine_probe(),
    }


def _size(client: Client, path: str) -> int:
    """Read an answer, of a file that is made meanwhile its first piece; a page that is not there says nothing."""
    answer = client.get(path, headers={"HX-Request": "true"} if path in PARTS else None)
    if answer.status_code != _OK:
        raise RuntimeError(f"{path} answers {answer.status_code}")
    if not answer.streaming:
        return len(answer.content)
    size = len(next(iter(answer), b""))
    answer.close()
    return size


def forget(*, is_cold: bool) -> None:
    """Let nobody be held back for having asked often; cold: drop all that the process keeps of earlier answers."""
    with redis_client.connect() as redis:
        redis.flushdb()
    if not is_cold:
        return
    trouble.forget()
    for cache in caches.all():
        cache.clear()
    for module in [module for name, module in sys.modules.items() if name.startswith(OURS)]:
        for kept in vars(module).values():
            if isinstance(kept, Brief):
                kept._kept.clear()


@contextmanager
def _queries() -> Iterator[list[tuple[str, str, Any]]]:
    """Note each statement with the place in the platform's code that asks it."""
    found: list[tuple[str, str, Any]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        found.append((_place(), str(sql), params))
        return execute(sql, params, many, context)

    with ExitStack() as stack:
        stack.enter_context(connection.execute_wrapper(note))
        yield found


def _place() -> str:
    """Give the innermost of the platform's own lines that led here."""
    frame, found = sys._getframe(2), list[str]()
    while frame is not None and len(found) < _FRAMES:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in OURS:
            found.append(f"{path.relative_to(ROOT)}:{frame.f_lineno}")
        frame = frame.f_back  # type: ignore[assignment]  # the outermost has none
    return " < ".join(found) or "django"


def rows_read(queries: list[tuple[str, str, Any]]) -> dict[str, int]:
    """Add up for each place the rows that its statements take from tables and indexes, as EXPLAIN ANALYZE counts."""
    found = Counter[str]()
    with connection.cursor() as cursor:
        for place, sql, params in queries:
            if sql.lstrip().upper().startswith(("SELECT", "WITH")):
                cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", params)
                (plan,) = cursor.fetchone() or ("[]",)
                (top,) = json.loads(plan) if isinstance(plan, str) else plan
                found[place] += _of_plan(top["Plan"])
    return dict(found)


def _of_plan(node: dict[str, Any]) -> int:
    own = 0
    if "Relation Name" in node:
        counted = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
        own = round(sum(node.get(name, 0) for name in counted) * node.get("Actual Loops", 1))
    return own + sum(_of_plan(part) for part in node.get("Plans", ()))


def _client(user: User) -> Client:
    """Give a browser in which this person is signed in."""
    session = SessionStore()
    known = {SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0]}
    session.update({**known, HASH_SESSION_KEY: user.get_session_auth_hash()})
    session.save()
    client = Client(SERVER_NAME="localhost")
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key or ""
    return client


def _ids(user: User) -> dict[str, str]:
    task = ScheduledTask.objects.filter(owner=user).order_by("id")[5]
    run = TaskRun.objects.filter(task=task).order_by("-id")[0]
    collection = SyncedCollection.objects.get(owner=user)
    return {"task": str(task.pk), "run": str(run.pk), "collection": str(collection.pk), "person": str(user.pk)}
