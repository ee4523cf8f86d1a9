"""How long something lasts, in words."""

MINUTE, HOUR, DAY = 60, 3600, 86_400


def whole_seconds(seconds: float) -> str:
    """Say it with two units at most and without tenths, as `span` of time.js does; never below nothing."""
    whole = max(0, round(seconds))
    for size, name, smaller, word in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min"), (MINUTE, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {name}" + (f" {rest} {word}" if rest else "")
    return f"{whole} s"
