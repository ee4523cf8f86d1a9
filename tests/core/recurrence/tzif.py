"""The clock changes that the files of the time zone database list, read as RFC 9636 lays them out.

The files say little of the years that their closing rule covers, which for most zones are those since about 2007.
"""

import struct
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HEADER = struct.Struct(">4s16x6l")


class Change(NamedTuple):
    """An instant at which the offset changes, in seconds."""

    at: datetime
    before: int
    after: int

    @property
    def is_odd(self) -> bool:
        return bool(self.at.second or abs(self.after - self.before) > 3 * 3600)


@cache
def listed_changes(zone_name: str) -> list[Change]:
    """Give the changes of a zone, those left out that change its name alone."""
    data = resources.files("tzdata").joinpath("zoneinfo", *zone_name.split("/")).read_bytes()
    _, _, _, leaps, times, types, letters = HEADER.unpack_from(data)
    # The first half repeats the second, with 32 bits for each time.
    place = HEADER.size + times * 5 + types * 6 + letters + leaps * 8 + sum(HEADER.unpack_from(data)[1:3])
    times, types = HEADER.unpack_from(data, place)[4:6]
    place += HEADER.size
    instants = struct.unpack_from(f">{times}q", data, place)
    kinds = data[place + times * 8 : place + times * 9]
    offsets = [struct.unpack_from(">l", data, place + times * 9 + kind * 6)[0] for kind in range(types)]
    in_force = [offsets[0], *(offsets[kind] for kind in kinds)]
    steps = zip(instants, pairwise(in_force), strict=True)
    return [Change(EPOCH + timedelta(seconds=at), *pair) for at, pair in steps if len(set(pair)) > 1]
