"""The catalogue: every example is a task but for its blanks, and runs when its table says."""

from copy import deepcopy
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User

from tasks_app.catalogue import BY_KEY, EXAMPLES, GROUPS, Example
from tasks_app.errors import Invalid
from tasks_app.handlers import registry
from tasks_app.models import Queue
from tasks_app.recurrence import build
from tasks_app.selectors.catalogue import example_offers, type_offers
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create

BERLIN = "Europe/Berlin"
EVERY_6_H = ["2027-01-29 12:00", "2027-01-29 18:00", "2027-01-30 00:00"]
# Job, its schedule in words as people listed it, and its next runs after Friday, 29 January 2027, 11:10.
TABLE: list[tuple[str, str, list[str]]] = [
    ("sync-auth0-users", "Every 6 hours", EVERY_6_H),
    ("cleanup-expired-tokens", "Daily at 3 AM", ["2027-01-30 03:00", "2027-01-31 03:00"]),
    ("generate-system-health-report", "Daily at 8 AM", ["2027-01-30 08:00", "2027-01-31 08:00"]),
    ("generate-monthly-invoices", "1st of month, 6 AM", ["2027-02-01 06:00", "2027-03-01 06:00"]),
    ("send-payment-reminders", "Daily at 10 AM", ["2027-01-30 10:00", "2027-01-31 10:00"]),
    ("check-overdue-invoices", "Hourly", ["2027-01-29 12:00", "2027-01-29 13:00", "2027-01-29 14:00"]),
    ("calculate-late-fees", "Daily at midnight", ["2027-01-30 00:00", "2027-01-31 00:00"]),
    ("send-po-approvals", "Every 2 hours", ["2027-01-29 12:00", "2027-01-29 14:00", "2027-01-29 16:00"]),
    ("check-grn-matching", "Daily at 9 AM", ["2027-01-30 09:00", "2027-01-31 09:00"]),
    ("vendor-payment-reminders", "Weekly on Monday", ["2027-02-01 09:00", "2027-02-08 09:00"]),
    ("process-monthly-salaries", "Last day of month, 11 PM", ["2027-01-31 23:00", "2027-02-28 23:00"]),
    ("generate-payslips", "1st of month, 12 AM", ["2027-02-01 00:00", "2027-03-01 00:00"]),
    ("statutory-compliance-report", "Monthly, 2nd at 6 AM", ["2027-02-02 06:00", "2027-03-02 06:00"]),
    ("attendance-summary", "Daily at 6 PM", ["2027-01-29 18:00", "2027-01-30 18:00"]),
    ("send-event-reminders", "Daily at 8 AM", ["2027-01-30 08:00", "2027-01-31 08:00"]),
    ("expire-visitor-passes", "Every 30 minutes", ["2027-01-29 11:30", "2027-01-29 12:00", "2027-01-29 12:30"]),
    ("maintenance-request-escalation", "Every 4 hours", ["2027-01-29 12:00", "2027-01-29 16:00", "2027-01-29 20:00"]),
    ("check-low-stock-alerts", "Daily at 9 AM", ["2027-01-30 09:00", "2027-01-31 09:00"]),
    ("generate-stock-report", "Weekly on Friday, 5 PM", ["2027-01-29 17:00", "2027-02-05 17:00"]),
    ("expire-items-check", "Daily at midnight", ["2027-01-30 00:00", "2027-01-31 00:00"]),
    ("database-backup", "Every 6 hours", EVERY_6_H),
]
INSTALLED = [example for example in EXAMPLES if example.type in {spec.name for spec in registry.all()}]


def filled(example: Example) -> dict[str, Any]:
    """The payload with a sample in each blank that has one."""
    payload = deepcopy(dict(example.payload))
    return payload | {blank.path: blank.sample for blank in example.blanks if blank.sample is not None}


def make(owner: User, example: Example, payload: dict[str, Any]) -> Any:
    spec = TaskSpec(
        name=example.name,
        type=example.type,
        payload=payload,
        schedule=example.schedule,
        timezone=BERLIN,
        queue=example.queue,
        description=example.description,
    )
    return task_create(owner=owner, spec=spec, actor="tests")


@pytest.fixture(autouse=True)
def queues(db: None) -> None:
    """The queues that every platform begins with."""
    for rank, name in enumerate(("critical", "default", "low-priority")):
        Queue.objects.get_or_create(name=name, defaults={"rank": rank})


def test_every_common_job_is_in_it_once() -> None:
    assert {key for key, _, _ in TABLE} == set(BY_KEY) - {"failed-runs-of-the-day"}
    assert len(EXAMPLES) == len(BY_KEY) == 22
    assert {example.group for example in EXAMPLES} == set(GROUPS)


@pytest.mark.parametrize(("key", "words", "runs"), TABLE, ids=[key for key, _, _ in TABLE])
def test_a_job_runs_when_the_table_says(key: str, words: str, runs: list[str]) -> None:
    recurrence, zone = build(BY_KEY[key].schedule, BERLIN), ZoneInfo(BERLIN)
    at = datetime(2027, 1, 29, 11, 10, tzinfo=zone)
    found = []
    for _ in runs:
        following = recurrence.next_after(at)
        assert following is not None, words
        at = following
        found.append(at.astimezone(zone).strftime("%Y-%m-%d %H:%M"))
    assert found == runs, words


@pytest.mark.parametrize("example", INSTALLED, ids=lambda example: example.key)
def test_an_example_is_a_task_once_its_blanks_are_filled(staff: User, example: Example) -> None:
    task = make(staff, example, filled(example))
    assert task.next_due_at is not None
    assert task.queue == example.queue


@pytest.mark.parametrize("example", INSTALLED, ids=lambda example: example.key)
def test_only_its_blanks_keep_an_example_from_being_one(staff: User, example: Example) -> None:
    required = {f"payload.{blank.path}" for blank in example.blanks if blank.is_required}
    if not required:
        make(staff, example, dict(example.payload))
        return
    with pytest.raises(Invalid) as refused:
        make(staff, example, dict(example.payload))
    assert set(refused.value.fields) == required


def test_every_example_is_offered_in_words(staff: User) -> None:
    offers = {offer.example.key: offer for offer in example_offers(staff, BERLIN)}
    assert set(offers) == {example.key for example in INSTALLED}
    assert offers["process-monthly-salaries"].schedule_text == "On the last day of every month at 23:00, Berlin time"
    assert offers["calculate-late-fees"].why_not == ""


def test_what_concerns_the_platform_is_for_administrators(alice: User) -> None:
    offers = {offer.example.key: offer.why_not for offer in example_offers(alice, BERLIN)}
    assert "for administrators" in offers["cleanup-expired-tokens"]
    assert offers["generate-monthly-invoices"] == ""


def test_types_that_one_may_not_use_come_last_with_their_reason(alice: User, staff: User) -> None:
    offers = type_offers(alice)
    reasons = [bool(offer.why_not) for offer in offers]
    assert reasons == sorted(reasons)
    assert "shell_command" in {offer.spec.name for offer in offers if offer.why_not}
    assert not any(offer.spec.internal for offer in offers)
    allowed = {offer.spec.name for offer in type_offers(staff) if not offer.why_not}
    assert "http_request" in allowed
