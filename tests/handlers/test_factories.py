"""Which default factories a form may begin with: never those that tell the time, an id or the surroundings."""

import os
import time
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, Field

from tasks_app.handlers.factories import is_constant


class Options(BaseModel):
    """Always the same."""

    names: list[str] = Field(default_factory=lambda: ["a"])


class Dated(BaseModel):
    """Not the same tomorrow."""

    day: date = Field(default_factory=date.today)


class Ordered(BaseModel):
    """Not made without a name."""

    name: str


def _of(word: str) -> Callable[[], str]:
    return lambda: word


@pytest.mark.parametrize(
    "factory", [list, dict, Options, lambda: ["jpg"], lambda: True, lambda: Options(names=["b"]), lambda: {"a": [1]}]
)
def test_what_makes_the_same_each_time(factory: Any) -> None:
    assert is_constant(factory)


@pytest.mark.parametrize(
    "factory",
    [
        uuid4,
        date.today,
        Dated,
        date,
        UUID,
        time.time,
        lambda: int(time.time()),
        lambda: date.today().isoformat(),
        lambda: datetime.now().strftime("%H:%M"),
        lambda: {"since": date.today()},
        lambda: [Dated()],
        lambda: os.environ["NOT_HERE"],
        lambda: int("none"),
        Ordered,
        _of("x"),
        lambda now=time.time: now(),
        lambda: [uuid4() for _ in (1, 2)],
    ],
)
def test_what_may_make_another_or_nothing(factory: Any) -> None:
    assert not is_constant(factory)
