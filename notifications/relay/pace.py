"""How fast frames go to the sockets: at once while there are few, and never more than anybody can watch.

Two limits. Of one run four frames go at once and then four a second, each with the run's latest state. And a group of
sockets takes so many frames a second, the fewer the more sockets it has: what a busy platform has to tell beyond that
waits, newest first. What can't wait either is lost, and the group looks at the database again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from notifications.layer import LiveLayer
from notifications.rate import Bucket

Message = dict[str, Any]

TICK_SECONDS = 0.25
"""How often what waits is looked at."""
RUN_FRAMES = 4
SENDS_PER_SECOND = 5000
"""About so many frames a second go out to one group: a fifth of what one process can send."""
FEWEST, MOST = 4, 100
BURST = 10
RUNS = 2000


class _Lane:
    """The way to one group: its allowance, and what waits for it, by run."""

    def __init__(self) -> None:
        self._bucket = Bucket(burst=MOST, per_second=MOST)
        self.waiting: OrderedDict[str, Message] = OrderedDict()
        self.has_lost = False

    def allow_for(self, sockets: int) -> None:
        """Share the sends of a second among so many sockets."""
        rate = max(FEWEST, min(MOST, SENDS_PER_SECOND // max(1, sockets)))
        self._bucket.per_second, self._bucket.burst = rate, max(BURST, rate)

    def take(self) -> bool:
        """Use one frame of the allowance."""
        return self._bucket.take()

    def wait(self, message: Message) -> None:
        """Keep the message for later; the oldest has to go when there are too many."""
        if _is_older(message, self.waiting.get(message["run_id"])):
            return
        self.waiting[message["run_id"]] = message
        self.waiting.move_to_end(message["run_id"])
        if len(self.waiting) > self._bucket.burst:
            self.waiting.popitem(last=False)
            self.has_lost = True


class Pacer:
    """Hands frames to the groups of this process's layer; lives in the event loop."""

    def __init__(self, layer: LiveLayer) -> None:
        self._layer = layer
        self._lanes: dict[str, _Lane] = {}
        self._runs: OrderedDict[str, Bucket] = OrderedDict()
        self._later: dict[str, tuple[list[str], Message]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def offer(self, groups: Iterable[str], message: Message) -> None:
        """Send a frame about where a run stands, now or as soon as it may go; nobody may be there to hear it."""
        heard = [group for group in groups if group in self._layer.groups]
        if not heard:
            return
        run_id = message["run_id"]
        if run_id in self._later or not self._bucket_of(run_id).take():
            if not _is_older(message, self._later.get(run_id, (None, None))[1]):
                self._later[run_id] = heard, message
            self._wait()
            return
        self._spread(heard, message)

    def stop(self) -> None:
        """Forget what waits."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._lanes.clear()
        self._later.clear()

    def _bucket_of(self, run_id: str) -> Bucket:
        bucket = self._runs.get(run_id)
        if bucket is None:
            bucket = self._runs[run_id] = Bucket(burst=RUN_FRAMES, per_second=RUN_FRAMES)
            while len(self._runs) > RUNS:
                self._runs.popitem(last=False)
        return bucket

    def _spread(self, groups: list[str], message: Message) -> None:
        for group in groups:
            lane = self._lane(group)
            if not lane.waiting and lane.take():
                self._layer.deliver([group], message)
            else:
                lane.wait(message)
                self._wait()

    def _lane(self, group: str) -> _Lane:
        lane = self._lanes.get(group)
        if lane is None:
            lane = self._lanes[group] = _Lane()
            if len(self._lanes) > RUNS:
                self._lanes = {name: lane for name, lane in self._lanes.items() if lane.waiting or name == group}
        lane.allow_for(len(self._layer.groups.get(group, ())))
        return lane

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        """Send what may go by now, of each group the newest first; the rest goes on waiting."""
        self._timer = None
        later, self._later = self._later, {}
        for groups, message in later.values():
            self.offer(groups, message)
        for group in [name for name, lane in self._lanes.items() if lane.waiting]:
            self._flush(group, self._lane(group))

    def _flush(self, group: str, lane: _Lane) -> None:
        going = []
        while lane.waiting and lane.take():
            going.append(lane.waiting.popitem()[1])
        for message in reversed(going):
            self._layer.deliver([group], message)
        if lane.has_lost:
            lane.has_lost = False
            self._layer.deliver([group], {"type": "live.resync", "sockets": len(self._layer.groups.get(group, ()))})
        if lane.waiting:
            self._wait()


def _is_older(message: Message, known: Message | None) -> bool:
    return known is not None and (message["version"], message["seq"]) < (known["version"], known["seq"])
