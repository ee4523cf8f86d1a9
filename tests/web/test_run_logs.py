"""The log of a run: narrowed, read from anywhere, and taken away."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tasks_app.models import RunLog, TaskRun, db_now
from tasks_app.selectors.run_logs import LogFilter, log_find
from tests import runs
from tests.web.reading import text

LINES = [
    ("debug", "page 1"),
    ("info", "Reading"),
    ("warning", "No net amount"),
    ("error", "Broken <pipe>"),
    ("odd", "?"),
]


@pytest.fixture
def run(alice: User) -> TaskRun:
    """A run that has said five things, in two chunks."""
    made = runs.make_run(alice)
    at = db_now().isoformat()
    told = [[at, level, message] for level, message in LINES]
    RunLog.objects.create(run=made, first_line=1, line_count=2, lines=told[:2])
    RunLog.objects.create(run=made, first_line=3, line_count=3, lines=told[2:])
    TaskRun.objects.filter(id=made.id).update(log_lines=5)
    return runs.fresh(made)


def said(run: TaskRun, **wanted: str) -> list[int]:
    return [line["n"] for line in log_find(run, LogFilter(**wanted)).lines]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"level": "info"}, [2, 3, 4, 5]),
        ({"level": "error"}, [4, 5]),
        ({"find": "READING"}, [2]),
        ({"find": "e", "level": "warning"}, [3, 4]),
        ({"find": "nothing"}, []),
    ],
)
def test_a_level_and_what_is_worse_and_words(run: TaskRun, wanted: dict[str, str], expected: list[int]) -> None:
    assert said(run, **wanted) == expected


def test_it_goes_on_behind_the_last_line_that_was_looked_at(run: TaskRun) -> None:
    first = log_find(run, LogFilter(level="info"), limit=2)
    assert ([line["n"] for line in first.lines], first.reached, first.is_more) == ([2, 3], 3, True)
    rest = log_find(run, LogFilter(level="info"), after=first.reached, limit=2)
    assert ([line["n"] for line in rest.lines], rest.is_more) == ([4, 5], False)


def test_one_answer_looks_through_so_many_lines_and_no_more(run: TaskRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks_app.selectors.run_logs.SCANNED", 3)
    first = log_find(run, LogFilter(find="broken"))
    assert (first.lines, first.reached, first.is_more) == ([], 3, True)
    assert [line["n"] for line in log_find(run, LogFilter(find="broken"), after=3).lines] == [4]


def test_the_page_keeps_what_was_asked_in_its_address(as_alice: Client, run: TaskRun) -> None:
    response = as_alice.get(reverse("run-detail", args=[run.pk]), {"level": "warning", "find": "pipe"})
    assert "Broken <pipe>" in text(response)
    assert "Reading" not in text(response)
    assert f"/runs/{run.pk}/log/?level=warning&amp;find=pipe" in response.content.decode()
    assert "Reading" in text(as_alice.get(reverse("run-detail", args=[run.pk]), {"level": "nonsense"}))
    assert "No line matches" in text(as_alice.get(reverse("run-detail", args=[run.pk]), {"find": "zzz"}))


def test_appended_lines_are_narrowed_alike(as_alice: Client, run: TaskRun) -> None:
    words = text(as_alice.get(reverse("run-log", args=[run.pk]), {"level": "warning", "after": "3"}))
    assert "Broken" in words
    assert "No net amount" not in words


def test_it_is_taken_away_as_text(as_alice: Client, as_charlie: Client, run: TaskRun) -> None:
    address = reverse("run-log-download", args=[run.pk])
    response = as_alice.get(address)
    lines = b"".join(response.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert [line.split(maxsplit=2)[1:] for line in lines][3] == ["ERROR", "Broken <pipe>"]
    assert len(lines) == 5
    assert response["Content-Disposition"] == f'attachment; filename="run-{run.pk}.log"'
    narrowed = b"".join(as_alice.get(address, {"level": "error"}).streaming_content)  # type: ignore[attr-defined]
    assert len(narrowed.splitlines()) == 2
    assert as_charlie.get(address).status_code == 404


def test_what_is_worth_a_look_says_so_in_a_word_and_not_by_its_colour_alone(as_alice: Client, run: TaskRun) -> None:
    html = as_alice.get(reverse("run-log", args=[run.pk])).content.decode()
    assert "<small>warning</small>" in html
    assert "<small>error</small>" in html
    assert "<small>info</small>" not in html


def test_new_lines_come_with_the_number_of_all(as_alice: Client, run: TaskRun) -> None:
    page = as_alice.get(reverse("run-detail", args=[run.pk])).content.decode()
    assert '<span id="log-count">5 lines so far</span>' in page
    news = as_alice.get(reverse("run-log", args=[run.pk])).content.decode()
    assert '<span id="log-count" hx-swap-oob="true">5 lines so far</span>' in news


def test_of_a_log_that_is_narrowed_the_number_of_those_shown_is_told(as_alice: Client, run: TaskRun) -> None:
    page = as_alice.get(reverse("run-detail", args=[run.pk]), {"find": "pipe"}).content.decode()
    assert '<span id="log-count">1 of 5 lines so far</span>' in page
    news = as_alice.get(
        reverse("run-log", args=[run.pk]), {"level": "error", "after": "4", "shown": "1"}
    ).content.decode()
    assert '<span id="log-count" hx-swap-oob="true">2 of 5 lines so far</span>' in news


def test_new_lines_say_whether_there_are_more(as_alice: Client, run: TaskRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks_app.web.run_logs.LINES", 2)
    address, narrowed = reverse("run-log", args=[run.pk]), {"level": "info"}
    first = as_alice.get(address, narrowed)
    assert "More lines" in text(first)
    assert f'href="/runs/{run.pk}/?level=info&amp;after=3#log-section"' in first.content.decode()
    last = as_alice.get(address, {**narrowed, "after": "3"})
    assert "More lines" not in text(last)
    assert 'data-reached="5"' in last.content.decode()
