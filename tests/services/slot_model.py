"""A small model of which slots of a task are accounted for, by placing every slot one by one."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from tasks_app.recurrence import build
from tasks_app.recurrence.days_off import days_off
from tasks_app.recurrence.plan import Plan, Planned

ZONE = "Europe/Berlin"
START = datetime(2026, 10, 20, 6, 0, tzinfo=UTC)
_FROM, _TO = START - timedelta(days=20), START + timedelta(days=60)


@lru_cache(maxsize=512)
def planned(cron: str, zone: str, days: frozenset[str], policy: str) -> dict[datetime, Planned]:
    """Give each slot of two months with its place; those that are left out have none."""
    plan = Plan(build({"kind": "cron", "expression": cron}, zone), days_off(days=sorted(days)), policy)
    found: dict[datetime, Planned] = {}
    slot = plan.rule.next_after(_FROM)
    while slot is not None and slot < _TO:
        if (place := plan.place(slot)) is not None:
            found[slot] = place
        slot = plan.rule.next_after(slot)
    return found


@dataclass
class SlotModel:
    """What is in force, up to when all is settled, and the slots that must stand in the history."""

    cron: str
    days: frozenset[str]
    policy: str
    until: datetime
    accounted: set[datetime] = field(default_factory=set)
    zone: str = ZONE
    window: tuple[datetime | None, datetime | None] = (None, None)

    @property
    def places(self) -> dict[datetime, Planned]:
        """The slots in force."""
        return planned(self.cron, self.zone, self.days, self.policy)

    def settle(self, now: datetime) -> None:
        """Account for what happens up to now."""
        if now > self.until:
            came = {slot for slot, place in self.places.items() if self.until < place.at <= now}
            self.accounted |= {slot for slot in came if self._is_open(self.places[slot].at)}
            self.until = now

    def change(self, now: datetime, *, has_more: bool = True, **changes: Any) -> None:
        """Change what is in force: what lay ahead, and now lies behind, is accounted for at once."""
        ahead = {slot for slot, place in self.places.items() if place.at > now and self._is_open(place.at)}
        for name, value in changes.items():
            setattr(self, name, value)
        after = self.places
        behind = {slot for slot in ahead if slot in after and after[slot].at <= now and self._is_open(after[slot].at)}
        self.accounted |= behind if has_more else set()
        self.until = max(self.until, now)

    def _is_open(self, instant: datetime) -> bool:
        start, end = self.window
        return (start is None or instant >= start) and (end is None or instant <= end)
