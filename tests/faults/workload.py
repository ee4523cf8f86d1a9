"""What people and programs do meanwhile, by a seed: schedules, edits, runs, cancels, each retried with its key."""

import contextlib
import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

import httpx

from tests.faults.cluster import Cluster
from tests.faults.history import Expected, Look, Request
from tests.faults.oracle import Plan, expect
from tests.faults.sinks import Sink
from tests.live import inside

PATIENCE_SECONDS = 90.0
TYPES = ("probe.sleep", "probe.once", "probe.idem")
_PAUSE_SECONDS = 0.4


@dataclass
class Scheduled:
    """A task of the workload with the schedules that it has had; the last one is still in force."""

    id: UUID
    seconds: int
    cron: str
    since: tuple[datetime, datetime]
    plans: list[Plan] = field(default_factory=list)

    def change(self, sent: float, ended: float, *, seconds: int = 0, cron: str = "") -> None:
        """Close the schedule in force, and begin another one."""
        moment = (_instant(sent), _instant(ended))
        self.plans.append(Plan(self.since, moment, seconds=self.seconds, cron=self.cron))
        self.since, self.seconds, self.cron = moment, seconds, cron


class Workload:
    """Sends requests to whichever web answers, and remembers what was promised."""

    def __init__(self, cluster: Cluster, sink: Sink, seed: int) -> None:
        self._cluster, self._sink = cluster, sink
        self._rng = Random(seed)
        self._name = secrets.token_hex(3)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self.requests: list[Request] = []
        self.looks: list[Look] = []
        self.tasks: list[Scheduled] = []
        self.key = cluster.do(inside.api_key, inside.OWNER)
        self._threads = [threading.Thread(target=loop, daemon=True) for loop in (self._go_on, self._look_on)]

    # What is asked.

    def schedule(
        self, *, seconds: int = 0, cron: str = "", type: str = "probe.sleep", lasts: float = 0.2, **fields: Any
    ) -> Scheduled:
        """Make a task; `fields` are the API's."""
        number = next(self._numbers)
        body: dict[str, Any] = {"name": f"{self._name} task {number}", "type": type, "payload": self._payload(lasts)}
        body |= {"overlap": "allow", **_timing(seconds, cron), **fields}
        sent, ended, answer = self.persist("create", "POST", "/api/tasks", body)
        task = Scheduled(UUID(answer["id"]), seconds, cron, (_instant(sent), _instant(ended)))
        self.tasks.append(task)
        return task

    def edit(self, task: Scheduled, *, seconds: int = 0, cron: str = "") -> None:
        """Give a task another schedule."""
        sent, ended, _ = self.persist("edit", "PATCH", f"/api/tasks/{task.id}", _timing(seconds, cron))
        task.change(sent, ended, seconds=seconds, cron=cron)

    def run(self, type: str = "probe.sleep", *, lasts: float = 0.2, **options: Any) -> UUID:
        """Make a run without a task."""
        mark = f"{self._name}-{next(self._numbers)}"
        body = {"type": type, "payload": {**self._payload(lasts), "mark": mark}, **options}
        return UUID(self.persist("run-now", "POST", "/api/runs", body, mark)[2]["id"])

    def run_now(self, task: Scheduled, lasts: float = 0.2) -> UUID:
        """Run a task now."""
        mark = f"{self._name}-{next(self._numbers)}"
        body = {"payload": {**self._payload(lasts), "mark": mark}}
        return UUID(self.persist("run-now", "POST", f"/api/tasks/{task.id}/run-now", body, mark)[2]["id"])

    def cancel(self, run_id: UUID) -> None:
        """Cancel a run; one that has ended meanwhile refuses."""
        sent = time.time()
        status, _ = self.send("POST", f"/api/runs/{run_id}/cancel", {})
        self._remember(Request(sent, time.time(), "cancel", status, run_id))

    def persist(
        self, deed: str, method: str, path: str, body: dict[str, Any], mark: str = ""
    ) -> tuple[float, float, dict[str, Any]]:
        """Send a request under one key until it is answered well; gives when it was first sent and when answered."""
        key = f"{self._name}-key-{next(self._numbers)}"
        first = time.time()
        while True:
            sent = time.time()
            status, answer = self.send(method, path, body, key)
            subject = UUID(answer["id"]) if "id" in answer else None
            self._remember(Request(sent, time.time(), deed, status, subject, mark))
            if 200 <= status < 300:
                return first, time.time(), answer
            assert status in (0, 409, 429, 500, 503), f"{method} {path}: {status} {answer}"
            assert time.time() - first < PATIENCE_SECONDS, f"{method} {path} is never answered: {status} {answer}"
            self._is_over.wait(0.2)

    def send(self, method: str, path: str, body: dict[str, Any], key: str = "") -> tuple[int, dict[str, Any]]:
        """Send one request to one of the webs; status 0 is no answer."""
        urls = self._cluster.urls
        headers = {"Authorization": f"Bearer {self.key}", **({"Idempotency-Key": key} if key else {})}
        if not urls:
            return 0, {}
        url = urls[next(self._numbers) % len(urls)] + path
        try:
            answer = httpx.request(method, url, json=body, headers=headers, timeout=15, trust_env=False)
            return answer.status_code, answer.json()
        except (httpx.HTTPError, ValueError):
            return 0, {}

    def _payload(self, lasts: float) -> dict[str, Any]:
        return {"ledger": str(self._cluster.ledger.path), "seconds": lasts, "sink": self._sink.url}

    def _remember(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)

    # Going on by itself.

    def start(self) -> None:
        """Make tasks, and go on with deeds by the seed until it is ended."""
        for number, type in enumerate(TYPES):
            self.schedule(seconds=2 + number, type=type)
        self.schedule(cron="* * * * *")
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Do nothing more; what is scheduled goes on."""
        self._is_over.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self._is_over.clear()

    def end_tasks(self) -> dict[UUID, Expected]:
        """End every task; gives the slots that they must have had. A slot of the last seconds may be cut off."""
        for task in self.tasks:
            sent, ended, _ = self.persist("end", "POST", f"/api/tasks/{task.id}/cancel", {})
            task.change(sent - 3, ended)
        return {task.id: expect(*task.plans) for task in self.tasks}

    def _go_on(self) -> None:
        deeds: list[Callable[[], object]] = [
            lambda: self.run(self._rng.choice(TYPES)),
            lambda: self.run("probe.fail_once"),
            lambda: self.run_now(self._rng.choice(self.tasks)),
            lambda: self.run(self._rng.choice(TYPES), delay_seconds=1),
            lambda: self.cancel(self.run("probe.sleep", lasts=3)),
            lambda: self.cancel(self.run("probe.once", delay_seconds=2)),
            lambda: self.edit(self._rng.choice(self.tasks[:3]), seconds=self._rng.randint(2, 5)),
        ]
        while not self._is_over.wait(_PAUSE_SECONDS):
            self._rng.choice(deeds)()

    def _look_on(self) -> None:
        while not self._is_over.wait(1.0):
            for url in self._cluster.urls[:1]:
                self.looks.append(look(url))


def look(url: str) -> Look:
    """Look at /statusz once."""
    with contextlib.suppress(httpx.HTTPError):
        return Look(time.time(), httpx.get(f"{url}/statusz", timeout=10, trust_env=False).is_success)
    return Look(time.time(), False)


def _timing(seconds: int, cron: str) -> dict[str, Any]:
    return {"cron": cron} if cron else {"schedule": {"kind": "every", "seconds": seconds}}


def _instant(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


@contextlib.contextmanager
def working(workload: Workload) -> Iterator[Workload]:
    """Let the workload go on by itself during the block."""
    workload.start()
    try:
        yield workload
    finally:
        workload.end()
