"""From a rhythm (every 15 minutes from 8:00 to 18:00) to the minute and hour fields of cron lines."""

from collections.abc import Iterable

from tasks_app.recurrence.text.clauses import Hours, Minutes, Phase, Rhythm, Window
from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.rules import Rule
from tasks_app.recurrence.writing import joined

HOUR, DAY = 60, 24 * 60
HOURS = 24
_FEWEST_FOR_A_STEP = 3


class RhythmLines:
    """Turns one rule with a rhythm into pairs of minute and hour fields whose union it is."""

    def __init__(self, rule: Rule, cursor: Cursor, *, days_are_restricted: bool) -> None:
        self.rule = rule
        self.cursor = cursor
        self.days_are_restricted = days_are_restricted
        rhythm = rule.one(Rhythm)
        # Minutes past "every hour" are a rhythm of their own.
        self.rhythm = rhythm or Rhythm(start=rule.start, end=rule.end, seconds=3600, unit="hours")
        self.step = self._step()

    def fields(self) -> list[str]:
        """Give the minute and hour fields of each line."""
        minutes, phase, hours = self.rule.of(Minutes), self.rule.one(Phase), self.rule.one(Hours)
        windows = self.rule.of(Window)
        if minutes:
            return [self._at_minutes(minutes, hours)]
        if phase:
            return [self._from_phase(phase)]
        if hours:
            return [f"{self._minute_field()} {joined(hours.hours, HOURS)}"]
        if windows:
            return self._in_windows(windows)
        return self._whole_day(0)

    def _step(self) -> int:
        step, rest = divmod(self.rhythm.seconds, 60)
        if rest:
            better = self._instead("every minute")
            message = "a rhythm of seconds runs all the time; for certain hours or days say whole minutes"
            raise Refusal("text_unsupported", message, self.rhythm.start, better)
        return step

    def _instead(self, words: str) -> str:
        return self.cursor.changed(self.rhythm.start, self.rhythm.end, words)

    def _uneven(self, whole: int) -> Refusal:
        """Refuse a step that does not divide the hour or the day, with the nearest that does."""
        unit = HOUR if self.step > HOUR and self.step % HOUR == 0 else 1
        fitting = [step for step in range(unit, whole, unit) if whole % step == 0]
        nearest = min(fitting, key=lambda step: abs(step - self.step))
        words = f"every {nearest} minutes"
        if nearest > HOUR and nearest % HOUR == 0:
            words = f"every {nearest // HOUR} hours"
        words = {1: "every minute", HOUR: "every hour"}.get(nearest, words)
        better = self._instead(words)
        named = "an hour" if whole == HOUR else "a day"
        message = f'this does not divide {named} evenly; write "{better}", or from when to when'
        return Refusal("text_unsupported", message, self.rhythm.start, better)

    def _minute_field(self) -> str:
        if self.step > HOUR or HOUR % self.step:
            raise self._uneven(HOUR)
        return _step_field(self.step, HOUR) if self.step < HOUR else "0"

    def _at_minutes(self, minutes: list[Minutes], hours: Hours | None) -> str:
        """Every hour at minutes 5 and 35; every 2 hours at minute 15."""
        chosen = sorted({minute for clause in minutes for minute in clause.minutes})
        if self.step % HOUR or HOURS % (self.step // HOUR) or self.step >= DAY:
            raise Refusal("text_ambiguous", "minutes past the hour need a rhythm of hours", minutes[0].start)
        if self.step > HOUR and any(clause.of_hour in {"each", "every"} for clause in minutes):
            raise Refusal("text_ambiguous", "every hour, or every few hours? Say one of them", minutes[0].start)
        if self.rule.has(Window, Phase):
            window = self.rule.one(Window)
            start = window.start if window else minutes[0].start
            message = "put the minutes into the times, as in from 9:30 to 17:30"
            raise Refusal("text_ambiguous", message, start)
        written = joined(chosen, 0)
        if hours:
            return f"{written} {joined(hours.hours, HOURS)}"
        return f"{written} {_step_field(self.step // HOUR, HOURS)}"

    def _from_phase(self, phase: Phase) -> str:
        if self.step > HOUR or HOUR % self.step:
            raise self._uneven(HOUR)
        if phase.minute >= self.step or self.rule.has(Window, Hours):
            raise Refusal("text_ambiguous", "from when to when? Say it as in from 9:05 to 17:50", phase.start)
        return f"{phase.minute}-59/{self.step} *" if self.step < HOUR else f"{phase.minute} *"

    def _whole_day(self, first: int) -> list[str]:
        """Give the rhythm all day long, counted from a time that lies in its first round."""
        if self.step >= DAY or DAY % self.step:
            raise self._uneven(DAY)
        if self.step < HOUR and HOUR % self.step == 0:
            return [f"{first}-59/{self.step} *" if first else f"{_step_field(self.step, HOUR)} *"]
        if self.step % HOUR == 0:
            hour, minute = divmod(first, HOUR)
            step = self.step // HOUR
            return [f"{minute} {hour}-23/{step}" if hour else f"{minute} {_step_field(step, HOURS)}"]
        return self._lines(range(first, DAY, self.step))

    def _in_windows(self, windows: list[Window]) -> list[str]:
        if len(windows) == 1 and windows[0].last is None:
            return self._open(windows[0])
        times: set[int] = set()
        for window in windows:
            if window.last is None:
                raise Refusal("text_ambiguous", "until when?", window.end)
            times |= set(self._times(window, window.last))
        return self._lines(times)

    def _open(self, window: Window) -> list[str]:
        """Every 6 hours from 0:05: all day long, when the time lies in the first round."""
        if window.first < self.step and DAY % self.step == 0:
            return self._whole_day(window.first)
        last = window.first + (DAY - 1 - window.first) // self.step * self.step
        if self.step < HOUR:
            last = DAY
        until = self.cursor.changed(window.end, window.end, f" to {_clock(last)}")
        better = [until]
        message = f'until when? Write "{until}"'
        if DAY % self.step == 0:
            whole = self.cursor.changed(window.start, window.end, f"from {_clock(window.first % self.step)}")
            better.append(whole)
            message += f' or, for all day long, "{whole}"'
        raise Refusal("text_ambiguous", message, window.end, *better)

    def _times(self, window: Window, last: int) -> Iterable[int]:
        """Give the minutes of the day; the end counts for whole hours, and where it is no whole hour."""
        end = last if last > window.first else last + DAY
        if last == window.first and last:
            message = "a window must end at another time than it begins"
            raise Refusal("text_ambiguous", message, window.start)
        if last == 0 and window.first == 0:
            end = DAY
        includes = self.step >= HOUR or end % HOUR != 0
        if window.first == 0 and end == DAY:
            includes = False
        times = range(window.first, end + includes, self.step)
        if self.days_are_restricted and times[-1] >= DAY:
            message = "a window over midnight lies on two days; say the part before and the part after midnight apart"
            raise Refusal("text_ambiguous", message, window.start)
        return [time % DAY for time in times]

    def _lines(self, times: Iterable[int]) -> list[str]:
        by_hour: dict[int, list[int]] = {}
        for time in sorted(times):
            by_hour.setdefault(time // HOUR, []).append(time % HOUR)
        by_minutes: dict[tuple[int, ...], list[int]] = {}
        for hour, minutes in by_hour.items():
            by_minutes.setdefault(tuple(minutes), []).append(hour)
        return [f"{self._minutes(minutes)} {self._hours(hours)}" for minutes, hours in by_minutes.items()]

    def _minutes(self, minutes: tuple[int, ...]) -> str:
        first, last, step = minutes[0], minutes[-1], self.step
        if step >= HOUR or minutes != tuple(range(first, last + 1, step)):
            return joined(minutes, 0)
        if first < step and last + step >= HOUR:
            return f"{first}-59/{step}" if first else _step_field(step, HOUR)
        # A step, for it to follow elapsed time as the rest of the rhythm does.
        return f"{first}-{min(last + step, HOUR) - 1}/{step}"

    def _hours(self, hours: list[int]) -> str:
        step = self.step // HOUR
        is_stepped = self.step % HOUR == 0 and step > 1 and len(hours) >= _FEWEST_FOR_A_STEP
        if is_stepped and hours == list(range(hours[0], hours[-1] + 1, step)):
            return f"{hours[0]}-{hours[-1]}/{step}"
        return joined(hours, HOURS)


def _step_field(step: int, whole: int) -> str:
    return "*" if step == 1 else "0" if step == whole else f"*/{step}"


def _clock(minutes: int) -> str:
    return f"{minutes // HOUR}:{minutes % HOUR:02}"
