"""Numbers and days as they stand in the fields of a cron expression."""

from collections.abc import Sequence

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FEWEST_FOR_A_RANGE = 3


def cron_weekday(day: str) -> int:
    """Count from Sunday = 0."""
    return (WEEKDAYS.index(day) + 1) % len(WEEKDAYS)


def joined(numbers: Sequence[int], whole: int) -> str:
    """Write sorted numbers as a field: `*` for all of them, ranges from three on."""
    if len(numbers) == whole:
        return "*"
    starts = [number for number in numbers if number - 1 not in numbers]
    ends = [number for number in numbers if number + 1 not in numbers]
    items: list[str] = []
    for start, end in zip(starts, ends, strict=True):
        long = end - start + 1 >= _FEWEST_FOR_A_RANGE
        items += [f"{start}-{end}"] if long else [str(number) for number in range(start, end + 1)]
    return ",".join(items)


def day_field(day: int | str) -> str:
    """Write a day of the month: -2 is the one before the last, L-1."""
    if day in ("last", -1):
        return "L"
    assert isinstance(day, int)
    return str(day) if day > 0 else f"L-{-day - 1}"
