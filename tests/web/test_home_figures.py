"""Home and the list of types: today beside last week, runs per minute, what waits and who works."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tasks_app.models import Queue, ScheduledTask, TaskRun, db_now
from tasks_app.selectors.rollups import Ended
from tasks_app.services.rollups import rollup_count
from tasks_app.web import minute_bars
from tasks_app.web.home_figures import percent
from tasks_app.web.pulse import DAY
from tests import runs
from tests.ops.conftest import make_worker
from tests.web.reading import text


def ended(owner: User, *, ago: timedelta, fails: bool = False, seconds: float = 2.0) -> TaskRun:
    """A run that ended so long ago."""
    run = runs.make_run(owner)
    runs.claim(run)
    (runs.fail if fails else runs.succeed)(run)
    at = db_now() - ago
    times = {"started_at": at - timedelta(seconds=seconds), "finished_at": at}
    TaskRun.objects.filter(id=run.id).update(**times)
    return run


def test_today_stands_beside_last_week(as_alice: Client, alice: User) -> None:
    for number in range(10):
        ended(alice, ago=timedelta(days=2, minutes=number), seconds=1.0)
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    since = (timezone.localtime() - midnight) / 2
    for fails in (False, False, False, True):
        ended(alice, ago=since, fails=fails, seconds=3.0)
    runs.cancel(runs.make_run(alice))
    without_need = runs.make_run(alice)
    runs.claim(without_need)
    runs.skip(without_need)
    while rollup_count("tests"):
        pass
    page = text(as_alice.get("/"))
    assert "75 % 3 succeeded today 1 failed, 1 skipped, 1 cancelled, 25 points below last week" in page
    assert "3.0 s mean run time today last week 1.0 s" in page


@pytest.mark.parametrize(
    ("fail_before", "fail_today", "said"),
    [
        (0, 0, "100 % 2 succeeded today same rate as last week"),
        (2, 0, "100 % 2 succeeded today 50 points above last week"),
        (2, 2, "50 % 2 succeeded today 2 failed, same rate as last week"),
        (None, 0, "100 % 2 succeeded today none failed"),
        (None, 2, "50 % 2 succeeded today 2 failed"),
        (2, None, "– succeeded today last week 50 %"),
    ],
)
def test_the_counts_of_today_stand_beside_the_rate_whatever_last_week_was(
    as_alice: Client, alice: User, fail_before: int | None, fail_today: int | None, said: str
) -> None:
    today = timezone.localtime() - timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    for fails, ago in ((fail_before, timedelta(days=2)), (fail_today, today / 2)):
        for failed in [] if fails is None else [False] * 2 + [True] * fails:
            ended(alice, ago=ago, fails=failed)
    assert f"{said} " in text(as_alice.get("/"))


def test_without_runs_nothing_is_claimed(as_alice: Client, task: ScheduledTask) -> None:
    page = text(as_alice.get("/"))
    assert "– succeeded today none ended in 7 days" in page
    assert "No run succeeded or failed within the last hour" in page


def test_a_run_that_was_cancelled_has_ended(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    runs.cancel(runs.make_run(alice, task))
    assert "– succeeded today 1 cancelled" in text(as_alice.get("/"))


def test_what_others_ran_counts_for_them_alone(as_alice: Client, charlie: User, task: ScheduledTask) -> None:
    ended(charlie, ago=timedelta(seconds=5))
    assert "No run succeeded or failed within the last hour" in text(as_alice.get("/"))


def test_the_types_say_how_their_runs_fared_of_what_the_reader_sees(
    as_alice: Client, as_charlie: Client, alice: User
) -> None:
    for fails in (False, False, True):
        ended(alice, ago=timedelta(hours=1), fails=fails, seconds=3)
    page = as_alice.get("/settings/types/")
    assert "3 runs , 1 failed 3.0 s on average" in text(page)
    assert "/runs/?type=http_request&amp;ended_from=" in page.content.decode()
    assert "on average" not in text(as_charlie.get("/settings/types/"))


def test_workers_and_what_waits_are_told(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    assert "0 workers alive start one" in text(as_alice.get("/"))
    make_worker(concurrency=4, running=3)
    runs.make_run(alice, task)
    page = text(as_alice.get("/"))
    assert "1 worker alive 3 of 4 children busy" in page
    assert "1 waiting for a worker the oldest for" in page


def test_the_longest_wait_is_that_of_the_run_that_was_queued_first_whichever_was_made_first(
    as_alice: Client, alice: User, task: ScheduledTask
) -> None:
    handed_back = runs.make_run(alice, task, queued_at=db_now() - timedelta(hours=5))
    runs.make_run(alice, task, queued_at=db_now() - timedelta(hours=2))
    runs.claim(handed_back)
    runs.hand_back(handed_back)
    assert "2 waiting for a worker the oldest for 2 h" in text(as_alice.get("/"))


def test_what_waits_in_a_paused_queue_is_told_beside_what_waits(
    as_alice: Client, as_charlie: Client, alice: User, charlie: User, task: ScheduledTask
) -> None:
    for _ in range(2):
        runs.make_run(alice, task)
    runs.make_run(charlie, queue="critical")
    Queue.objects.filter(name="default").update(paused_at=db_now(), paused_by="user:sam")
    page = as_alice.get("/")
    assert "2 waiting in a paused queue the oldest for" in text(page)
    assert re.search(r'<a href="/settings/paused/"><b>2</b>', page.content.decode())
    runs.make_run(alice, task, queue="critical")
    page = as_alice.get("/")
    assert "3 waiting, 2 paused the oldest for" in text(page)
    assert re.search(r'<a href="/runs/\?status=queued"><b>3</b>', page.content.decode())
    assert "1 waiting for a worker" in text(as_charlie.get("/"))


def test_operators_go_on_to_the_workers_and_others_have_nowhere_to_go(
    as_alice: Client, as_staff: Client, task: ScheduledTask
) -> None:
    figures = {"HX-Request": "true", "HX-Target": "home-figures"}
    for headers in (None, figures):
        theirs = as_alice.get("/", headers=headers).content.decode()
        assert re.search(r"<p[^>]*><b>0</b><span>workers alive", theirs)
        of_staff = as_staff.get("/", headers=headers).content.decode()
        assert re.search(r'<a href="/workers/"[^>]*><b>0</b><span>workers alive', of_staff)


def test_the_chart_of_minutes_is_live_and_there_as_a_table(as_alice: Client, alice: User) -> None:
    ended(alice, ago=timedelta(seconds=5))
    ended(alice, ago=timedelta(seconds=5), fails=True)
    headers = {"HX-Request": "true", "HX-Target": "home-pulse"}
    part = as_alice.get("/", headers=headers)
    assert "2 runs ended within the last hour, 1 failed" in text(part)
    assert "As a table" in text(part)
    assert "<html" not in part.content.decode()


def test_the_chart_looks_back_a_day_and_four_weeks_and_stays_so_while_it_is_live(as_alice: Client, alice: User) -> None:
    for ago in (timedelta(seconds=5), timedelta(hours=2), timedelta(days=9)):
        ended(alice, ago=ago)
    while rollup_count("tests"):
        pass
    headers = {"HX-Request": "true", "HX-Target": "home-pulse"}
    for span, said in (("hour", "1 run"), ("day", "2 runs"), ("weeks", "3 runs"), ("nonsense", "1 run")):
        part = as_alice.get(f"/?span={span}", headers=headers)
        assert f"{said} ended within the last" in text(part)
        assert f'hx-get="/?span={span}"' in part.content.decode()


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Asia/Kathmandu"])
def test_the_day_is_marked_every_six_hours_where_hours_begin_at_other_minutes(zone: str) -> None:
    with timezone.override(zone):
        start = timezone.now().replace(minute=0, second=0, microsecond=0)
        locals = [timezone.localtime(start - timedelta(hours=ago)) for ago in range(24)]
        assert sum(map(DAY.is_marked, locals)) == 4


@pytest.mark.parametrize(
    ("share", "said"),
    [(None, "–"), (1.0, "100 %"), (0.99999, "99.9 %"), (0.978, "97.8 %"), (0.5, "50 %"), (0.0, "0 %")],
)
def test_a_share_is_said_without_flattery(share: float | None, said: str) -> None:
    assert percent(share) == said


def test_bars_stand_on_zero_and_the_highest_is_named() -> None:
    start = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
    counts = [Ended(start + timedelta(minutes=n), good, bad) for n, (good, bad) in enumerate([(0, 0), (10, 0), (5, 5)])]
    chart = minute_bars.draw(counts)
    assert len(chart.bars) == 2, "a minute without runs draws nothing"
    whole, half = chart.bars
    assert whole.good == minute_bars.BASELINE - minute_bars.TOP
    assert (half.good, half.bad) == (whole.good / 2, whole.good / 2)
    assert chart.peak is not None
    assert chart.peak.text == "10"
