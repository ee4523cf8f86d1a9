"""What goes out when a run has changed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import redis

from notifications import publisher
from notifications.messages import Hint, RunLog, TaskUpdated
from notifications.publisher import Publisher
from notifications.receivers import PROGRESS_SECONDS, Throttle
from tasks_app.events import RunChanged, RunLogged, RunProgressed, announce

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def _pubsub(client: Any) -> Any:
    """Listen; redis-py has no types for it."""
    return client.pubsub(ignore_subscribe_messages=True)


@pytest.fixture
def heard(empty_redis: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator["Heard"]:
    monkeypatch.setattr(publisher, "_publisher", Publisher())
    with _pubsub(empty_redis) as listener:
        listener.subscribe(publisher.channel())
        listener.get_message(timeout=5)
        yield Heard(listener)


class Heard:
    """What has gone over the channel."""

    def __init__(self, listener: redis.client.PubSub) -> None:
        self._listener = listener

    def take(self) -> Hint:
        message = self._listener.get_message(timeout=5)
        assert message is not None
        return Hint.decode(message["data"])

    def all(self) -> list[Hint]:
        """Everything so far: what is sent last comes last."""
        end = uuid4().hex
        announce(changed(run_id=end))
        hints: list[Hint] = []
        while (hint := self.take()).frame.run_id != end:
            hints.append(hint)
        return hints


def changed(**fields: Any) -> RunChanged:
    values: dict[str, Any] = {
        "run_id": uuid4().hex,
        "task_id": None,
        "owner_id": 7,
        "type": "http_request",
        "source": "queued",
        "status": "running",
        "reason": "",
        "version": 2,
        "message": "",
        "at": NOW,
        **fields,
    }
    return RunChanged(**values)


def progressed(run_id: str, seq: int) -> RunProgressed:
    return RunProgressed(
        run_id=run_id,
        task_id=None,
        owner_id=7,
        status="running",
        reason="",
        version=2,
        seq=seq,
        progress={"done": seq, "total": None, "message": ""},
        message="",
        at=NOW,
    )


def logged(*messages: str, run_id: str = "a") -> RunLogged:
    lines = [{"n": n, "at": NOW.isoformat(), "level": "info", "message": text} for n, text in enumerate(messages, 1)]
    return RunLogged(run_id=run_id, task_id=None, owner_id=7, lines=lines)


def test_a_transition_goes_out_at_once_with_its_owner(heard: Heard) -> None:
    announce(changed(run_id="a", status="succeeded", version=3, seq=4, progress={"done": 1, "total": 1, "message": ""}))
    hint = heard.take()
    assert hint.owner_id == 7
    assert isinstance(hint.frame, TaskUpdated)
    assert (hint.frame.status, hint.frame.version, hint.frame.seq) == ("succeeded", 3, 4)


def test_of_a_burst_of_progress_the_first_goes_out(heard: Heard) -> None:
    run_id = uuid4().hex
    for seq in range(1, 50):
        announce(progressed(run_id, seq))
    assert [hint.frame.seq for hint in heard.all() if isinstance(hint.frame, TaskUpdated)] == [1]


def test_after_a_transition_progress_goes_out_at_once_again(heard: Heard) -> None:
    run_id = uuid4().hex
    announce(progressed(run_id, 1))
    announce(changed(run_id=run_id))
    announce(progressed(run_id, 2))
    assert len(heard.all()) == 3


def test_runs_do_not_wait_for_each_other(heard: Heard) -> None:
    for run_id in ("a", "b", "c"):
        announce(progressed(uuid4().hex + run_id, 1))
    assert len(heard.all()) == 3


def test_four_a_second_go_out(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(tenth / 10 for tenth in range(101))
    monkeypatch.setattr("notifications.receivers.time.monotonic", lambda: next(clock))
    throttle = Throttle(PROGRESS_SECONDS)
    passed = sum(throttle.lets_through("a") for _ in range(101))
    assert 30 <= passed <= 41


def test_the_throttle_forgets_the_oldest() -> None:
    throttle = Throttle(3600, limit=2)
    for run_id in ("a", "b", "c"):
        assert throttle.lets_through(run_id)
    assert not throttle.lets_through("c")
    assert throttle.lets_through("a")


def test_a_few_lines_go_out_whole(heard: Heard) -> None:
    announce(logged("one", "two"))
    hint = heard.take()
    assert isinstance(hint.frame, RunLog)
    assert [(line.n, line.message) for line in hint.frame.lines] == [(1, "one"), (2, "two")]


@pytest.mark.parametrize("lines", [["x"] * 65, ["x" * 16_385], ["€" * 1000] * 6])
def test_what_is_too_much_goes_out_as_a_hint_with_the_last_number(lines: list[str], heard: Heard) -> None:
    announce(logged(*lines))
    hint = heard.take()
    assert isinstance(hint.frame, RunLog)
    assert (hint.frame.lines, hint.last_line) == ([], len(lines))


def test_the_limits_themselves_fit(heard: Heard) -> None:
    announce(logged(*["x" * 256] * 64))
    frame = heard.take().frame
    assert isinstance(frame, RunLog)
    assert len(frame.lines) == 64
