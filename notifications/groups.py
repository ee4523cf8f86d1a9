"""What can be subscribed to, and the names of the groups behind it."""

import uuid
from dataclasses import dataclass
from typing import Literal

ALL = "all"
"""Every run, for staff."""

SOCKETS = "sockets"
"""Every open socket, whatever it has subscribed to."""


@dataclass(frozen=True)
class Topic:
    """What a client subscribes to: its tasks, one task or one run."""

    kind: Literal["tasks", "task", "run"]
    id: uuid.UUID | None = None

    def __str__(self) -> str:
        return self.kind if self.id is None else f"{self.kind}:{self.id}"


def parse_topic(text: object) -> Topic | None:
    """Read `tasks`, `task:<id>` or `run:<id>`; None for anything else."""
    if text == "tasks":
        return Topic("tasks")
    kind, _, rest = text.partition(":") if isinstance(text, str) else ("", "", "")
    try:
        id = uuid.UUID(rest)
    except ValueError:
        return None
    match kind:
        case "run":
            return Topic("run", id)
        case "task":
            return Topic("task", id)
        case _:
            return None


def run_group(run_id: str | uuid.UUID) -> str:
    """Name the group of one run's followers."""
    return f"run.{run_id}"


def task_group(task_id: str | uuid.UUID) -> str:
    """Name the group of one task's followers."""
    return f"task.{task_id}"


def owner_group(owner_id: int) -> str:
    """Name the group of those who follow all that this user owns."""
    return f"owner.{owner_id}"


def groups_of_run(*, run_id: str, task_id: str | None, owner_id: int | None) -> list[str]:
    """Name every group that hears of a run's transitions and progress."""
    groups = [ALL, run_group(run_id)]
    if task_id is not None:
        groups.append(task_group(task_id))
    if owner_id is not None:
        groups.append(owner_group(owner_id))
    return groups
