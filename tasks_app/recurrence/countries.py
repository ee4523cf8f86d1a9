"""What the countries, and their parts, are called whose public holidays are known.

The library `holidays` knows countries by the names of its modules and parts by codes with aliases; loading the parts of
all countries costs a fifth of a second, once.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from tasks_app.recurrence.days_off import countries

_SMALL = frozenset({"and", "of", "the", "da"})
_SPELT = {
    "AX": "Åland Islands",
    "BL": "Saint Barthélemy",
    "BQ": "Bonaire, Sint Eustatius and Saba",
    "CD": "DR Congo",
    "CW": "Curaçao",
    "GW": "Guinea-Bissau",
    "HK": "Hong Kong",
    "HM": "Heard Island and McDonald Islands",
    "RE": "Réunion",
    "SH": "Saint Helena, Ascension and Tristan da Cunha",
    "ST": "São Tomé and Príncipe",
    "SY": "Syria",
    "TL": "Timor-Leste",
}
_THE_BEFORE, _THE_BEHIND = ("United ", "DR "), (" Islands", " Republic", " Territory", " Territories")
_THE = frozenset({"BS", "GM", "IM", "KM", "MV", "NL", "PH", "SC"})
_SHORTEST_NAME = 3


@lru_cache(maxsize=1)
def country_names() -> Mapping[str, str]:
    """Give the name of each country by its ISO code, in the order of the names."""
    from holidays.registry import COUNTRIES  # noqa: PLC0415  # only few processes need it

    known = countries()
    named = {entry[1]: _SPELT.get(entry[1]) or _words(module) for module, entry in COUNTRIES.items()}
    found = {code: named.get(code, code) for code in known}
    return MappingProxyType(dict(sorted(found.items(), key=lambda item: _sortable(item[1]))))


@lru_cache(maxsize=256)
def part_names(country: str) -> Mapping[str, str]:
    """Give the name of each part of a country by its code, in the order of the names; none for an unknown country."""
    import holidays  # noqa: PLC0415  # as above

    parts = countries().get(country, ())
    if not parts:
        return MappingProxyType({})
    aliases = holidays.country_holidays(country).get_subdivision_aliases()
    found = {code: _name(code, aliases.get(code, ())) for code in parts}
    return MappingProxyType(dict(sorted(found.items(), key=lambda item: _sortable(item[1]))))


def place_name(country: str, part: str) -> str:
    """Say "Germany (Bayern)" or "the United States", within a sentence; codes stand for what is not known any more."""
    name = country_names().get(country, country)
    if name.startswith(_THE_BEFORE) or name.endswith(_THE_BEHIND) or country in _THE:
        name = f"the {name}"
    return f"{name} ({part_names(country).get(part, part)})" if part else name


def _words(module: str) -> str:
    return " ".join(word if word in _SMALL else word.capitalize() for word in module.split("_"))


def _name(code: str, aliases: Sequence[str]) -> str:
    """The first alias that is no abbreviation."""
    return next((alias for alias in aliases if len(alias) >= _SHORTEST_NAME and not alias.isupper()), code)


def _sortable(name: str) -> str:
    """Sort "Åland" among the A's."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", name) if letter.isascii()).casefold()
