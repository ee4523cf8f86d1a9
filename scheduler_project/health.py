"""`/healthz`, `/readyz`, `/statusz`: this process is up; this web can serve; the whole platform works.

None of them hangs: what takes too long is an answer too.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tasks_app.selectors import health, liveness
from tasks_app.selectors.broker import broker
from tasks_app.selectors.health import Finding

READY_SECONDS = 5.0
STATUS_SECONDS = 8.0
Question = Callable[[], Finding]

_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="health")
"""Threads of their own: the one that serves a request also runs its middleware, and would hold the answer back."""

_known: dict[str, Finding] = {}
"""That the migrations are applied stays true for as long as this code runs, so it is asked until the first yes."""


def migrations() -> Finding:
    """Say whether the migrations are applied."""
    if "migrations" not in _known:
        found = health.migrations()
        if not found.ok:
            return found
        _known["migrations"] = found
    return _known["migrations"]


READY: Sequence[Question] = (health.database_answers, migrations)
"""A database that takes no writes for a while still shows pages."""
STATUS: Sequence[Question] = (
    health.database,
    migrations,
    broker,
    health.beat,
    health.workers,
    liveness.claims,
    health.schedule,
    liveness.upkeep,
)


@never_cache
@require_safe
async def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Asks nobody else."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
async def readyz(request: HttpRequest) -> JsonResponse:
    """This web process can serve; 200 also while Redis is away, because pages and API work without it."""
    return await _answer(READY, READY_SECONDS)


@never_cache
@require_safe
async def statusz(request: HttpRequest) -> JsonResponse:
    """The whole platform; 503 when something needs a person."""
    return await _answer(STATUS, STATUS_SECONDS)


async def _answer(questions: Sequence[Question], seconds: float) -> JsonResponse:
    findings: list[Finding] = []
    asked = asyncio.get_running_loop().run_in_executor(_threads, _ask, questions, findings)
    try:
        await asyncio.wait_for(asked, seconds)
    except TimeoutError:
        findings.append(Finding("time", False, f"no answer within {seconds:g} s"))
    ok = all(finding.ok for finding in findings)
    checks = {found.name: _told(found) for found in findings}
    status = "ok" if ok else "needs_attention"
    response = JsonResponse({"status": status, "checks": checks}, status=200 if ok else 503)
    response._has_been_logged = True  # type: ignore[attr-defined]  # a probe's answer is no fault of this process
    return response


def _told(finding: Finding) -> dict[str, Any]:
    told: dict[str, Any] = {"ok": finding.ok, "detail": finding.detail}
    if finding.since is not None:
        told["since"] = finding.since.isoformat(timespec="seconds").replace("+00:00", "Z")
    if finding.todo:
        told["todo"] = finding.todo
    return told


def _ask(questions: Sequence[Question], findings: list[Finding]) -> None:
    try:
        for question in questions:
            findings.append(question())
    finally:
        connections.close_all()
