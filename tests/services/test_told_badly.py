"""What a handler raises, returns and says in forms that cannot be told, or not in time: the end is clear."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tasks_app.errors import RetryLater, Skip
from tasks_app.models import Effect, RunAttempt, RunLog
from tests.handler_types import ended
from tests.services.test_call import raising, returning

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
HUGE = 20_000_000


class Mute(Exception):
    """Ends whoever asks what it is."""

    def __str__(self) -> str:
        raise SystemExit(1)


class Deep(Exception):
    """Raises when its traceback is written."""

    @property
    def __suppress_context__(self) -> bool:  # type: ignore[override]  # as somebody might
        raise KeyboardInterrupt


def syntax_error() -> SyntaxError:
    """Give one whose place is none."""
    error = SyntaxError("no")
    error.text, error.lineno, error.offset = "no", 1, "first"  # type: ignore[assignment]  # as a parser might
    return error


def nested_groups() -> BaseException:
    """Give more groups in each other than can be written."""
    error: Exception = ValueError("innermost")
    for _ in range(2000):
        error = ExceptionGroup("outer", [error])
    return error


@pytest.mark.parametrize(
    "error",
    [
        Mute(),
        Deep(),
        syntax_error(),
        nested_groups(),
        GeneratorExit(),
        RetryLater(1.0),
        Skip("x"),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_is_raised_the_run_has_an_end_that_says_something(error: BaseException, alice: User) -> None:
    if isinstance(error, RetryLater):
        error.seconds = "soon"  # type: ignore[assignment]
    if isinstance(error, Skip):
        error.reason = 7  # type: ignore[assignment]
    run = ended(alice, raising(error), max_retries=0)
    assert (run.status, run.error != "") == ("skipped" if isinstance(error, Skip) else "failed", True)
    if run.status == "failed":
        assert RunAttempt.objects.get(run=run).error_type in (type(error).__name__, "ValueError")


@pytest.mark.parametrize("depth", [101, 900, 100_000])
def test_a_result_that_others_could_not_read_fails_and_says_so(depth: int, alice: User) -> None:
    result: list[Any] = []
    for _ in range(depth):
        result = [result]
    run = ended(alice, returning(result))
    assert (run.status, run.result) == ("failed", None)
    assert "nested deeper than 100 levels" in run.error


def test_an_effect_whose_result_cannot_be_kept_has_happened_all_the_same(alice: User) -> None:
    def confirm(ctx: Any, payload: Any) -> None:
        result: list[Any] = []
        for _ in range(100_000):
            result = [result]
        with ctx.effect("mail") as handle:
            handle.confirm(result)

    run = ended(alice, confirm, max_retries=0)
    assert (run.status, Effect.objects.get().state) == ("failed", "done")


def test_what_is_said_at_any_length_is_looked_through_no_longer_than_it_is_kept(alice: User) -> None:
    def say(ctx: Any, payload: Any) -> None:
        ctx.log("password=1234567 " * (HUGE // 17))
        ctx.progress(1, 2, "=" * HUGE)
        raise ValueError("token: " * (HUGE // 7))

    run = ended(alice, say, max_retries=0)
    assert (run.status, len(run.error)) == ("failed", 1000)
    assert len(RunLog.objects.get(run=run).lines[0][2]) == 8000


def test_a_result_of_any_size_is_replaced_by_a_note(alice: User) -> None:
    run = ended(alice, returning({"text": "Bearer " * (HUGE // 7)}))
    assert run.status == "succeeded"
    assert run.result is not None
    assert run.result["truncated"]
    assert connection.is_usable()
