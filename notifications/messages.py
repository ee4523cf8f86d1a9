"""The frames of the WebSocket, and the hint that carries one from any process to every web process.

All are closed: an unknown field is a fault. A frame states the whole live state of its run, so that a later one
replaces an earlier one.
"""

from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Frame(BaseModel):
    """What every frame shares: it can't be changed, and knows exactly its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def encode(self) -> str:
        """Write the frame as it goes over the socket; written once, however many it goes to."""
        return self._text

    @cached_property
    def _text(self) -> str:
        return self.model_dump_json()


class TaskUpdated(Frame):
    """Where a run stands. `version` grows with each transition, `seq` with each progress report inside a version."""

    type: Literal["TaskUpdated"] = "TaskUpdated"
    task_id: str | None
    run_id: str
    status: str
    reason: str
    version: int
    seq: int
    progress: dict[str, Any] | None
    message: str
    at: datetime


class LogLine(Frame):
    """One line of a run's log; `n` counts from 1."""

    n: int
    at: datetime
    level: str
    message: str


class RunLog(Frame):
    """New log lines of a run. No lines means: there are more than fit here, ask the API for them."""

    type: Literal["RunLog"] = "RunLog"
    run_id: str
    lines: list[LogLine] = Field(default_factory=list)


class Subscribed(Frame):
    """The snapshot of this topic is complete. Sent again when frames may have been lost: read lists anew then."""

    type: Literal["subscribed"] = "subscribed"
    topic: str


class Unsubscribed(Frame):
    """No more frames for this topic."""

    type: Literal["unsubscribed"] = "unsubscribed"
    topic: str


class Pong(Frame):
    """The answer to a ping."""

    type: Literal["pong"] = "pong"
    n: int


class ErrorFrame(Frame):
    """Something the client asked for was refused; `topic` says which subscription, where it was one."""

    type: Literal["error"] = "error"
    code: str
    topic: str | None = None

    def encode(self) -> str:
        """Write the frame, without a topic when there is none."""
        return self.model_dump_json(exclude_none=True)


class Hint(BaseModel):
    """One frame on its way to the web processes, with the owner whose sockets may see it.

    `last_line` is the number of the last log line that it speaks of, where its lines did not fit into the frame.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    owner_id: int | None
    last_line: int = 0
    frame: Annotated[TaskUpdated | RunLog, Field(discriminator="type")]

    def encode(self) -> str:
        """Write the hint as it goes over the channel."""
        return self.model_dump_json()

    @classmethod
    def decode(cls, text: str | bytes) -> "Hint":
        """Read a hint; pydantic's ValidationError (a ValueError) says that it is none."""
        return cls.model_validate_json(text)


class Command(BaseModel):
    """What a client may say: exactly one of these."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    subscribe: str | None = None
    unsubscribe: str | None = None
    ping: int | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Command":
        if sum(word is not None for word in (self.subscribe, self.unsubscribe, self.ping)) != 1:
            raise ValueError("exactly one of subscribe, unsubscribe and ping")
        return self
