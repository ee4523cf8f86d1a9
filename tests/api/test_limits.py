"""What is too much is refused with its own status: by the API, and in the same words on the pages."""

import dataclasses

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tasks_app.api.errors import status_of
from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.services.limiter import LimiterAway
from tests.api.client import Api, with_key
from tests.api.conftest import TASK, make


def test_too_fast_is_429_for_session_and_key_together(
    api: Api, alice: User, empty_redis: redis.Redis, settings: Settings
) -> None:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, creates_per_minute=1)
    assert api.post("tasks", TASK).status == 201
    for caller in (api, with_key(alice)):
        reply = caller.post("tasks", TASK)
        assert (reply.status, reply.code) == (429, "rate_limited")
        assert 1 <= int(reply.headers["Retry-After"]) <= 61
    assert ScheduledTask.objects.count() == 1


def test_a_refused_start_leaves_no_run_and_the_page_says_why(
    api: Api, alice: User, empty_redis: redis.Redis, settings: Settings
) -> None:
    task = make(api)
    settings.LIMITS = dataclasses.replace(settings.LIMITS, runs_per_hour=1)
    assert api.post(f"tasks/{task['id']}/run-now").status == 202
    assert api.post(f"tasks/{task['id']}/run-now").status == 429
    assert api.post("runs", {"type": TASK["type"], "payload": TASK["payload"]}).status == 429
    browser = Client()
    browser.force_login(alice)
    page = browser.post(f"/tasks/{task['id']}/run-now/", follow=True)
    assert "at most 1 runs in an hour" in page.content.decode()
    assert TaskRun.objects.count() == 1


def test_too_many_is_a_conflict_with_its_own_code(api: Api, settings: Settings) -> None:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, tasks_per_user=1)
    task = make(api)
    for reply in (api.post("tasks", TASK), api.post(f"tasks/{task['id']}/duplicate")):
        assert (reply.status, reply.code) == (409, "limit")


def test_a_limiter_that_is_away_is_503() -> None:
    assert status_of(LimiterAway("Redis is away.")) == 503


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip", "x"])
def test_an_encoded_body_is_not_taken(api: Api, encoding: str) -> None:
    assert api.post("tasks", TASK, Content_Encoding=encoding).status == 415
    assert api.post("tasks", TASK, Content_Encoding="identity").status == 201


@pytest.mark.parametrize("field", ["name", "description", "key"])
def test_control_characters_are_named_at_their_field(api: Api, field: str) -> None:
    reply = api.post("tasks", {**TASK, field: "a\x1bb"})
    assert (reply.status, reply.faults) == (400, {field: ["characters"]})
