"""`manage.py bootstrap`: what a new platform starts with. Doing it again changes nothing that people have changed."""

import dataclasses
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from tasks_app.management.one_line import OneLineCommand
from tasks_app.models import Queue, ScheduledTask
from tasks_app.services.first_sign_in import USER_NAME, first_admin_create
from tasks_app.services.roles import roles_ensure
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create

QUEUES = {
    "critical": {"rank": 0, "description": "Served first."},
    "default": {"rank": 10, "description": "Where work goes that names no queue."},
    "low-priority": {
        "rank": 20,
        "is_background": True,
        "description": "Work that may wait; never takes the last child.",
    },
}
EXAMPLES = (
    TaskSpec(
        name="Runs of the last day, every morning",
        key="example-daily-report",
        type="export_report",
        description="An example. Resume it to get a CSV of yesterday's runs every day.",
        payload={"source": "runs", "filters": {"last_hours": 24}},
        schedule={"kind": "daily", "time": "07:00"},
        tags=("example",),
        enabled=False,
    ),
    TaskSpec(
        name="Failed runs, every Monday",
        key="example-weekly-failures",
        type="export_report",
        description="An example. Add your address under E-mail, then resume it.",
        payload={"source": "runs", "filters": {"status": "failed", "last_hours": 168}},
        schedule={"kind": "weekly", "days": ["mon"], "time": "08:00"},
        tags=("example",),
        enabled=False,
    ),
    TaskSpec(
        name="Is the site up?",
        key="example-http-check",
        type="http_request",
        description="An example. Put your own address in, then resume it.",
        payload={"url": "https://example.org/"},
        cron="*/15 * * * *",
        tags=("example",),
        enabled=False,
    ),
)
CLEANUP = TaskSpec(
    name="Clean up",
    key="cleanup",
    type="cleanup",
    description="Keeps the platform small however long it is left alone. Change its rules to what suits you.",
    payload={
        "rules": [
            {"what": "runs", "status": ["cancelled", "skipped"], "older_than_days": 14, "everybody": True},
            {"what": "runs", "keep_last": 10_000, "everybody": True},
            {"what": "logs", "older_than_days": 14, "everybody": True},
            {"what": "files", "expired": True, "everybody": True},
            {"what": "files", "purpose": "upload", "expired": True, "everybody": True},
            {"what": "records", "gone_for_days": 90, "changes_older_than_days": 90, "everybody": True},
            {"what": "tokens", "older_than_days": 30},
            {"what": "platform"},
        ]
    },
    schedule={"kind": "daily", "time": "03:30"},
)


class Command(OneLineCommand):
    """Make groups, queues, the first administrator, three paused examples and the nightly clean-up, where missing."""

    help = "Make what a new platform starts with: groups, queues, the first sign-in, tasks. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say only what was made."""
        roles_ensure()
        for name, fields in QUEUES.items():
            Queue.objects.get_or_create(name=name, defaults=fields)
        password = first_admin_create()
        _create_cleanup()
        if password is None:
            return
        for spec in EXAMPLES:
            _create_example(spec)
        if options["verbosity"]:
            self.stdout.write(f"first sign-in: user {USER_NAME}, one-time password {password}")


def _create_example(spec: TaskSpec) -> None:
    """Make an example once; one that somebody deleted does not come back, because it is made with its owner only."""
    owner = User.objects.get(username=USER_NAME)
    if not ScheduledTask.objects.filter(owner=owner, key=spec.key).exists():
        task_create(owner=owner, spec=spec, actor="code")


def _create_cleanup() -> None:
    """Make the nightly clean-up for the first administrator, once: a deleted task leaves a tombstone, which counts."""
    owner = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if owner is None or ScheduledTask.objects.filter(type=CLEANUP.type).exists():
        return
    task_create(owner=owner, spec=dataclasses.replace(CLEANUP, timezone=settings.TIME_ZONE), actor="code")
