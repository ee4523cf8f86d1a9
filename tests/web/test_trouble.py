"""What is wrong with the platform, on the home page and on the page of a run that waits."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from tasks_app.models import Queue, TaskRun, Worker, db_now
from tasks_app.selectors import trouble
from tasks_app.selectors.health import live_workers
from tasks_app.web.words import clock
from tests import runs
from tests.ops.conftest import make_beat, make_worker
from tests.web.conftest import signed_in
from tests.web.reading import text

pytestmark = pytest.mark.usefixtures("valkey")
ASKED = {"HX-Request": "true", "HX-Target": "trouble"}


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    """What other tests have found is not believed."""
    trouble.forget()
    yield
    trouble.forget()


@pytest.fixture
def well(db: None) -> None:
    """A beat, and a worker for every queue."""
    make_worker()
    make_beat()


@pytest.fixture
def as_staff(staff: User) -> Client:
    """An operator's browser."""
    return signed_in(staff)


def stuck(owner: User) -> TaskRun:
    return runs.make_run(owner, queued_at=db_now() - timedelta(minutes=5))


@pytest.mark.usefixtures("well")
def test_a_platform_that_is_well_says_nothing_of_itself(as_staff: Client, as_alice: Client) -> None:
    for browser in (as_staff, as_alice):
        html = browser.get("/").content.decode()
        assert 'id="trouble"' in html
        assert 'class="trouble"' not in html


@pytest.mark.usefixtures("well")
def test_an_operator_reads_what_since_when_and_what_to_do(as_staff: Client, alice: User) -> None:
    stuck(alice)
    words = text(as_staff.get("/"))
    assert "Runs wait and nobody takes them since" in words
    assert "A run has waited in default for" in words
    assert "Restart carillon@here: it reports itself, but takes no run." in words


@pytest.mark.usefixtures("well")
def test_everybody_else_reads_what_they_feel_of_it(as_alice: Client, alice: User) -> None:
    stuck(alice)
    words = text(as_alice.get("/"))
    assert "Some runs are waiting and are not being started since" in words
    assert "carillon@here" not in words


def test_what_nobody_feels_is_for_operators_alone(as_alice: Client, as_staff: Client) -> None:
    make_worker()  # no beat: workers stand in for it
    assert 'class="trouble"' not in as_alice.get("/").content.decode()
    assert "The scheduler is silent" in text(as_staff.get("/"))


@pytest.mark.usefixtures("well")
def test_a_redis_that_is_away_is_said_since_when_it_was_noticed(
    as_staff: Client, as_alice: Client, settings: Settings
) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    assert "Redis does not do its part since" in text(as_staff.get("/"))
    assert "Runs start late, and pages follow" in text(as_alice.get("/"))


@pytest.mark.usefixtures("well")
def test_the_notice_is_answered_alone_for_the_page_that_asks_again(as_staff: Client, alice: User) -> None:
    stuck(alice)
    address = reverse("platform-trouble")
    html = as_staff.get(address, headers=ASKED).content.decode()
    assert html.strip().startswith('<div id="trouble"')
    assert "nobody takes" in html
    assert f'hx-get="{address}"' in html
    assert 'data-every="15"' in html
    assert Client().get(address, headers=ASKED).headers["HX-Trigger"] == "signed-out"


@pytest.mark.usefixtures("well")
def test_the_address_of_the_notice_leads_home_whoever_opens_it_by_itself(as_alice: Client) -> None:
    for address in (reverse("platform-trouble"), f"{reverse('platform-trouble')}?late=1"):
        response = as_alice.get(address)
        assert (response.status_code, response.headers["Location"]) == (302, "/")


@pytest.mark.usefixtures("well")
def test_what_comes_later_floats_and_what_was_there_keeps_its_place_until_all_is_well(
    as_staff: Client, alice: User
) -> None:
    address = reverse("platform-trouble")
    assert f'hx-get="{address}?late=1"' in as_staff.get("/").content.decode()
    run = stuck(alice)
    trouble.forget()
    late = as_staff.get(f"{address}?late=1", headers=ASKED).content.decode()
    assert 'class="trouble late"' in late
    assert f'hx-get="{address}?late=1"' in late
    there = as_staff.get("/").content.decode()
    assert 'class="trouble"' in there
    assert f'hx-get="{address}"' in there
    runs.cancel(run)
    trouble.forget()
    assert text(as_staff.get(address, headers=ASKED)) == "All is well again."
    assert text(as_staff.get(f"{address}?late=1", headers=ASKED)) == ""


@pytest.mark.usefixtures("well")
def test_it_is_asked_once_for_all_who_look(as_alice: Client) -> None:
    as_alice.get(reverse("platform-trouble"), headers=ASKED)
    with CaptureQueriesContext(connection) as asked:
        as_alice.get(reverse("platform-trouble"), headers=ASKED)
    assert not [one for one in asked if "tasks_app_worker" in one["sql"] or "tasks_app_queue" in one["sql"]]


def test_a_run_that_waits_says_that_nobody_serves_its_queue(as_alice: Client, alice: User) -> None:
    make_beat()
    make_worker(queues=["critical", "default"])
    page = reverse("run-detail", args=[runs.make_run(alice, queue="low-priority").pk])
    assert "No worker serves queue low-priority now; it starts as soon as one does." in text(as_alice.get(page))
    of_default = reverse("run-detail", args=[runs.make_run(alice).pk])
    assert "Waits for a worker in queue default." in text(as_alice.get(of_default))


@pytest.mark.usefixtures("well")
def test_a_run_that_waits_says_that_nothing_is_started(as_alice: Client, alice: User) -> None:
    stuck(alice)
    page = reverse("run-detail", args=[runs.make_run(alice).pk])
    assert "Runs are not being started now" in text(as_alice.get(page))


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize(("who", "named"), [("user:sam", " by sam"), ("", "")])
def test_a_run_in_a_paused_queue_says_so_before_anything_else(
    as_alice: Client, alice: User, settings: Settings, who: str, named: str
) -> None:
    page = reverse("run-detail", args=[runs.make_run(alice).pk])
    since = db_now() - timedelta(days=40)
    Queue.objects.filter(name="default").update(paused_at=since, paused_by=who)
    said = f"Queue default has been paused since {clock(since, db_now())}{named}; it starts once the queue goes on."
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    trouble.forget()
    assert said in text(as_alice.get(page))
    Queue.objects.update(paused_at=None)
    assert "Runs start once Redis is back" in text(as_alice.get(page))


@pytest.mark.usefixtures("well")
def test_what_is_paused_on_purpose_is_no_trouble(as_staff: Client, alice: User) -> None:
    stuck(alice)
    Queue.objects.update(paused_at=db_now())
    Worker.objects.update(queues=["other"])
    assert 'class="trouble"' not in as_staff.get("/").content.decode()


def test_without_redis_the_cause_is_said_and_not_what_follows_from_it(as_staff: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    trouble.forget()
    names = [found.name for found in trouble.troubles()]
    assert "broker" in names
    assert not {"workers", "claims", "upkeep"} & set(names)


@pytest.mark.usefixtures("well")
def test_all_is_asked_at_once_and_the_workers_are_read_once() -> None:
    with CaptureQueriesContext(connection) as asked:
        assert trouble.troubles() == []
    statements = [one["sql"] for one in asked]
    assert sum('"stopped_at" IS NULL' in sql and "tasks_app_worker" in sql for sql in statements) == 1
    assert sum("SET LOCAL" in sql for sql in statements) == (connection.vendor == "postgresql")
    Worker.objects.all().delete()
    assert live_workers() == []
