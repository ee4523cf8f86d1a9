"""The zones to choose from: the names in use today, one for each place, without the old and the technical ones.

All names stay accepted wherever one is typed: US/Eastern and Asia/Calcutta are only not offered.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

_COLUMNS = 4


@dataclass(frozen=True)
class ListedZone:
    """A zone; `country` and `note` tell its place, such as "United States" and "Eastern (most areas)"."""

    name: str
    country: str = ""
    note: str = ""

    @property
    def region(self) -> str:
        """The continent or ocean; "" for UTC."""
        return self.name.split("/", 1)[0] if "/" in self.name else ""

    @property
    def place(self) -> str:
        """The place in words: "New York", "Knox, Indiana"."""
        parts = self.name.split("/")[1:] or [self.name]
        return ", ".join(reversed(parts)).replace("_", " ")


@lru_cache(maxsize=1)
def listed_zones() -> tuple[ListedZone, ...]:
    """Give UTC, then all others by region and place."""
    countries = {row[0]: row[1] for row in _table("iso3166.tab")}
    found = []
    for code, _, name, note in ((*row, "")[:_COLUMNS] for row in _table("zone.tab")):
        found.append(ListedZone(name, countries.get(code, ""), note))
    return (ListedZone("UTC"), *sorted(found, key=lambda zone: (zone.region, zone.place)))


def zone_of_country(name: str) -> str | None:
    """Give the zone of a country that has only one."""
    wanted = name.casefold()
    found = [zone.name for zone in listed_zones() if zone.country.casefold() == wanted]
    return found[0] if len(found) == 1 else None


def _table(file: str) -> list[tuple[str, ...]]:
    text = resources.files("tzdata").joinpath("zoneinfo", file).read_text(encoding="utf-8")
    return [tuple(line.split("\t")) for line in text.splitlines() if line and not line.startswith("#")]
