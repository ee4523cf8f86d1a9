"""Celery task events for runs (uuid = run id, name = type), so that Flower and `celery events` show them.

A courtesy to those tools: a broker that is away costs a run nothing but its events, and while nobody listens, which is
looked at twice a second, none are made.
"""

import logging
import time
from collections.abc import Sequence
from typing import Any

from celery import current_app
from django.conf import settings
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from tasks_app.models import TaskRun
from tasks_app.services.execution.call import Outcome
from tasks_app.services.group_moves import Ended

logger = logging.getLogger(__name__)

_BACK_OFF_SECONDS = 30.0
_UNHEARD_SECONDS = 0.5


class Telemetry:
    """Sends the events of one child, under its worker's name."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._silent_until = 0.0

    def started(self, run: TaskRun, *, seconds_ago: float = 0.0) -> bool:
        """Say that the run was taken and began; False when nobody has heard it."""
        return self._send(_beginning(run, time.time() - seconds_ago))

    def ended(self, run: TaskRun, outcome: Outcome, seconds: float, *, with_start: bool = False) -> None:
        """Say how the attempt ended, and first that it began, where nobody has said so yet."""
        beginning = _beginning(run, time.time() - seconds) if with_start else []
        self._send([*beginning, _ending(run, outcome, seconds)])

    def ended_well(self, ended: Sequence[Ended]) -> None:
        """Say that the runs of a group were taken, began and ended, all in one message."""
        if self._is_silent:  # before they are made
            return
        events: list[tuple[str, dict[str, Any]]] = []
        for one in ended:
            id, seconds = str(one.run.id), (one.finished_at - one.started_at).total_seconds()
            began, over = one.started_at.timestamp(), one.finished_at.timestamp()
            events += _beginning(one.run, began)
            events.append(
                ("task-succeeded", {"uuid": id, "result": "succeeded", "runtime": seconds, "timestamp": over})
            )
        self._send(events)

    @property
    def _is_silent(self) -> bool:
        return not settings.RUN_EVENTS or time.monotonic() < self._silent_until

    def _send(self, events: list[tuple[str, dict[str, Any]]]) -> bool:
        if self._is_silent:
            return False
        try:
            with current_app.amqp.producer_pool.acquire(block=True, timeout=2) as producer:
                dispatcher = current_app.events.Dispatcher(
                    producer.connection,
                    hostname=self._worker,
                    channel=producer.channel,
                    buffer_while_offline=False,
                    buffer_group={"task"},
                    buffer_limit=len(events) + 1,
                )
                with dispatcher:
                    for name, facts in events:
                        dispatcher.send(name, **facts)
                    dispatcher.flush(errors=False)
                is_heard = bool(getattr(producer.channel, "heard", 1))
                if not is_heard:  # to make events takes as long as to run nothing
                    self._silent_until = time.monotonic() + _UNHEARD_SECONDS
                return is_heard
        except (KombuError, RedisError, OSError) as error:
            self._silent_until = time.monotonic() + _BACK_OFF_SECONDS
            logger.info("events for Flower were not sent: %s", error)
            return False


def _beginning(run: TaskRun, at: float) -> list[tuple[str, dict[str, Any]]]:
    facts: dict[str, Any] = {"uuid": str(run.id), "timestamp": at}
    retries = run.failures + run.crashes
    received = {"name": run.type, "args": "()", "kwargs": "{}", "retries": retries, "eta": None}
    return [("task-received", facts | received), ("task-started", facts)]


def _ending(run: TaskRun, outcome: Outcome, seconds: float) -> tuple[str, dict[str, Any]]:
    facts: dict[str, Any] = {"uuid": str(run.id)}
    if outcome.word in ("succeeded", "skipped"):
        return "task-succeeded", facts | {"result": outcome.word, "runtime": seconds}
    if outcome.word == "failed":
        is_last = outcome.detail.is_permanent or run.failures >= run.max_retries
        return "task-failed" if is_last else "task-retried", facts | {
            "exception": outcome.detail.error_type or outcome.detail.reason,
            "traceback": "",
        }
    return "task-revoked", facts | {"terminated": False, "signum": None, "expired": False}
