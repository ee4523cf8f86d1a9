"""Retries and time limits: the task goes before its type, and that before the platform."""

from typing import Any

import pytest

from tasks_app.handlers import RetryPolicy
from tasks_app.services import planning
from tests.handler_types import declared


@pytest.mark.parametrize(
    ("of_type", "of_task", "often"),
    [
        (None, {}, 4),
        (RetryPolicy(base_seconds=60), {}, 4),
        (RetryPolicy(max_retries=2), {}, 2),
        (RetryPolicy(max_retries=0), {}, 0),
        (RetryPolicy(delays=(1, 2, 3, 4, 5, 6)), {}, 6),
        (RetryPolicy(max_retries=2), {"max_retries": 7}, 7),
        (RetryPolicy(max_retries=2), {"max_retries": 0}, 0),
        (RetryPolicy(max_retries=2), {"retry": {"delays": [1, 2, 3]}}, 3),
        (RetryPolicy(max_retries=2), {"retry": {"delays": [1, 2, 3]}, "max_retries": 1}, 1),
        (RetryPolicy(max_retries=2), {"retry": {"base_seconds": 9}}, 2),
    ],
)
def test_the_task_goes_before_its_type_and_that_before_the_platform(
    of_type: RetryPolicy | None, of_task: dict[str, Any], often: int, settings: Any
) -> None:
    settings.RETRY_MAX = 4
    options = {} if of_type is None else {"retry": of_type}
    with declared(lambda ctx, payload: None, **options) as name:
        policies = planning.policies(name, **of_task)
    assert policies["max_retries"] == often
    assert policies["retry"] == of_task.get("retry", (of_type or RetryPolicy()).to_json())


@pytest.mark.parametrize(
    ("of_type", "of_task", "limit"), [(60, None, 60), (60, 5, 5), (60, 0, None), (None, None, None), (None, 9, 9)]
)
def test_a_time_limit_of_zero_is_none_at_all(of_type: int | None, of_task: int | None, limit: int | None) -> None:
    with declared(lambda ctx, payload: None, timeout=of_type) as name:
        assert planning.policies(name, timeout_seconds=of_task)["timeout_seconds"] == limit


def test_a_type_without_code_still_has_policies(settings: Any) -> None:
    settings.RETRY_MAX = 4
    policies = planning.policies("was.removed")
    assert (policies["max_retries"], policies["timeout_seconds"]) == (4, 3600)
