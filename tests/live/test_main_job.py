"""The main job from nothing: a scheduled export of runs, mailed, seen live, in the history, by Celery and in Flower."""

import contextlib
import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from scheduler_project.settings import BASE_DIR
from tests.live import inside
from tests.live.platform import Platform, running_platform
from tests.live.surroundings import eventually
from tests.live.watcher import Watcher, watching

pytestmark = [pytest.mark.live, pytest.mark.slow]

EVERY_SECONDS = 5
RECIPIENT = "reader@example.org"
TASK = {
    "name": "Runs, every few seconds",
    "type": "export_report",
    "payload": {"source": "runs", "email": [RECIPIENT]},
    "schedule": {"kind": "every", "seconds": EVERY_SECONDS},
}
Row = dict[str, Any]


@pytest.fixture
def platform() -> Iterator[Platform]:
    """Everything that `make run` starts, with its own settings."""
    with running_platform(DJANGO_SETTINGS_MODULE="scheduler_project.settings") as running:
        yield running


def test_a_scheduled_export_arrives_and_is_seen_by_everybody(platform: Platform) -> None:
    password = platform.do(inside.first_password)
    with (
        contextlib.closing(platform.signed_in("admin", password)) as admin,
        watching(platform.url, dict(admin.cookies)) as watcher,
    ):
        watcher.subscribe("tasks")
        eventually(lambda: flowers_workers(admin), what="Flower hears the worker")  # it never learns what was before
        made = admin.post("/api/tasks", json=TASK)
        assert made.status_code == httpx.codes.CREATED, made.text
        task = made.json()
        runs = two_slots(admin, task)
        check_slots(runs, task)
        for run in runs:
            check_frames(watcher, run)
            check_mail(platform, run)
        check_file(platform, admin, runs[1])
        check_celery(platform)
        check_flower(admin, runs)


def two_slots(client: httpx.Client, task: Row) -> list[Row]:
    """Wait until two slots have been executed, stop the task, and give its runs, oldest first."""

    def history() -> list[Row]:
        rows: list[Row] = client.get(f"/api/tasks/{task['id']}/history").json()["results"]
        return rows

    eventually(lambda: sum(run["status"] == "succeeded" for run in history()) >= 2, what="two slots were executed")
    assert client.post(f"/api/tasks/{task['id']}/pause", json={"note": "enough"}).status_code == httpx.codes.OK
    eventually(lambda: all(run["finished_at"] for run in history()), what="every run has ended")
    return [run for run in reversed(history()) if run["status"] == "succeeded"]


def check_slots(runs: list[Row], task: Row) -> None:
    """The runs are those of the task's planned instants, on time."""
    first = moment(task["next_run_at"])
    for run in runs:
        slot = moment(run["slot"])
        assert (slot - first) % timedelta(seconds=EVERY_SECONDS) == timedelta(0), "a planned instant"
        assert slot == moment(run["scheduled_for"]) <= moment(run["started_at"]) <= moment(run["finished_at"])
        assert run["trigger"] == "schedule"
        assert run["attempt"] == 1
        assert run["task"] == task["id"]
    assert moment(runs[0]["slot"]) == first, "the first planned instant was not left out"
    assert len({run["slot"] for run in runs}) == len(runs)


def check_frames(watcher: Watcher, run: Row) -> None:
    """The watcher saw the run pass through its states, each version once, in order; a short one may be left out."""
    eventually(lambda: any(frame["status"] == "succeeded" for frame in watcher.of(run["id"])), what="the last frame")
    frames = watcher.of(run["id"])
    statuses = list(dict.fromkeys(frame["status"] for frame in frames))
    assert statuses == [status for status in ("queued", "running", "succeeded") if status in statuses]
    order = [(frame["version"], frame["seq"]) for frame in frames]
    assert order == sorted(set(order))
    assert frames[-1]["version"] == run["version"]


def check_mail(platform: Platform, run: Row) -> None:
    """One mail came for the slot; its link gives the file to somebody who has not signed in."""
    file = run["result"]["url"].rsplit(":", 2)[0]  # without the link's time and signature
    mails = [mail for mail in platform.mails() if file in mail.text]
    assert [mail.recipient for mail in mails] == [RECIPIENT]
    (link,) = re.findall(rf"{re.escape(platform.url)}/files/\S+", mails[0].text)
    with platform.client() as stranger:
        answer = stranger.get(link)
    assert answer.status_code == httpx.codes.OK
    assert answer.headers["content-type"].startswith("text/csv")
    assert len(answer.content) == run["result"]["bytes"]


def check_file(platform: Platform, client: httpx.Client, run: Row) -> None:
    """The file parses, and holds the runs that the API reports for that moment, with the same values."""
    with platform.client() as stranger:
        text = stranger.get(run["result"]["url"]).text
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert len(rows) == run["result"]["rows"]
    reported: dict[str, Row] = {row["id"]: row for row in client.get("/api/runs?page_size=200").json()["results"]}
    known = {key for key, one in reported.items() if moment(one["created_at"]) < moment(run["started_at"])}
    assert known <= set(rows) <= set(reported)
    assert len(known) >= 2
    for key, row in rows.items():
        for name in ("task", "task_name", "type", "trigger", "queue"):
            assert row[name] == reported[key][name]
        for name in ("slot", "scheduled_for", "queued_at", "finished_at"):
            if row[name]:  # it has been in no queue yet, or has not ended
                assert moment(row[name]) == moment(reported[key][name])
        if row["finished_at"]:
            assert row["status"] == reported[key]["status"]
    assert rows[run["id"]]["status"] == "running", "the export is among the runs that it tells of"


def check_celery(platform: Platform) -> None:
    """`celery inspect` knows the worker and its queues."""
    celery = [sys.executable, "-m", "celery", "-A", "scheduler_project"]
    words = [*celery, "inspect", "--json", "--timeout", "10", "active_queues"]
    said = subprocess.run(words, cwd=BASE_DIR, env=platform.environment, capture_output=True, text=True, check=True)
    queues = {name: {queue["name"] for queue in found} for name, found in json.loads(said.stdout).items()}
    (worker,) = eventually(lambda: platform.do(inside.live_workers)).values()
    assert queues == {worker: {"critical", "default", "low-priority"}}
    assert eventually(lambda: platform.do(inside.ping)) == {worker: {"ok": "pong"}}


def check_flower(client: httpx.Client, runs: list[Row]) -> None:
    """Flower, behind the sign-in, knows the worker, and each run by its type."""

    def known() -> dict[str, Row]:
        found: dict[str, Row] = client.get("/flower/api/tasks").json()
        return found

    ids = {run["id"] for run in runs}
    eventually(lambda: ids <= {key for key, one in known().items() if one["state"] == "SUCCESS"}, what="Flower knows")
    tasks = known()
    assert {tasks[key]["name"] for key in ids} == {"export_report"}
    assert {tasks[key]["worker"] for key in ids} == {run["worker"] for run in runs}
    workers = {(run["worker"], True) for run in runs}
    eventually(lambda: flowers_workers(client) == workers, what="Flower knows the worker")


def flowers_workers(client: httpx.Client) -> set[tuple[str, bool]]:
    """The workers that Flower knows, each with whether it is there."""
    workers = client.get("/flower/workers?json=1").json()["data"]
    return {(worker["hostname"], worker["status"]) for worker in workers}


def moment(text: str) -> datetime:
    """Read an instant as the API writes it."""
    return datetime.fromisoformat(text)
