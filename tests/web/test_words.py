"""Durations, relative times and the strip, in words and measures."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from tasks_app.states import Reason, Status, Trigger
from tasks_app.templatetags.carillon import since, when
from tasks_app.web import words
from tasks_app.web.json_view import render
from tasks_app.web.strip import draw, small
from tests.calls import counted_calls

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"),
        (0, "0 ms"),
        (0.0421, "42 ms"),
        (3.25, "3.2 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (273_600, "3 d 4 h"),
    ],
)
def test_durations(seconds: float | None, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "now"),
        (-12, "12 s ago"),
        (89, "in 89 s"),
        (200, "in 3 min"),
        (50_400, "in 14 h"),
        (-200_000, "2 days ago"),
        (10_000_000, "in 4 months"),
        (730 * 86_400 - 1, "in 24 months"),
        (62 * 30 * 86_400, "in 5 years"),
        (-730 * 86_400, "2 years ago"),
    ],
)
def test_relative_times(seconds: float, said: str) -> None:
    assert words.relative(NOW + timedelta(seconds=seconds), NOW) == said


@pytest.mark.parametrize("shown", [since, when])
def test_a_relative_time_tells_the_exact_one_on_hover(shown: Callable[[datetime], str]) -> None:
    assert f'title="{words.exact(NOW)}"' in shown(NOW)


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("Rules", "Rule"),
        ("Retry delays", "Retry delay"),
        ("Entries", "Entry"),
        ("Boxes", "Box"),
        ("OK exit codes", "OK exit code"),
        ("Responses", "Response"),
        ("Status", "Status"),
        ("Address", "Address"),
        ("Addresses", "Address"),
        ("JSON body", "JSON body"),
    ],
)
def test_one_of_a_list_is_called_by_one_of_its_words(many: str, one: str) -> None:
    assert words.singular(many) == one


@pytest.mark.parametrize(
    ("instant", "said"),
    [
        (NOW, "12:00"),
        (NOW + timedelta(seconds=5), "12:00:05"),
        (NOW + timedelta(hours=21), "tomorrow 09:00"),
        (NOW - timedelta(days=1), "yesterday 12:00"),
        (NOW + timedelta(days=3), "Fri 12:00"),
        (NOW + timedelta(days=20), "14 Dec 12:00"),
        (NOW + timedelta(days=60), "23 Jan 2027 12:00"),
    ],
)
def test_instants_are_said_as_briefly_as_the_day_allows(instant: datetime, said: str) -> None:
    assert words.clock(instant, NOW) == said


def test_a_column_of_instants_always_has_seconds() -> None:
    assert words.clock_seconds(NOW, NOW) == "12:00:00"
    assert words.clock_seconds(NOW + timedelta(hours=21, seconds=5), NOW) == "tomorrow 09:00:05"


def test_instants_are_said_in_the_readers_zone() -> None:
    with timezone.override("Europe/Berlin"):
        assert words.exact(NOW) == "Tue 24 Nov 2026, 13:00:00 CET"


def test_every_word_of_the_engine_has_words_for_people() -> None:
    assert {reason.value for reason in Reason if reason} <= set(words.REASONS)
    assert {trigger.value for trigger in Trigger} == set(words.TRIGGERS)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("user:alice", "alice"),
        ("beat:host:1", "the scheduler"),
        ("edit:user:alice", "an edit by alice"),
        ("odd", "odd"),
    ],
)
def test_actors(name: str, said: str) -> None:
    assert words.actor(name) == said


def test_json_is_escaped_and_told_apart() -> None:
    html = render({"<k>": ["<s>", 1, None]})
    assert '<span class="k">&quot;&lt;k&gt;&quot;</span>' in html
    assert '<span class="s">&quot;&lt;s&gt;&quot;</span>' in html
    assert '<span class="l">null</span>' in html


@dataclass
class Run:
    """As much of a run as the strip looks at."""

    status: str
    duration_ms: int | None = 1000
    started_at: datetime | None = NOW
    id: str = "x"


def test_the_strip_ends_at_now_and_goes_on_with_hollow_ticks() -> None:
    strip = draw([Run(Status.SUCCEEDED)] * 3, [NOW + timedelta(hours=n) for n in range(1, 30)], now=NOW)
    assert len(strip.ticks) == 10
    assert max(bar.x + bar.width for bar in strip.bars) <= strip.now_x
    assert min(tick.x for tick in strip.ticks) > strip.now_x
    assert strip.label == "Last 3 runs: 3 succeeded; next in 60 min"


def test_height_is_run_time_from_zero() -> None:
    half, whole = draw([Run(Status.SUCCEEDED, 500), Run(Status.SUCCEEDED, 1000)], [], now=NOW).bars
    assert half.height == pytest.approx(whole.height / 2, abs=0.1)


def test_outcomes_differ_in_shape_and_not_only_in_colour() -> None:
    good, bad, skipped, cancelled = draw(
        [Run(Status.SUCCEEDED), Run(Status.FAILED), Run(Status.SKIPPED, None), Run(Status.CANCELLED)], [], now=NOW
    ).bars
    assert bad.y + bad.height > good.y + good.height
    assert skipped.height < good.height / 4
    assert cancelled.is_hollow
    assert not good.is_hollow


def test_only_the_last_fifty_are_drawn() -> None:
    assert len(draw([Run(Status.SUCCEEDED)] * 80, [], now=NOW).bars) == 50
    assert draw([], [], now=NOW).label == "No runs yet; nothing planned"


@pytest.mark.parametrize("count", [0, 1, 7, 80])
def test_the_strip_of_a_row_is_the_wide_one_made_small(count: int) -> None:
    statuses = list(Status)
    runs = [Run(statuses[n % len(statuses)], None if n % 5 == 4 else 37 * n) for n in range(count)]
    slots = [NOW + timedelta(hours=n) for n in range(count % 7)]
    wide, row = draw(runs, slots, now=NOW), small(runs, slots, now=NOW)
    drawn = re.findall(
        r'<rect class="bar is-(\w+)(?: hollow)?" x="([\d.]+)" y="([\d.]+)" width="2.1" height="([\d.]+)"', row
    )
    assert [(status, float(x)) for status, x, *_ in drawn] == [(bar.run.status, bar.x / 4) for bar in wide.bars]
    share = 22 / 72
    for (_, _, y, height), bar in zip(drawn, wide.bars, strict=True):
        assert float(y) == pytest.approx(bar.y * share, abs=0.2)
        assert float(height) == pytest.approx(bar.height * share, abs=0.2)
    assert row.count('<rect class="tick"') == len(wide.ticks)
    assert f'aria-label="{wide.label}"' in row


def test_what_a_strip_says_of_a_run_is_escaped_and_leads_to_it() -> None:
    (bar,) = draw([Run(Status.FAILED, id="7")], [], now=NOW).bars
    shape = replace(bar, title='<"&>').shape
    assert shape.startswith('<a href="/runs/7/" tabindex="-1" aria-label="&lt;&quot;&amp;&gt;">')
    assert "<title>&lt;&quot;&amp;&gt;</title>" in shape
    assert f'<rect class="bar is-failed" x="{bar.x}" y="{bar.y}" width="8.4" height="{bar.height}" />' in shape


def test_a_bar_of_a_row_is_put_together_from_what_was_made_once() -> None:
    runs = [Run(status, 37 * n) for n, status in enumerate(list(Status) * 5)]
    small(runs, [], now=NOW)
    with counted_calls() as none:
        small([], [], now=NOW)
    with counted_calls() as all_of_them:
        small(runs, [], now=NOW)
    assert (all_of_them.total() - none.total()) / len(runs) < 4


@pytest.mark.parametrize(
    ("per_day", "said"),
    [
        (96, "96 runs a day"),
        (1, "1 run a day"),
        (1440, "1,440 runs a day"),
        (36 * 5 / 7, "about 26 runs a day"),
        (5 / 7, "5 runs a week"),
        (10 / 7, "10 runs a week"),
        (1 / 7, "1 run a week"),
        (12 / 365.2425, "1 run a month"),
        (7 / 365.2425, "7 runs a year"),
        (1 / 365.2425, "1 run a year"),
        (1 / 3, "about 10 runs a month"),
        (97 / 400 / 365.2425, "about 1 run in 4 years"),
    ],
)
def test_how_often_is_said_in_whole_numbers(per_day: float, said: str) -> None:
    assert words.pace(per_day) == said


def test_an_instant_is_said_in_another_zone_only_where_its_clock_differs() -> None:
    with timezone.override("Europe/Berlin"):
        assert words.exact(NOW, "Europe/Paris") == words.exact(NOW) == "Tue 24 Nov 2026, 13:00:00 CET"
        both = "Tue 24 Nov 2026, 13:00:00 CET · Tue 24 Nov 2026, 17:30:00 IST, Asia/Kolkata"
        assert words.exact(NOW, "Asia/Kolkata") == both
        assert words.exact(NOW, "Mars/Olympus").startswith("Tue 24 Nov 2026, 13:00:00 CET")


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (NOW - timedelta(days=5), NOW, "today 13:00"),
        (NOW - timedelta(days=5), NOW - timedelta(days=2), "22 Nov 13:00"),
        (NOW - timedelta(days=5), NOW - timedelta(days=5, hours=-4), "17:00"),
        (NOW - timedelta(hours=2), NOW, "13:00"),
        (NOW, NOW + timedelta(days=1), "tomorrow 13:00"),
    ],
)
def test_the_end_of_a_range_has_its_day_unless_it_began_on_it(start: datetime, end: datetime, said: str) -> None:
    with timezone.override("Europe/Berlin"):
        assert words.clock_after(end, start, NOW) == said
