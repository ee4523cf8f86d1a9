"""Zones as people call them: abbreviations and the names of regions, each with the zone that it most often means."""

_CALLED = {
    "America/New_York": "edt et eastern",
    "America/Chicago": "cdt ct central",
    "America/Denver": "mdt mountain",
    "America/Los_Angeles": "pst pdt pt pacific",
    "America/Anchorage": "akst akdt alaska",
    "Pacific/Honolulu": "hawaii",
    "America/Halifax": "adt atlantic",
    "America/St_Johns": "nst ndt newfoundland",
    "America/Sao_Paulo": "brt",
    "Europe/London": "bst british uk",
    "Europe/Lisbon": "west",
    "Europe/Berlin": "mez mesz cest germany",
    "Europe/Paris": "hec france",
    "Europe/Helsinki": "eest",
    "Europe/Moscow": "msk",
    "Europe/Istanbul": "trt",
    "Africa/Johannesburg": "sast",
    "Africa/Nairobi": "eat",
    "Africa/Lagos": "wat",
    "Asia/Kolkata": "ist india",
    "Asia/Karachi": "pkt",
    "Asia/Dubai": "gst",
    "Asia/Shanghai": "china beijing",
    "Asia/Hong_Kong": "hkt",
    "Asia/Singapore": "sgt",
    "Asia/Jakarta": "wib",
    "Asia/Tokyo": "jst japan",
    "Asia/Seoul": "kst korea",
    "Australia/Sydney": "aest aedt",
    "Australia/Adelaide": "acst acdt",
    "Australia/Perth": "awst",
    "Pacific/Auckland": "nzst nzdt",
    "UTC": "z zulu gmt+0",
}
ZONES = {word: zone for zone, words in _CALLED.items() for word in words.split()}
_TAIL = {"time", "standard", "daylight", "summer"}


def zone_called(name: str) -> str | None:
    """Give the zone that an abbreviation or a name such as "Pacific time" most often means."""
    words = [word for word in name.casefold().split() if word not in _TAIL]
    return ZONES.get(words[0]) if len(words) == 1 else None
