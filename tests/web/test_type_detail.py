"""The page of a task type: how its runs fared, and where its tasks and runs are."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import TaskShare, db_now
from tasks_app.models.rollup import BOUNDS_MS
from tasks_app.selectors.rollups import Figures, span_figures
from tasks_app.web.minute_bars import BASELINE
from tasks_app.web.run_time_bars import draw
from tests.runs import make_run
from tests.services.ended import count_all, ended, insert, made_and_ended
from tests.web.conftest import MakeTask
from tests.web.reading import text

PAGE = "/settings/types/http_request/"
DAY = timedelta(days=1)


def history(owner: User) -> None:
    """Of yesterday: 20 successes of 3 s, one of 45 s, two failures of 1.5 s, one skip; an old one, and another type."""
    at = db_now() - DAY
    good = [ended(owner, at, ms=ms) for ms in (*[3_000] * 20, 45_000)]
    bad = [ended(owner, at, ms=1_500, status="failed", failures=2) for _ in range(2)]
    others = [ended(owner, at - 8 * DAY), ended(owner, at, type="send_email")]
    insert([*good, *bad, ended(owner, at, status="skipped"), *others])


def drawn(*times: int) -> Figures:
    """Figures of runs that took so long."""
    classes = tuple(
        sum(low < ms <= high for ms in times) for low, high in zip((-1, *BOUNDS_MS), BOUNDS_MS, strict=False)
    )
    rest = sum(ms > BOUNDS_MS[-1] for ms in times)
    longest = max(times, default=0)
    return Figures(len(times), 0, 0, 0, 0, 0.0, longest, longest, longest, 1.0, True, (*classes, rest))


@pytest.mark.parametrize("is_counted", [False, True])
def test_the_page_tells_how_its_runs_fared(as_alice: Client, alice: User, is_counted: bool) -> None:
    history(alice)
    if is_counted:
        count_all()
    page = as_alice.get(PAGE)
    shown = text(page)
    assert "23 ran 21 succeeded, 91.3 % 2 failed 1 skipped 2 tried again" in shown
    assert re.search(r"(\S+ s) it usually takes Half of 23 runs ended within \1, 19 of 20 within", shown)
    assert "Run time Runs 1 s to 2.5 s 2 2.5 s to 5 s 20 30 s to 1 min 1" in shown
    html = page.content.decode()
    for address in ("/runs/?type=http_request", "/tasks/?type=http_request", "status=failed"):
        assert address in html, address


def test_it_tells_only_of_what_the_reader_may_see(
    as_alice: Client, as_charlie: Client, alice: User, charlie: User, make: MakeTask
) -> None:
    assert "No run of this type ended." in text(as_alice.get(PAGE))
    task = make()
    insert([ended(alice, db_now() - DAY), ended(alice, db_now() - DAY, task)])
    count_all()
    assert "2 ran" in text(as_alice.get(PAGE))
    assert "No run of this type ended." in text(as_charlie.get(PAGE))
    TaskShare.objects.create(task=task, user=charlie, level="view")
    assert "1 ran" in text(as_charlie.get(PAGE))


@pytest.mark.parametrize("page", [PAGE, "/settings/types/"])
def test_each_number_leads_to_the_runs_that_it_counts(as_alice: Client, alice: User, page: str) -> None:
    history(alice)
    at = db_now() - DAY
    made_and_ended(alice, at - 8 * DAY, at)
    many = ended(alice, at, status="skipped", scheduled_for=at, range_to=at, range_count=70)
    insert([ended(alice, at, status="cancelled"), many])
    make_run(alice)
    html = as_alice.get(page).content.decode()
    links = re.findall(r'<a href="(/runs/[^"]*http_request&amp;[^"]*)"[^>]*>\s*(.*?)</a>', html, re.DOTALL)
    counted = {}
    for address, words in links:
        number, *said = re.sub(r"<[^>]+>", " ", words).split()
        counted[said[0].rstrip(",")] = int(number)
        assert len(as_alice.get(unescape(address)).context["runs"]) == int(number), address
    others = {"succeeded": 22, "failed": 2, "cancelled": 1} if page == PAGE else {"failed": 2}
    assert counted == {"ran" if page == PAGE else "runs": 24, **others}


def test_what_was_skipped_leads_nowhere(as_alice: Client, alice: User) -> None:
    history(alice)
    page = as_alice.get(PAGE)
    assert "1 skipped" in text(page)
    assert "status=skipped" not in page.content.decode()


@pytest.mark.parametrize("name", ["http_request", "send_email"])
def test_its_lists_have_its_own_alone(as_alice: Client, alice: User, make: MakeTask, name: str) -> None:
    task, at = make(), db_now()
    own, _ = insert([ended(alice, at, task, status="failed"), ended(alice, at, type="celery_task", status="failed")])
    tasks, runs = as_alice.get(f"/tasks/?type={name}"), as_alice.get(f"/runs/?type={name}&status=failed")
    is_its_type = name == "http_request"
    assert [row["task"].pk for row in tasks.context["rows"]] == [task.pk] * is_its_type
    assert [run.pk for run in runs.context["runs"]] == [own.pk] * is_its_type


def test_the_number_of_queries_does_not_grow(
    as_alice: Client, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    as_alice.get(PAGE)
    with django_assert_max_num_queries(16):
        as_alice.get(PAGE)
    insert([ended(alice, db_now() - hours * timedelta(hours=1), ms=hours) for hours in range(150)])
    count_all()
    with django_assert_max_num_queries(16):
        as_alice.get(PAGE)


def test_bars_stand_on_the_line_between_their_bounds() -> None:
    assert draw(drawn()) is None
    chart = draw(drawn(3_000, 3_000, 45_000))
    assert chart is not None
    assert [(bar.said, bar.count) for bar in chart.bars] == [("2.5 s to 5 s", 2), ("30 s to 1 min", 1)]
    assert [mark.text for mark in chart.marks] == ["2.5 s", "5 s", "10 s", "30 s", "1 min"]
    first, second = chart.bars
    assert first.x < second.x
    assert first.y + first.height == BASELINE
    assert second.height == pytest.approx(first.height / 2)
    assert chart.title == "Half of 3 runs ended within 45 s, at most 45 s"


def test_few_bounds_are_named_however_far_apart_the_times_are() -> None:
    chart = draw(drawn(0, 10_000_000))
    assert chart is not None
    assert [bar.said for bar in chart.bars] == ["up to 1 ms", "more than 2 h"]
    assert len(chart.marks) <= 7
    assert chart.marks[-1].text == "2 h"
    one = draw(drawn(42))
    assert one is not None
    assert one.title == "One run, of 42 ms"


def test_figures_without_times_have_no_classes(alice: User) -> None:
    insert([ended(alice, db_now())])
    found = span_figures(alice, db_now() - DAY, db_now() + DAY, with_times=False)
    assert (found.classes, found.median_ms, found.succeeded) == ((), None, 1)
