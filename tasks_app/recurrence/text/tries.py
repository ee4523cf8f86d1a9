"""Trying what may have been meant: each text is read once, and all tries for one refusal are bounded together."""

from collections.abc import Callable, Mapping, Sequence

from tasks_app.recurrence.text.refusal import Refusal

Meant = str | Mapping[str, object]
_MOST_TRIES = 4
# Characters that may be read for the sake of suggestions, the first of them always: reading costs by the character.
_MOST_READ = 240


class Tries:
    """What was tried for one refused text. `read` raises Refusal for what is not understood."""

    def __init__(self, read: Callable[[str], object]) -> None:
        self._read = read
        self._known: dict[str, Refusal | None] = {}
        self._left = _MOST_READ

    def first_understood(self, better: Sequence[Meant]) -> Meant | None:
        """Give the first of what may have been meant that is accepted, following suggestions of suggestions."""
        return self.understood(better)[0]

    def understood(self, better: Sequence[Meant], timezone: str = "") -> tuple[Meant | None, str]:
        """Give that, and the zone that was named on the way to it."""
        waiting = [(one, timezone) for one in better]
        for _ in range(_MOST_TRIES):
            if not waiting:
                break
            one, zone = waiting.pop(0)
            if not isinstance(one, str):
                return one, zone
            if one not in self._known and self._known and len(one) > self._left:
                continue
            refusal = self._tried(one)
            if refusal is None:
                return one, zone
            waiting = [*((further, refusal.timezone or zone) for further in refusal.better), *waiting]
        return None, ""

    def _tried(self, text: str) -> Refusal | None:
        if text not in self._known:
            self._left -= len(text)
            try:
                self._read(text)
            except Refusal as refusal:
                self._known[text] = refusal
            else:
                self._known[text] = None
        return self._known[text]
