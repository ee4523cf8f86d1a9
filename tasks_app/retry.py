"""When to try again: exponential backoff with full jitter, or a list of delays."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

MAX_RETRIES_LIMIT = 50


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and after which delays (in seconds) a failed run is tried again.

    With `delays`, the n-th failure waits the n-th delay (the last one repeats) and their number is the number of
    retries, unless `max_retries` says another. Otherwise the n-th failure waits a random time between 0 and
    min(cap, base * factor ** (n - 1)): "full jitter", see the AWS Architecture Blog, Exponential Backoff And Jitter.
    """

    max_retries: int | None = None
    base_seconds: float = 2.0
    factor: float = 2.0
    cap_seconds: float = 900.0
    delays: tuple[float, ...] = ()

    def retries_or(self, default: int) -> int:
        """Give how often it is tried again; `default` where the policy does not say."""
        if self.max_retries is not None:
            return self.max_retries
        return len(self.delays) or default

    def delay_after(self, failures: int, rng: Random) -> float:
        """Give the seconds to wait after the `failures`-th failure (1 is the first)."""
        if self.delays:
            return self.delays[min(failures, len(self.delays)) - 1]
        return rng.uniform(0, self._ceiling(failures))

    def _ceiling(self, failures: int) -> float:
        try:
            return min(self.cap_seconds, self.base_seconds * self.factor ** (failures - 1))
        except OverflowError:
            return self.cap_seconds

    def to_json(self) -> dict[str, Any]:
        """Give the `retry` object of the public interface."""
        if self.delays:
            return {"delays": list(self.delays)}
        return {"base_seconds": self.base_seconds, "factor": self.factor, "cap_seconds": self.cap_seconds}


def policy_from_json(data: Mapping[str, Any] | None, *, max_retries: int | None = None) -> RetryPolicy:
    """Read a stored `retry` object; an absent one gives the defaults."""
    if not data:
        return RetryPolicy(max_retries=max_retries)
    if "delays" in data:
        return RetryPolicy(max_retries=max_retries, delays=tuple(float(delay) for delay in data["delays"]))
    known = {key: float(data[key]) for key in ("base_seconds", "factor", "cap_seconds") if key in data}
    return RetryPolicy(max_retries=max_retries, **known)  # type: ignore[arg-type]  # the keys are all floats
