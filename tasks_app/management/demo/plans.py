"""What the example tasks are: work that a small company might have, all of which runs without a network."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks_app.services.specs import TaskSpec

KEY = "demo-"
TAG = "demo"


@dataclass(frozen=True)
class Plan:
    """A task, and how its runs use to go: seconds at the median, and how many in a thousand fail, by what."""

    name: str
    type: str
    payload: Mapping[str, Any]
    schedule: Mapping[str, Any]
    tags: tuple[str, ...] = ()
    seconds: float = 1.0
    failing: int = 0
    error: tuple[str, str] = ("TimeoutError", "the database did not answer within 30 s")
    more: Mapping[str, Any] = field(default_factory=dict)


def _report(source: str, hours: int, **filters: str) -> dict[str, Any]:
    return {"source": source, "filters": {"last_hours": hours, **filters}}


def _mail(subject: str, text: str) -> dict[str, Any]:
    return {"subject": subject, "text": text, "recipients": ["team@example.org"]}


_DAILY = {"kind": "daily"}
_SMTP = ("SMTPServerDisconnected", "Connection unexpectedly closed by mail.example.org")
_DISK = ("OSError", "[Errno 28] No space left on device: '/srv/reports'")

PLANS = (
    Plan(
        "Export yesterday's runs", "export_report", _report("runs", 24), {**_DAILY, "time": "06:30"}, ("reports",), 4.2
    ),
    Plan(
        "Failed runs for the morning round",
        "export_report",
        _report("runs", 24, status="failed"),
        {"kind": "weekly", "days": ["mon", "tue", "wed", "thu", "fri"], "time": "08:15"},
        ("reports", "operations"),
        1.4,
    ),
    Plan(
        "Good morning, team",
        "send_email",
        _mail("The day begins", "Good morning,\n\nhere is what is planned.\n"),
        {"kind": "weekly", "days": ["mon", "tue", "wed", "thu", "fri"], "time": "07:45"},
        ("mail",),
        0.6,
        12,
        _SMTP,
    ),
    Plan(
        "Reminder of open invoices",
        "send_email",
        _mail("Open invoices", "Some invoices are still open.\n"),
        {"kind": "weekly", "days": ["tue", "thu"], "time": "10:00"},
        ("finance", "mail"),
        2.8,
        35,
        _SMTP,
    ),
    Plan(
        "Figures of the hour",
        "export_report",
        _report("runs", 1),
        {"kind": "hourly", "minute": 5},
        ("operations",),
        0.9,
        8,
        _DISK,
    ),
    Plan(
        "Stock levels for the shop",
        "export_report",
        _report("runs", 1),
        {"kind": "every", "minutes": 15},
        ("shop",),
        0.4,
        4,
    ),
    Plan(
        "Month-end closing report",
        "export_report",
        _report("runs", 720),
        {"kind": "monthly", "day": "last", "time": "18:00"},
        ("finance", "reports"),
        38.0,
        20,
        _DISK,
    ),
    Plan(
        "Weekly summary for the board",
        "send_email",
        _mail("The week", "What went well, and what did not.\n"),
        {"kind": "text", "text": "every Friday at 16:30"},
        ("mail", "board"),
        0.8,
    ),
    Plan(
        "Payroll file of the month",
        "export_report",
        _report("runs", 720),
        {"kind": "text", "text": "first working day of each month at 6"},
        ("finance",),
        12.0,
        0,
        _DISK,
        {"priority": 8, "queue": "critical"},
    ),
    Plan(
        "Old runs of mine",
        "cleanup",
        {"rules": [{"what": "runs", "older_than_days": 90}]},
        {**_DAILY, "time": "03:10"},
        ("housekeeping",),
        2.1,
        more={"queue": "low-priority"},
    ),
    Plan(
        "Delivery notes to the carrier",
        "send_email",
        _mail("Delivery notes", "Today's parcels are listed in the annex.\n"),
        {"kind": "cron", "expression": "30 11,15 * * 1-6"},
        ("shop", "mail"),
        1.9,
        60,
        _SMTP,
    ),
    Plan(
        "Customers who have not come back",
        "export_report",
        _report("runs", 168),
        {"kind": "text", "text": "every other Monday at 9"},
        ("sales", "reports"),
        22.0,
        15,
    ),
)

_BRANCHES = (
    "Hamburg",
    "Lyon",
    "Porto",
    "Turku",
    "Gdańsk",
    "Graz",
    "Cork",
    "Bilbao",
    "Aarhus",
    "Trieste",
    "Leeds",
    "Brno",
)


def specs(count: int) -> Iterator[tuple[Plan, TaskSpec]]:
    """Give so many tasks: each plan once, then the same for branches, their times spread over the day."""
    for number in range(count):
        plan, turn = PLANS[number % len(PLANS)], number // len(PLANS)
        branch = f", {_BRANCHES[turn % len(_BRANCHES)]}" if turn else ""
        series = f" {turn // len(_BRANCHES) + 1}" if turn >= len(_BRANCHES) else ""
        yield (
            plan,
            TaskSpec(
                name=f"{plan.name}{branch}{series}",
                key=f"{KEY}{number + 1}",
                type=plan.type,
                payload=plan.payload,
                schedule=plan.schedule if not turn else _elsewhere(number),
                tags=(*plan.tags, TAG),
                description="An example, made by manage.py demo.",
                **plan.more,
            ),
        )


def _elsewhere(number: int) -> dict[str, Any]:
    """Give a time of the day, so that thousands of examples do not all start at once."""
    minute = number * 7919 % 1440
    return {"kind": "daily", "time": f"{minute // 60:02d}:{minute % 60:02d}"}
