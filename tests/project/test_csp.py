"""Every answer carries a strict policy, but for three written exceptions."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from scheduler_project import csp


@pytest.mark.parametrize("path", ["/sign-in/", "/nowhere/", "/healthz", "/api/tasks", "/"])
def test_strangers_get_the_strict_policy(path: str, client: Client, db: None) -> None:
    assert client.get(path).headers[csp.HEADER] == csp.STRICT


@pytest.mark.parametrize(
    ("path", "policy"),
    [("/", csp.STRICT), ("/tasks/", csp.STRICT), ("/admin/", csp.ADMIN), ("/api/docs/", csp.API_DOCS)],
)
def test_exceptions_are_where_they_are_written(path: str, policy: str, client: Client, staff: User) -> None:
    client.force_login(staff)
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers[csp.HEADER] == policy


def test_there_are_no_other_exceptions() -> None:
    """The third, Flower's, is written by its proxy."""
    assert set(csp.EXCEPTIONS) == {"/admin/", "/api/docs/"}
    assert "unsafe" not in csp.STRICT


def test_a_path_that_only_begins_alike_is_no_exception() -> None:
    assert csp.policy_for("/administrator/") == csp.STRICT
    assert csp.policy_for("/api/docsx") == csp.STRICT
