"""`manage.py doctor`: looks at all that has to fit together; one line per fault, and exit code 1 then."""

import sys
from collections.abc import Iterator
from typing import Any

from celery import current_app
from celery.utils.imports import symbol_by_name
from django.core import checks
from django.core.management.base import CommandParser

from tasks_app.management.one_line import OneLineCommand
from tasks_app.selectors import audit_chain, health, liveness
from tasks_app.selectors.broker import broker, broker_policy
from tasks_app.selectors.health import Finding
from tasks_app.services.files import storage_fault
from tasks_app.services.sealed_check import stored_secrets

SCHEDULER = "tasks_app.scheduler.DueScheduler"


class Command(OneLineCommand):
    """Find what keeps the platform from working."""

    help = "Check configuration, database, broker, beat and workers. One line per fault; exit code 1 when there is one."

    def add_arguments(self, parser: CommandParser) -> None:
        """How much to look at."""
        parser.add_argument(
            "--configuration", action="store_true", help="only what can be said without running processes"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Say each fault, or that there is none."""
        findings = list(_findings(is_running=not options["configuration"]))
        faults = [found for found in findings if not found.ok]
        for fault in faults:
            self.stdout.write(f"{fault.name}: {' '.join(fault.detail.split())}")
        if faults:
            sys.exit(1)
        self.stdout.write(f"nothing is wrong: {', '.join(found.name for found in findings)}")


def _findings(*, is_running: bool) -> Iterator[Finding]:
    yield from _configuration()
    yield _scheduler()
    database = health.database()
    tables = health.migrations() if database.ok else database
    yield from {database.name: database, tables.name: tables}.values()
    fault = storage_fault()
    yield Finding("storage", not fault, fault or "files can be written and read")
    reachable = broker()
    yield broker_policy() if reachable.ok else reachable
    if tables.ok:
        yield stored_secrets()
    if is_running and tables.ok:
        yield from (health.beat(), health.workers(), liveness.claims(), health.schedule(), liveness.upkeep())
        yield audit_chain.audit_log()


def _configuration() -> Iterator[Finding]:
    """Django's system checks, ours among them, at the level of warnings."""
    messages = [message for message in checks.run_checks() if message.is_serious(checks.WARNING)]
    yield from (Finding("configuration", False, f"{message.msg} ({message.id})") for message in messages)
    if not messages:
        yield Finding("configuration", True, "all checks pass")


def _scheduler() -> Finding:
    """A stock beat does no harm, but it fires late and not everything."""
    name = str(current_app.conf.beat_scheduler)
    try:
        bases = [f"{base.__module__}.{base.__qualname__}" for base in symbol_by_name(name).__mro__]
    except (ImportError, AttributeError) as fault:
        return Finding("beat scheduler", False, f"{name} can't be loaded: {fault}")
    is_ours = SCHEDULER in bases
    return Finding(
        "beat scheduler", is_ours, name if is_ours else f"{name} is not {SCHEDULER}; set CELERY_BEAT_SCHEDULER"
    )
