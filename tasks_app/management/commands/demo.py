"""`manage.py demo`: fills the platform with example tasks and an invented history."""

import sys
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandParser
from django.db import transaction

from tasks_app.management.demo import history, plans
from tasks_app.management.one_line import OneLineCommand
from tasks_app.models import ScheduledTask, TaskRun, db_now
from tasks_app.services.many_tasks import tasks_create
from tasks_app.services.rollups import rollup_add, rollup_count

WEEK = timedelta(days=7)
FEW = 24
_TOLD = 200
_OF_A_WEEK = 7 * 24 * 4
"""Runs of the example that runs most often."""
_TASKS, _RUNS = 500, 40_000
"""So many at most in one transaction; of a single task there may be more runs."""
_MOST_TASKS, _MOST_RUNS = 200_000, 20_000_000


class Command(OneLineCommand):
    """Make the examples; what is there already stays."""

    help = "Fill the platform with example tasks and a week of history; --tasks and --runs say how much."

    def add_arguments(self, parser: CommandParser) -> None:
        """How much to make."""
        parser.add_argument("--tasks", type=int, default=FEW, help=f"how many tasks ({FEW})")
        parser.add_argument("--runs", type=int, default=None, help="how many runs in all (those of a week)")
        parser.add_argument("--owner", default="", help="whose they are (the first administrator)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make them, and say what was made."""
        tasks, runs = options["tasks"], options["runs"]
        if not 1 <= tasks <= _MOST_TASKS:
            self._refuse(f"--tasks is 1 to {_MOST_TASKS:,}")
        if runs is not None and not 0 <= runs <= _MOST_RUNS:
            self._refuse(f"--runs is 0 to {_MOST_RUNS:,}")
        owner = self._owner(options["owner"])
        made = self._tasks(owner, tasks)
        if not made:
            self.stdout.write("The examples are there already; delete those with the tag demo to make them anew.")
            return
        while rollup_count("command:demo"):  # what is counted as it is written need not be read again
            pass
        count = self._history(made, runs)
        while rollup_count("command:demo"):
            pass
        self.stdout.write(f"Made {len(made):,} tasks and {count:,} runs for {owner.get_username()}.")

    def _refuse(self, message: str) -> None:
        self.stderr.write(message)
        sys.exit(2)

    def _owner(self, name: str) -> User:
        people = User.objects.filter(is_active=True)
        found = people.filter(username=name) if name else people.filter(is_superuser=True).order_by("id")
        owner = found.first()
        if owner is None:
            self._refuse(
                f"there is no active user {name!r}" if name else "there is no administrator; run bootstrap first"
            )
        assert owner is not None
        return owner

    def _tasks(self, owner: User, count: int) -> list[tuple[ScheduledTask, plans.Plan]]:
        known = set(ScheduledTask.objects.filter(owner=owner, key__startswith=plans.KEY).values_list("key", flat=True))
        wanted = [(plan, spec) for plan, spec in plans.specs(count) if spec.key not in known]
        made: list[tuple[ScheduledTask, plans.Plan]] = []
        for start in range(0, len(wanted), _TASKS):
            piece = wanted[start : start + _TASKS]
            tasks = tasks_create(owner=owner, specs=[spec for _, spec in piece], actor="command:demo")
            made += zip(tasks, (plan for plan, _ in piece), strict=True)
        return made

    def _history(self, made: list[tuple[ScheduledTask, plans.Plan]], runs: int | None) -> int:
        now = db_now()
        each, rest = divmod(runs, len(made)) if runs is not None else (_MOST_RUNS, 0)
        since = now - WEEK if runs is None else None
        step = max(1, min(_TASKS, _RUNS // (min(each, _OF_A_WEEK) + 1)))
        count = 0
        for start in range(0, len(made), step):
            with transaction.atomic():
                pasts = [
                    history.Past(task, plan, history.slots_before(task, now, count=each + (n < rest), since=since))
                    for n, (task, plan) in enumerate(made[start : start + step], start)
                ]
                count += history.write(pasts, now, seed=pasts[0].task.pk.int)
                rollup_add(TaskRun.objects.filter(task__in=[past.task for past in pasts]))
        told = TaskRun.objects.filter(task__in=[task for task, _ in made[:_TOLD]]).order_by("-id")
        history.tell(told[: history.TOLD])
        return count
