"""The kit for handlers' tests must find what it is there to find."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from tasks_app.errors import EffectUnknown, RunStopped
from tasks_app.handlers import RunContext, registry, testing
from tasks_app.handlers.registry import Registry
from tasks_app.handlers.testing import RecordingContext


class Count(BaseModel):
    to: int = 3


done: list[str] = []


def good(ctx: RunContext, payload: Count) -> dict[str, int]:
    for number in range(payload.to):
        ctx.check_stop()
        with ctx.effect(f"count:{number}", idempotent=True) as effect:
            if not effect.done:
                done.append(effect.id)
        ctx.progress(number + 1, payload.to)
    return {"counted": payload.to}


def careless(ctx: RunContext, payload: Count) -> dict[str, int]:
    for number in range(payload.to):
        done.append(f"{ctx.root_run_id}:{number}")
    ctx.progress(payload.to + 1, payload.to)
    return {"counted": payload.to}


def swallows(ctx: RunContext, payload: Count) -> None:
    try:
        good(ctx, payload)
    except RunStopped:
        good(ctx, Count(to=0))
        ctx.should_stop()


def not_json(ctx: RunContext, payload: Count) -> Any:
    return {"value": object()}


@pytest.fixture(autouse=True)
def _types(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the platform a registry with these types and no others."""
    types = Registry()
    for function in (good, careless, swallows, not_json):
        types.handler(function.__name__, payload=Count)(function)
    monkeypatch.setattr(registry, "get", types.get)
    monkeypatch.setattr(registry, "validate", types.validate)
    yield
    done.clear()


def observe(ctx: RecordingContext) -> list[str]:
    return [entry.rpartition(":")[2] for entry in done if entry.startswith(ctx.root_run_id)]


def test_a_good_handler_passes_everything() -> None:
    testing.check_payload_round_trip("good", {"to": 4})
    testing.check_refusal("good", {"to": "4"})
    testing.check_runs("good", {}, RecordingContext())
    testing.check_stops("good", {}, RecordingContext())
    testing.check_runs_twice("good", {}, RecordingContext(), observe)
    testing.check_survives_interruption("good", {}, RecordingContext, observe)


def test_a_careless_handler_is_found_out() -> None:
    with pytest.raises(AssertionError, match="beyond its total"):
        testing.check_runs("careless", {}, RecordingContext())
    with pytest.raises(AssertionError, match="although it was asked to stop"):
        testing.check_stops("careless", {}, RecordingContext())
    with pytest.raises(AssertionError, match="second run"):
        testing.check_runs_twice("careless", {}, RecordingContext(), observe)


def test_a_handler_that_swallows_the_stop_is_found_out() -> None:
    with pytest.raises(AssertionError, match="although it was asked to stop"):
        testing.check_stops("swallows", {}, RecordingContext())


def test_a_payload_that_is_taken_is_no_refusal() -> None:
    with pytest.raises(AssertionError, match="was accepted"):
        testing.check_refusal("good", {"to": 1})


def test_a_result_that_is_not_json_is_found_out() -> None:
    with pytest.raises(TypeError):
        testing.check_runs("not_json", {}, RecordingContext())


def test_an_effect_happens_once() -> None:
    ctx = RecordingContext()
    with ctx.effect("mail") as effect:
        assert not effect.done
        effect.confirm({"id": 1})
    with ctx.again().effect("mail") as effect:
        assert effect.done
        assert effect.result == {"id": 1}


def test_an_effect_that_broke_off_is_unknown_unless_it_may_be_repeated() -> None:
    ctx = RecordingContext()
    for key in ("once", "again"):
        with pytest.raises(OSError, match="broken"), ctx.effect(key):
            raise OSError("broken")
    with pytest.raises(EffectUnknown), ctx.again().effect("once"):
        pytest.fail("the block must not run")
    with ctx.again().effect("again", idempotent=True) as effect:
        assert not effect.done


def test_an_effect_that_was_taken_back_may_happen() -> None:
    ctx = RecordingContext()
    with ctx.effect("mail") as effect:
        effect.not_done()
    with ctx.again().effect("mail") as effect:
        assert not effect.done
