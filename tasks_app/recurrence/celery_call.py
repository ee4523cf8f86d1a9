"""A crontab as Celery's configuration writes it, crontab(minute=0, hour=9), said in five fields."""

import re

_ARGUMENT = re.compile(r"\s*(?:(\w+)\s*=\s*)?(?:\"([^\"]*)\"|'([^']*)'|([\w*/-]+))\s*(?:,|$)")
_NAMES = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
# Further arguments without a name have changed their order between versions.
_MOST_UNNAMED = 2


def fields_of_call(arguments: str) -> str | None:
    """Give the expression; None for what is no such call, or restricts both day fields, which both must fit there."""
    found: dict[str, str] = {}
    position = 0
    while position < len(arguments.rstrip()):
        match = _ARGUMENT.match(arguments, position)
        if match is None:
            return None
        unnamed = _NAMES[len(found)] if len(found) < _MOST_UNNAMED else ""
        name = match[1] or unnamed
        if name not in _NAMES or name in found:
            return None
        found[name] = re.sub(r"\s", "", next(value for value in match.group(2, 3, 4) if value is not None))
        position = match.end()
    fields = [found.get(name, "*") for name in _NAMES]
    are_both = not fields[2].startswith("*") and not fields[4].startswith("*")
    return None if are_both or not all(fields) else " ".join(fields)
