"""When a failed run is tried again, as tables of numbers."""

from random import Random
from typing import Any

import pytest

from tasks_app.retry import RetryPolicy, policy_from_json


@pytest.mark.parametrize(("failures", "ceiling"), [(1, 2), (2, 4), (3, 8), (9, 512), (10, 900), (11, 900), (5000, 900)])
def test_backoff_doubles_up_to_the_cap_with_full_jitter(failures: int, ceiling: float) -> None:
    rng = Random(7)
    delays = [RetryPolicy().delay_after(failures, rng) for _ in range(500)]
    assert 0 <= min(delays) < ceiling * 0.1
    assert ceiling * 0.9 < max(delays) <= ceiling


@pytest.mark.parametrize(("failures", "delay"), [(1, 60), (2, 300), (3, 900), (4, 900)])
def test_a_list_of_delays_is_followed_and_its_last_repeats(failures: int, delay: float) -> None:
    assert RetryPolicy(delays=(60, 300, 900)).delay_after(failures, Random(1)) == delay


@pytest.mark.parametrize("data", [{"delays": [1.0, 2.0]}, {"base_seconds": 1.0, "factor": 3.0, "cap_seconds": 10.0}])
def test_a_policy_survives_being_stored(data: dict[str, Any]) -> None:
    policy = policy_from_json(data, max_retries=7)
    assert policy.to_json() == data
    assert policy.max_retries == 7


def test_without_a_stored_policy_the_defaults_hold() -> None:
    assert policy_from_json(None, max_retries=2) == RetryPolicy(max_retries=2)


@pytest.mark.parametrize(
    ("policy", "often"),
    [
        (RetryPolicy(), 3),
        (RetryPolicy(base_seconds=60), 3),
        (RetryPolicy(max_retries=0), 0),
        (RetryPolicy(delays=(1, 2, 3, 4, 5)), 5),
        (RetryPolicy(delays=(1, 2), max_retries=4), 4),
    ],
)
def test_a_policy_that_says_no_number_leaves_it_to_the_platform(policy: RetryPolicy, often: int) -> None:
    assert policy.retries_or(3) == often
