"""How fast frames go to the sockets: at once while there are few, and never more than anybody can watch.

Two limits. Of one run four frames go at once and then four a second, each with the run's latest state. And a group of
sockets takes so many frames a second, the fewer the more sockets it has: what a busy platform has to tell beyond that
waits, newest first. What can't wait either is lost, and the group looks at the database again. While a flood lasts that
nobody could read, a large group gets a sign of life now and then: the processor belongs to the runs.
"""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

from notifications.layer import LiveLayer
from notifications.rate import Bucket

Message = dict[str, Any]
Offer = tuple[Iterable[str], Message]

TICK_SECONDS = 0.25
"""How often what waits is looked at."""
RUN_FRAMES = 4
SENDS_PER_SECOND, SENDS_IN_A_FLOOD = 5000, 500
"""About so many frames a second go out to one group: a fifth of what one process can send, and less in a flood."""
MOST = 100
BURST = 10
RUNS = 2000
LOOK_SECONDS, LOOK_SOCKETS = 1.0, 50
"""In a flood a group is sent to the database once in this time for each so many sockets, as they spread their looks."""


class _Lane:
    """The way to one group: its allowance, and what waits for it, by run."""

    def __init__(self) -> None:
        self._bucket = Bucket(burst=MOST, per_second=MOST)
        self._is_flooded = False
        self._has_lost = False
        self._owes_a_look = False
        self._looked_at = -LOOK_SECONDS
        self._sockets = 1
        self.waiting: OrderedDict[str, Message] = OrderedDict()

    @property
    def is_busy(self) -> bool:
        """Say whether there is something to do at the next turn."""
        return bool(self.waiting) or self._has_lost or self._owes_a_look

    def allow_for(self, sockets: int) -> None:
        """Share the sends of a second among so many sockets."""
        self._sockets = max(1, sockets)
        rate = min(MOST, (SENDS_IN_A_FLOOD if self._is_flooded else SENDS_PER_SECOND) / self._sockets)
        self._bucket.per_second = rate
        self._bucket.burst = max(1, rate) if self._is_flooded else max(BURST, rate)

    def can_take(self, frames: int) -> bool:
        """Say whether so many frames may go at once, where nothing came before them."""
        return frames <= self._bucket.burst

    def holds(self, later: int) -> bool:
        """Say whether a frame could still wait when so many have come after it; if not, it is lost at once."""
        self._has_lost |= later >= self._bucket.burst
        return later < self._bucket.burst

    def take(self) -> bool:
        """Use one frame of the allowance."""
        return self._bucket.take()

    def wait(self, message: Message) -> None:
        """Keep the message for later; the oldest have to go when there are too many."""
        if _is_older(message, self.waiting.get(message["run_id"])):
            return
        self.waiting[message["run_id"]] = message
        self.waiting.move_to_end(message["run_id"])
        while len(self.waiting) > self._bucket.burst:
            self.waiting.popitem(last=False)
            self._has_lost = True

    def end_turn(self) -> bool:
        """A turn with losses is a flood. Say whether the group is to look now: as that begins, at times, as it ends."""
        self._is_flooded, self._has_lost = self._has_lost, False
        self._owes_a_look |= self._is_flooded
        self.allow_for(self._sockets)
        now = time.monotonic()
        pause = LOOK_SECONDS * max(1, self._sockets / LOOK_SOCKETS)
        if not self._owes_a_look or (self._is_flooded and now - self._looked_at < pause):
            return False
        self._owes_a_look, self._looked_at = False, now
        return True


class Pacer:
    """Hands frames to the groups of this process's layer; lives in the event loop."""

    def __init__(self, layer: LiveLayer) -> None:
        self._layer = layer
        self._lanes: dict[str, _Lane] = {}
        self._runs: OrderedDict[str, Bucket] = OrderedDict()
        self._later: dict[str, tuple[list[str], Message]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def offer(self, offers: Sequence[Offer]) -> None:
        """Send frames that came together, each to its groups, now or as soon as it may go; nobody may be there."""
        self._forget_idle()
        heard = [(found, message) for groups, message in offers if (found := self._heard(groups))]
        frames = Counter(group for groups, _ in heard for group in groups)
        lanes = {group: self._lane(group) for group in frames}
        later = frames.copy()
        for groups, message in heard:
            later.subtract(groups)
            going = [group for group in groups if lanes[group].holds(later[group])]
            if going and self._is_its_turn(going, message):
                for group in going:
                    self._send(group, lanes[group], message, together=frames[group])

    def stop(self) -> None:
        """Forget what waits."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._lanes.clear()
        self._later.clear()

    def _heard(self, groups: Iterable[str]) -> list[str]:
        return [group for group in groups if group in self._layer.groups]

    def _is_its_turn(self, groups: list[str], message: Message) -> bool:
        run_id = message["run_id"]
        if run_id not in self._later and self._bucket_of(run_id).take():
            return True
        if not _is_older(message, self._later.get(run_id, (None, None))[1]):
            self._later[run_id] = groups, message
        self._wait()
        return False

    def _bucket_of(self, run_id: str) -> Bucket:
        bucket = self._runs.get(run_id)
        if bucket is None:
            bucket = self._runs[run_id] = Bucket(burst=RUN_FRAMES, per_second=RUN_FRAMES)
            while len(self._runs) > RUNS:
                self._runs.popitem(last=False)
        return bucket

    def _send(self, group: str, lane: _Lane, message: Message, *, together: int) -> None:
        if not lane.waiting and lane.can_take(together) and lane.take():
            self._layer.deliver([group], message)
        else:
            lane.wait(message)
            self._wait()

    def _lane(self, group: str) -> _Lane:
        lane = self._lanes.get(group)
        if lane is None:
            lane = self._lanes[group] = _Lane()
        lane.allow_for(len(self._layer.groups.get(group, ())))
        return lane

    def _forget_idle(self) -> None:
        """Keep no more lanes than needed; only while nobody has one in hand, for what waits in a lost one is lost."""
        if len(self._lanes) > RUNS:
            self._lanes = {name: lane for name, lane in self._lanes.items() if lane.is_busy}

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        """Send what may go by now, of each group the newest first; the rest goes on waiting."""
        self._timer = None
        later, self._later = self._later, {}
        self.offer(list(later.values()))
        for group in [name for name, lane in self._lanes.items() if lane.is_busy]:
            self._flush(group, self._lane(group))

    def _flush(self, group: str, lane: _Lane) -> None:
        is_to_look = lane.end_turn()
        going = []
        while lane.waiting and lane.take():
            going.append(lane.waiting.popitem()[1])
        for message in reversed(going):
            self._layer.deliver([group], message)
        if is_to_look:
            self._layer.deliver([group], {"type": "live.resync", "sockets": len(self._layer.groups.get(group, ()))})
        if lane.is_busy:
            self._wait()


def _is_older(message: Message, known: Message | None) -> bool:
    return known is not None and (message["version"], message["seq"]) < (known["version"], known["seq"])
