"""The run as its handler sees it: the engine's side of the `RunContext` protocol."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from tasks_app.errors import RunStopped
from tasks_app.services.execution import effect_batches, effects
from tasks_app.services.execution.attempt import Attempt


class Context:
    """Implements `tasks_app.handlers.RunContext` for one attempt."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        run = attempt.run
        self.run_id = str(run.id)
        self.root_run_id = str(run.root_run_id) if run.root_run_id else self.run_id
        self.task_id = str(run.task_id) if run.task_id else None
        self.owner_id: int | None = run.owner_id
        self.attempt = run.attempt
        self.scheduled_for: datetime | None = run.scheduled_for

    def log(self, message: str, level: str = "info") -> None:
        """Add a line to the run's log."""
        self._attempt.notes.add_line(message, level)

    def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        """Say how far the run is."""
        self._attempt.notes.set_progress(done, total, message)

    def should_stop(self) -> bool:
        """Say whether the run was asked to stop."""
        return self._attempt.is_stop_wanted

    def check_stop(self) -> None:
        """Leave the handler when the run was asked to stop."""
        if self._attempt.is_stop_wanted:
            raise RunStopped("asked to stop")

    def effect(self, key: str, *, idempotent: bool = False) -> AbstractContextManager[effects.Handle]:
        """Guard a side effect: once per root run."""
        attempt = self._attempt
        attempt.has_effects = True
        return effects.effect(attempt.run, attempt.held, key, is_idempotent=idempotent, attempt=attempt)

    def effect_batch(self, keys: Sequence[str], *, reserve: Callable[[int], int] | None = None) -> list[effects.Handle]:
        """Begin many idempotent effects in one write."""
        self._attempt.has_effects = True
        return effect_batches.begin_batch(self._attempt.run, self._attempt.held, keys, reserve)
