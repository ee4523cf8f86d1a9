"""What an example is, and short ways to write the usual ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HOURLY = {"kind": "hourly", "minute": 0}


@dataclass(frozen=True)
class Blank:
    """A field that its user fills in: where it is in the payload, what belongs there, and something of its kind."""

    path: str
    label: str
    words: str
    sample: Any
    is_required: bool = True


@dataclass(frozen=True)
class Example:
    """One job. `for_staff` is for what concerns the platform as a whole."""

    key: str
    name: str
    group: str
    description: str
    type: str
    schedule: Mapping[str, Any]
    payload: Mapping[str, Any] = field(default_factory=dict)
    blanks: tuple[Blank, ...] = ()
    queue: str = "default"
    for_staff: bool = False


def cron(expression: str) -> dict[str, Any]:
    """A schedule by a cron line, for what goes by the clock more often than daily."""
    return {"kind": "cron", "expression": expression}


def daily(time: str) -> dict[str, Any]:
    """A schedule of every day."""
    return {"kind": "daily", "time": time}


def weekly(day: str, time: str) -> dict[str, Any]:
    """A schedule of one day a week."""
    return {"kind": "weekly", "days": [day], "time": time}


def monthly(day: int | str, time: str) -> dict[str, Any]:
    """A schedule of one day a month, by its number or "last"."""
    return {"kind": "monthly", "day": day, "time": time}


def _service(words: str, sample: str) -> tuple[Blank, ...]:
    """The blanks of a call to a service of one's own."""
    key = "The credential that opens it, made under Settings; none where it is open."
    return (Blank("url", "URL", words, sample), Blank("credential", "Credential", key, None, is_required=False))


def call(  # noqa: PLR0913, PLR0917  # one value per column of the table below
    key: str, name: str, group: str, description: str, schedule: Mapping[str, Any], service: str, path: str, **more: Any
) -> Example:
    """An example that starts a job in a service of one's own, by a POST."""
    host = service.rpartition(" ")[0].replace(" ", "-")
    blanks = _service(f"The address in your {service} that starts it.", f"https://{host}.example.com/{path}")
    payload = {"method": "POST", "json": {"job": key}, "timeout_seconds": 120}
    return Example(key, name, group, description, "http_request", schedule, payload, blanks, **more)


def mail(  # noqa: PLR0913, PLR0917  # one value per column of the table below
    key: str, name: str, group: str, description: str, schedule: Mapping[str, Any], subject: str, text: str, who: str
) -> Example:
    """An example that sends a mail."""
    blanks = (Blank("recipients", "Recipients", who, ["team@example.com"]),)
    payload = {"subject": subject, "text": text}
    return Example(key, name, group, description, "send_email", schedule, payload, blanks, queue="default")
