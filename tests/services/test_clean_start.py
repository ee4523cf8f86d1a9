"""A run starts clean, whatever the one before it in this process has left behind."""

import contextvars
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone, translation

from tests.handler_types import ended

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("valkey"),
]


flavour: contextvars.ContextVar[str] = contextvars.ContextVar("flavour", default="plain")


def test_a_run_starts_clean_whatever_the_one_before_left_behind(alice: User) -> None:
    seen: list[tuple[str, str, str]] = []

    def leave_traces(ctx: Any, payload: Any) -> None:
        seen.append((flavour.get(), translation.get_language(), str(timezone.get_current_timezone())))
        flavour.set("bitter")
        translation.activate("de")
        timezone.activate("Asia/Tokyo")

    ended(alice, leave_traces)
    ended(alice, leave_traces)
    assert seen == [("plain", "en", "UTC")] * 2
    assert flavour.get() == "plain"


def test_a_transaction_left_open_is_thrown_away_and_the_outcome_stored(alice: User) -> None:
    def leave_open(ctx: Any, payload: Any) -> str:
        transaction.atomic().__enter__()
        User.objects.create_user("ghost")
        return "done"

    run = ended(alice, leave_open)
    assert run.status == "succeeded"
    assert not User.objects.filter(username="ghost").exists()
    assert not connection.in_atomic_block


def test_an_error_of_the_database_leaves_a_usable_connection(alice: User) -> None:
    def clash(ctx: Any, payload: Any) -> None:
        with transaction.atomic():
            User.objects.create_user("alice")

    run = ended(alice, clash, max_retries=0)
    assert run.status == "failed"
    assert "IntegrityError" in run.error
