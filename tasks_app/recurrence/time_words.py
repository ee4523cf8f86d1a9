"""The times of day of a cron expression in words: points ("at 09:00 and 17:00") or a rhythm ("every 15 minutes")."""

from collections.abc import Callable
from itertools import pairwise

MOST_POINTS = 6
SHORTEST_RUN = 3
MINUTES, HOURS = 60, 24
_LATE_MORNING, _AFTERNOON = 10 * MINUTES, 13 * MINUTES


def bits(mask: int) -> list[int]:
    """Give the numbers of the bits that are set."""
    return [place for place in range(mask.bit_length()) if mask >> place & 1]


def and_list(words: list[str], last: str = "and") -> str:
    """Join words: a, b and c."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def even_step(numbers: list[int], whole: int) -> int | None:
    """Give the step when numbers lie evenly around the whole round."""
    if whole % len(numbers):
        return None
    step = whole // len(numbers)
    return step if numbers == list(range(numbers[0], whole, step)) else None


def is_run(numbers: list[int]) -> bool:
    """Tell whether numbers follow each other without a hole."""
    return numbers[-1] - numbers[0] == len(numbers) - 1


def runs(numbers: list[int], name: Callable[[int], str] = str) -> list[str]:
    """Write numbers with their runs folded: 1 to 5, 8."""
    starts = [number for number in numbers if number - 1 not in numbers]
    ends = [number for number in numbers if number + 1 not in numbers]
    words: list[str] = []
    for start, end in zip(starts, ends, strict=True):
        long = end - start + 1 >= SHORTEST_RUN
        words += [f"{name(start)} to {name(end)}"] if long else [name(number) for number in range(start, end + 1)]
    return words


def clock(hour: int, minute: int) -> str:
    """Write a time of day."""
    return f"{hour:02}:{minute:02}"


def clocks(times: list[int]) -> str:
    """Write a list of times, counted in minutes of the day."""
    return and_list([clock(*divmod(time, MINUTES)) for time in times])


def even_words(times: list[int], *, may_wrap: bool) -> str:
    """Say times that lie evenly: "every 45 minutes from 08:00 to 17:45"; "" when they do not.

    `may_wrap` allows a rhythm that runs over midnight.
    """
    turned = _turned(times) if may_wrap else times
    step = turned[1] - turned[0]
    # A whole hour that ends a rhythm of minutes would be taken for its end, which does not count.
    ends_on_hour = step < MINUTES and turned[-1] % MINUTES == 0
    if ends_on_hour or turned != list(range(turned[0], turned[-1] + 1, step)):
        return ""
    rhythm = f"every {step} minutes" if step > 1 else "every minute"
    if step % MINUTES == 0:
        rhythm = f"every {step // MINUTES} hours" if step > MINUTES else "every hour"
    first, last = (clock(*divmod(time % (HOURS * MINUTES), MINUTES)) for time in (turned[0], turned[-1]))
    return f"{rhythm} from {first} to {last}"


def _turned(times: list[int]) -> list[int]:
    """Begin behind the longest pause and go on over midnight.

    Not from late morning to late morning, which would read like the hours of a 12-hour clock.
    """
    pauses = [later - time for time, later in pairwise(times)]
    longest = max(pauses)
    begin = pauses.index(longest) + 1
    day = HOURS * MINUTES
    is_late = times[begin] < _AFTERNOON and times[begin - 1] >= _LATE_MORNING
    if is_late or longest <= times[0] + day - times[-1]:
        return times
    return times[begin:] + [time + day for time in times[:begin]]


def sounds_elapsed(rhythm: str, *, every_hour: bool = False) -> bool:
    """Tell whether words are those of a rhythm; an hour of the clock from one hour to another is a fixed time."""
    return bool(rhythm) and (every_hour or not rhythm.startswith(("every hour", "at ")))


class TimeWords:
    """Either `points` or `rhythm` says it; `names_time` tells whether a zone matters to the rhythm.

    `sounds_elapsed` tells how people take the words across a change of the clocks: as a rhythm, or as fixed times.
    """

    def __init__(self, minutes: int, hours: int, *, follows_elapsed: bool, may_wrap: bool = False) -> None:
        self.minutes = bits(minutes)
        self.hours = bits(hours)
        self._may_wrap = may_wrap
        self.points = ""
        self.rhythm = ""
        self.names_time = False
        every_hour = len(self.hours) == HOURS
        few = len(self.minutes) * len(self.hours) <= MOST_POINTS
        steady = follows_elapsed and (len(self.minutes) == 1 and self._hour_step() is not None)
        if few and not steady:
            self.points = f"at {clocks(self.times)}"
        elif every_hour:
            self.rhythm = self._each_hour()
        else:
            self.names_time = True
            self.rhythm = self._some_hours()
        self.sounds_elapsed = sounds_elapsed(self.rhythm, every_hour=every_hour)

    @property
    def times(self) -> list[int]:
        """Give every time in minutes of the day."""
        return [hour * MINUTES + minute for hour in self.hours for minute in self.minutes]

    def _hour_step(self) -> int | None:
        return even_step(self.hours, HOURS) if len(self.hours) > 1 else None

    def _minute_step(self) -> int | None:
        return even_step(self.minutes, MINUTES) if len(self.minutes) > 1 else None

    def _minute_rhythm(self) -> str | None:
        step = self._minute_step()
        if step is None:
            return None
        return "every minute" if step == 1 else f"every {step} minutes"

    def _each_hour(self) -> str:
        rhythm = self._minute_rhythm()
        if rhythm:
            return rhythm + (f" from minute {self.minutes[0]} of each hour" if self.minutes[0] else "")
        if self.minutes == [0]:
            return "every hour"
        return f"every hour at {self._minute_list()}"

    def _minute_list(self) -> str:
        plural = "s" if len(self.minutes) > 1 else ""
        return f"minute{plural} {and_list(runs(self.minutes))}"

    def _some_hours(self) -> str:
        step = self._hour_step()
        if len(self.minutes) == 1 and step:
            return f"every {step} hours from {clock(self.hours[0], self.minutes[0])}"
        rhythm = self._minute_rhythm() or ("every hour" if len(self.minutes) == 1 else None)
        if rhythm and is_run(self.hours):
            first, last = clock(self.hours[0], self.minutes[0]), clock(self.hours[-1], self.minutes[-1])
            return f"{rhythm} from {first} to {last}"
        even = even_words(self.times, may_wrap=self._may_wrap)
        if even:
            return even
        hours = f"the hours {and_list(runs(self.hours))}"
        if len(self.hours) == 1:
            hours = f"the hour {self.hours[0]}"
        if self._minute_rhythm() and not self.minutes[0]:
            return f"{self._minute_rhythm()} in {hours}"
        return f"at {self._minute_list()} of {hours}"
