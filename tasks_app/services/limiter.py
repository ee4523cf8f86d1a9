"""Rate limits that hold for all processes together: one atomic script in Redis per question (GCRA).

A limit of `most` in `seconds` lets so many through at once, and from then on one each `seconds / most`. While Redis is
away nothing can be counted: the caller says whether that means "let through" or "refuse".
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.utils.module_loading import import_string
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from tasks_app.errors import CarillonError
from tasks_app.services.rollbacks import on_rollback

Who = TypeVar("Who")
TIMEOUT_SECONDS = 0.5
_SCRIPT = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1e6
local spacing, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local next_full_at = full_at + spacing * cost
local wait = next_full_at - burst - now
if wait > 1e-9 then return tostring(wait) end
if ARGV[4] == '1' then
  redis.call('SET', KEYS[1], string.format('%.6f', next_full_at), 'PX', math.ceil((next_full_at - now) * 1000) + 1000)
end
return '0'
"""
"""`KEYS[1]` holds the instant at which the allowance is whole again."""
_UP_TO = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1e6
local spacing, burst, all = tonumber(ARGV[1]), tonumber(ARGV[2]), {}
for place, key in ipairs(KEYS) do
  local full_at = math.max(tonumber(redis.call('GET', key) or '0'), now)
  local room = math.max(math.floor((now + burst - full_at) / spacing + 1e-3), 0)
  local granted = math.min(room, tonumber(ARGV[place + 2]))
  full_at = full_at + spacing * granted
  if full_at > now then
    redis.call('SET', key, string.format('%.6f', full_at), 'PX', math.ceil((full_at - now) * 1000) + 1000)
  else
    redis.call('DEL', key)
  end
  all[place] = granted
end
return all
"""
"""The same for each key, for as many of what it wants as there is room for; fewer than none gives back."""
_PATIENCE_SECONDS = 5.0

_BACK = """
local full_at, back = tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left > 0 then redis.call('SET', KEYS[1], string.format('%.6f', full_at - back), 'PX', left) end
return '0'
"""


class TooMany(CarillonError):
    """The limit is reached; `retry_after` seconds from now there is room again."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LimiterAway(CarillonError):
    """Nothing can be counted for the moment, and this is not let through uncounted."""

    code = "unavailable"


@dataclass(frozen=True)
class Limit:
    """At most `most` in `seconds`; `name` is part of the key, with what it is counted for."""

    name: str
    most: int
    seconds: float
    fails_closed: bool = False

    def wait(self, who: object, *, cost: int = 1) -> float:
        """Count `cost` for `who` if there is room; gives 0, or after how many seconds there is.

        With no `cost` it only looks whether there is room for one.
        Raises LimiterAway where Redis does not answer and the limit fails closed.
        """
        arguments = (self.seconds / self.most, self.seconds, cost or 1, 1 if cost else 0)
        answer = self._ask(_SCRIPT, [who], *arguments)
        return 0.0 if answer is None else float(answer)

    def up_to(self, wanted: Mapping[Who, int]) -> dict[Who, int]:
        """Count for each as many as are wanted and there is room for, and give the numbers; fewer than none gives back.

        One question to Redis, however many they are.
        """
        granted = self._ask(_UP_TO, list(wanted), self.seconds / self.most, self.seconds, *wanted.values())
        return dict(wanted) if granted is None else dict(zip(wanted, map(int, granted), strict=True))

    def take(self, who: object, message: str, *, cost: int = 1) -> None:
        """Count it, or raise TooMany with this message."""
        if seconds := self.wait(who, cost=cost):
            raise TooMany(message, retry_after=max(1, round(seconds + 0.5)))

    def take_with_transaction(self, who: object, message: str, *, cost: int = 1) -> None:
        """As `take`; what is counted is given back when the transaction around this is rolled back."""
        self.take(who, message, cost=cost)
        on_rollback(partial(self.give_back, who, cost))

    def give_back(self, who: object, count: int = 1) -> None:
        """Take back what was counted and should not have been, as far as Redis answers."""
        with suppress(LimiterAway):
            self._ask(_BACK, [who], self.seconds / self.most * count)

    def forget(self, who: object) -> None:
        """Count from nothing again, as far as Redis answers."""
        with suppress(RedisError, OSError):
            _client().delete(self._key(who))

    def _key(self, who: object) -> str:
        return f"{settings.REDIS_PREFIX}limit:{self.name}:{who}"

    def _ask(self, script: str, whom: Sequence[object], *arguments: float) -> Any:
        """Give Redis' answer; None where it gives none and the limit is open then, which is believed for a while.

        So a Redis that hangs holds up one request now and then, not each.
        """
        if not self.fails_closed and time.monotonic() < _away_until.get(settings.REDIS_URL, 0):
            return None
        try:
            return _client().eval(script, len(whom), *map(self._key, whom), *arguments)
        except (RedisError, OSError):
            _away_until[settings.REDIS_URL] = time.monotonic() + _PATIENCE_SECONDS
            if self.fails_closed:
                raise LimiterAway("Redis is away, so nobody can be let in for the moment.") from None
            return None


_away_until: dict[str, float] = {}
_clients: dict[str, Any] = {}


def _client() -> Any:
    """One client per process and Redis; it keeps its connections."""
    known = _clients.get(settings.REDIS_URL)
    if known is None:
        connect = import_string(settings.REDIS_CLIENT)
        timeouts = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
        known = _clients[settings.REDIS_URL] = connect(retry=Retry(NoBackoff(), 0), **timeouts)
    return known
