"""What one person may take: tasks, tasks made and runs started in a minute, runs and unknown names in an hour.

Asked by the services that make tasks and runs, so that API, pages and admin share the counts. Code that calls the same
services is not held to a pace: only an actor that is a person, or a person's key, is. What a transaction has taken is
given back when it is rolled back.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from tasks_app.errors import Conflict
from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.services.limiter import TIMEOUT_SECONDS, Limit
from tasks_app.services.rollbacks import on_rollback
from tasks_app.states import Reason, Status

MINUTE, HOUR = 60, 3600
_PEOPLE = ("user:", "key:")


def person_of(actor: str) -> str | None:
    """Give the name of the person who acts, by hand or by a key; None for code and for the platform itself."""
    is_person = actor.startswith(_PEOPLE)
    return actor.partition(":")[2].partition("/")[0] if is_person else None


def take_task(*, owner_id: int, actor: str) -> None:
    """Count one more task. Raises TooMany for too many in a minute, Conflict when the owner has all that one may have.

    Called inside the transaction that makes it: two at once wait for each other.
    """
    person, limits = person_of(actor), settings.LIMITS
    if person is None:
        return
    if limits.creates_per_minute:
        message = f"You make tasks too fast: at most {limits.creates_per_minute:,} in a minute."
        Limit("create", limits.creates_per_minute, MINUTE).take_with_transaction(person, message)
    check_room(owner_id=owner_id, actor=actor)


def check_room(*, owner_id: int, actor: str) -> None:
    """Raise Conflict when the owner has all the tasks that one may have."""
    most = settings.LIMITS.tasks_per_user
    if person_of(actor) is not None and most and _task_count(owner_id, most) >= most:
        raise Conflict(f"At most {most:,} tasks for one person; delete some that are no longer needed.", code="limit")


def take_start(*, owner_id: int | None, actor: str, runs: int = 1, is_one_of_many: bool = False) -> None:
    """Count a start, and the runs that come of it. Raises TooMany with the time after which there is room.

    `is_one_of_many`: the start has been counted already, with others that came of it.
    """
    person, limits = person_of(actor), settings.LIMITS
    if person is None:
        return
    if limits.run_now_per_minute and not is_one_of_many:
        message = f"You start runs too fast: at most {limits.run_now_per_minute:,} in a minute."
        Limit("start", limits.run_now_per_minute, MINUTE).take_with_transaction(person, message)
    if limits.runs_per_hour and owner_id is not None:
        message = f"One person's tasks may have at most {limits.runs_per_hour:,} runs in an hour, and have had them."
        _hourly().take_with_transaction(owner_id, message, cost=runs)


@contextmanager
def naming(actor: str) -> Iterator[None]:
    """Count a name that somebody gives before it is looked for; one that is found is not counted. Raises TooMany.

    Beyond the limit a right name gets the same answer, so that nobody finds out who there is.
    """
    person, most = person_of(actor), settings.LIMITS.unknown_names_per_hour
    if person is None or not most:
        yield
        return
    limit = Limit("names", most, HOUR)
    limit.take(person, f"Too many names that nobody has: at most {most:,} in an hour.")
    yield
    limit.give_back(person)


class Allowance:
    """What the owners of due tasks may still run in this hour, asked at once for all of a batch.

    It is taken inside the transaction that fires them, and given back when that is rolled back.
    """

    def __init__(self, tasks: Iterable[ScheduledTask]) -> None:
        self._limit = _hourly() if settings.LIMITS.runs_per_hour else None
        self._taken, self._left = Counter[int](), Counter[int]()
        self._have_no_more = set[int]()
        self._spent_seconds = 0.0
        due = Counter(task.owner_id for task in tasks)
        if self._limit is not None and due:
            on_rollback(lambda: self._give_back(self._taken))
            self._ask(self._limit, due)

    def hold(self, task: ScheduledTask, runs: list[TaskRun]) -> None:
        """Skip those of the task's runs, not saved yet, for which there is no room."""
        if self._limit is None:
            return
        waiting = [run for run in runs if run.status == Status.QUEUED]
        room = self._take(self._limit, task.owner_id, len(waiting))
        for run in waiting[room:]:
            run.status, run.reason = Status.SKIPPED, Reason.LIMIT
            run.queued_at, run.finished_at = None, run.queued_at

    def close(self) -> None:
        """Give back what nobody has used, once the transaction has committed and holds up no other."""
        if +self._left:
            transaction.on_commit(lambda: self._give_back(self._left), robust=True)

    def _take(self, limit: Limit, owner_id: int, count: int) -> int:
        missing = count - self._left[owner_id]
        if missing > 0 and owner_id not in self._have_no_more:
            self._ask(limit, {owner_id: missing})
        taken = min(count, self._left[owner_id])
        self._left[owner_id] -= taken
        return taken

    def _ask(self, limit: Limit, wanted: Mapping[int, int]) -> None:
        """Ask Redis; when it has taken all the time that a batch has for it, as much is granted as if it were away."""
        if self._spent_seconds >= TIMEOUT_SECONDS:
            self._left.update(wanted)
            return
        begun = time.monotonic()
        granted = limit.up_to(wanted)
        self._spent_seconds += time.monotonic() - begun
        self._taken.update(granted)
        self._left.update(granted)
        self._have_no_more |= {owner_id for owner_id, count in granted.items() if count < wanted[owner_id]}

    def _give_back(self, counts: Mapping[int, int]) -> None:
        back = {owner_id: -count for owner_id, count in counts.items() if count > 0}
        if self._limit is not None and back:
            self._limit.up_to(back)


def _hourly() -> Limit:
    return Limit("runs", settings.LIMITS.runs_per_hour, HOUR)


def _task_count(owner_id: int, most: int) -> int:
    """Count the owner's tasks up to `most`; whoever else is counting for the same owner waits."""
    User.objects.select_for_update(no_key=True).filter(pk=owner_id).values_list("pk").first()
    return ScheduledTask.objects.filter(owner_id=owner_id, deleted_at=None).order_by()[:most].count()
