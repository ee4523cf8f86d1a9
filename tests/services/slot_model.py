"""A small model of which slots of a task are accounted for, by placing every slot one by one."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from tasks_app.recurrence import build
from tasks_app.recurrence.days_off import days_off
from tasks_app.recurrence.plan import Plan, Planned

ZONE = "Europe/Berlin"
START = datetime(2026, 10, 20, 6, 0, tzinfo=UTC)
_FROM, _TO = START - timedelta(days=20), START + timedelta(days=60)


@lru_cache(maxsize=512)
def planned(cron: str, days: frozenset[str], policy: str) -> dict[datetime, Planned]:
    """Give each slot of two months with its place; those that are left out have none."""
    plan = Plan(build({"kind": "cron", "expression": cron}, ZONE), days_off(days=sorted(days)), policy)
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

    @property
    def places(self) -> dict[datetime, Planned]:
        """The slots in force."""
        return planned(self.cron, self.days, self.policy)

    def settle(self, now: datetime) -> None:
        """Account for what happens up to now."""
        if now > self.until:
            self.accounted |= {slot for slot, place in self.places.items() if self.until < place.at <= now}
            self.until = now

    def move(self, days: frozenset[str], policy: str, now: datetime) -> None:
        """Change the days off: what lay ahead, and now lies behind, is accounted for at once."""
        before = self.places
        self.days, self.policy = days, policy
        after = self.places
        self.accounted |= {
            slot for slot, place in before.items() if place.at > now and slot in after and after[slot].at <= now
        }
