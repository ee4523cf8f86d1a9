"""The zones that forms offer, in words that people look for: a place, a country, an offset."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from django.utils import timezone

from tasks_app.recurrence.zone_list import ListedZone, listed_zones
from tasks_app.recurrence.zones import load_zone

_EVERY = timedelta(minutes=15)


class Offer(NamedTuple):
    """A zone of the list, and what can be looked for besides its name."""

    name: str
    label: str


def zone_offers() -> tuple[Offer, ...]:
    """Give every listed zone with the offset that holds now."""
    now = timezone.now()
    # No clock changes within a quarter of an hour.
    return _offers(now - (now - datetime.min.replace(tzinfo=now.tzinfo)) % _EVERY)


@lru_cache(maxsize=2)
def _offers(now: datetime) -> tuple[Offer, ...]:
    return tuple(Offer(zone.name, _label(zone, now)) for zone in listed_zones())


def _label(zone: ListedZone, now: datetime) -> str:
    if not zone.region:
        return f"{offset(zone.name, now)}, the same all year"
    country = "" if zone.country == zone.place else zone.country
    return ", ".join(part for part in (zone.place, country, zone.note, offset(zone.name, now)) if part)


def offset(name: str, now: datetime) -> str:
    """Say how far a zone is from UTC now: "UTC+01:00"."""
    found = now.astimezone(load_zone(name)).utcoffset() or timedelta()
    minutes = int(found.total_seconds()) // 60
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
