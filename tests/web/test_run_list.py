"""The list of runs."""

from html import unescape
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import RunAttempt, ScheduledTask, TaskRun
from tasks_app.selectors import run_counts
from tasks_app.selectors.run_counts import counts_within, ended_counts
from tasks_app.selectors.run_list import RunFilters
from tasks_app.services import outcomes
from tasks_app.states import Reason
from tests import runs
from tests.calls import counted_calls
from tests.web.conftest import MakeTask
from tests.web.reading import text, value


@pytest.fixture
def several(alice: User, task: ScheduledTask) -> dict[str, TaskRun]:
    """A run in each of four states."""
    made = {name: runs.make_run(alice, task, tags=[name]) for name in ("queued", "running", "failed", "cancelled")}
    runs.claim(made["running"])
    runs.claim(made["failed"])
    runs.fail(made["failed"])
    runs.cancel(made["cancelled"])
    return made


def test_no_filter_offers_what_does_not_exist_yet(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    runs.make_run(alice, task)
    for address in ("/runs/", f"/tasks/{task.pk}/"):
        html = as_alice.get(address).content.decode()
        assert 'value="backfill"' in html
        for word in ("workflow", "continuation", "batch", "parent"):
            assert f'value="{word}"' not in html


def shown(client: Client, query: str = "") -> list[object]:
    return [run.id for run in client.get(f"/runs/{query}").context["runs"]]


def test_newest_first_with_what_went_wrong(as_alice: Client, several: dict[str, TaskRun]) -> None:
    assert shown(as_alice) == [run.id for run in reversed(several.values())]
    assert "ValueError: no" in text(as_alice.get("/runs/"))


@pytest.mark.parametrize("status", ["queued", "running", "failed", "cancelled"])
def test_tabs_by_state(as_alice: Client, several: dict[str, TaskRun], status: str) -> None:
    assert shown(as_alice, f"?status={status}") == [several[status].id]


def test_a_run_that_was_cancelled_between_two_attempts_says_when_the_last_one_began(
    as_alice: Client, alice: User, task: ScheduledTask
) -> None:
    run = runs.make_run(alice, task)
    failure = outcomes.Failure(reason=Reason.HANDLER_ERROR, error="ValueError: no")
    outcomes.attempt_failed(runs.hold(run), failure)
    runs.cancel(run)
    (attempt,) = RunAttempt.objects.all()
    assert attempt.started_at is not None
    begun = f'<time datetime="{attempt.started_at.isoformat()}"'
    for address in ("/runs/", f"/runs/{run.pk}/row/", f"/tasks/{task.pk}/"):
        cells = as_alice.get(address).content.decode().split(f'data-run="{run.pk}"')[1].split("</tr>")[0]
        assert begun in cells, address


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?status=needs", ["failed"]),
        ("?tag=running", ["running"]),
        ("?search=valueerror", ["failed"]),
        ("?reason=handler_error", ["failed"]),
        ("?worker=tests@here&status=running", ["running"]),
        ("?queue=critical", []),
        ("?trigger=schedule", []),
        ("?type=nonsense", []),
        ("?search=nightly&status=queued", ["queued"]),
        ("?task=nonsense&before=nonsense&search=%00&status=queued", ["queued"]),
    ],
)
def test_filters(as_alice: Client, several: dict[str, TaskRun], query: str, expected: list[str]) -> None:
    assert shown(as_alice, query) == [several[name].id for name in expected]


@pytest.mark.parametrize(
    ("query", "folded"), [("", 0), ("?status=failed&search=x", 0), ("?tag=a&worker=w", 2), ("?type=http_request", 1)]
)
def test_what_is_folded_on_a_narrow_screen_stands_open_where_it_narrows_the_list(
    as_alice: Client, query: str, folded: int
) -> None:
    html = as_alice.get(f"/runs/{query}").content.decode()
    assert ('<details class="unfold" open>' in html) is bool(folded)
    assert f'<span class="num">{folded}</span></summary>' in html or not folded


def test_a_run_is_found_by_its_id(as_alice: Client, several: dict[str, TaskRun]) -> None:
    assert shown(as_alice, f"?search={several['queued'].id}") == [several["queued"].id]


def test_runs_of_one_task(as_alice: Client, alice: User, make: MakeTask, several: dict[str, TaskRun]) -> None:
    other = make("Other")
    run = runs.make_run(alice, other)
    assert shown(as_alice, f"?task={other.pk}") == [run.id]
    assert "Runs of Other" in text(as_alice.get(f"/runs/?task={other.pk}"))


def tabs(client: Client, query: str) -> dict[str, str]:
    """The states with how many runs they say there are."""
    return {tab["value"]: tab["count"] for tab in client.get(f"/runs/{query}").context["tabs"] if tab["count"]}


def test_the_tabs_count_what_the_list_holds_in_each_state(
    as_alice: Client, as_staff: Client, alice: User, make: MakeTask, several: dict[str, TaskRun]
) -> None:
    other = make("Other")
    for _ in range(2):
        runs.cancel(runs.make_run(alice, other))
    runs.make_run(alice, other, type="export_report")
    everywhere = {"needs": "1", "running": "1", "queued": "2", "failed": "1", "cancelled": "3"}
    assert tabs(as_alice, "") == tabs(as_alice, "?status=failed") == everywhere
    for client, query, expected in (
        (as_alice, f"?task={other.pk}", {"queued": "1", "cancelled": "2"}),
        (as_alice, "?within=1h", everywhere),
        (as_alice, "?to=2026-01-01", {}),
        (as_staff, "?type=export_report", {"queued": "1"}),
    ):
        assert tabs(client, query) == expected, query
        for status, count in expected.items():
            assert len(shown(client, f"{query}&status={status}")) == int(count), (query, status)


def test_the_tabs_are_counted_by_the_database(alice: User, task: ScheduledTask) -> None:
    def calls() -> int:
        with counted_calls() as count:
            assert ended_counts(alice)[0]["cancelled"] == len(made)
            within = counts_within(alice, RunFilters(task=task.pk))
            assert within is not None
            assert within[0]["cancelled"] == len(made)
        return count.total()

    made = [runs.make_run(alice, task)]
    runs.cancel(made[0])
    calls()  # what is made once is made now
    few = calls()
    for _ in range(20):
        made.append(runs.make_run(alice, task))
        runs.cancel(made[-1])
    assert calls() == few


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("type=http_request", {"running", "queued", "failed", "needs", "cancelled"}),
        ("search=nightly", {"running", "queued", "failed", "needs", "cancelled"}),
        ("reason=user", {"cancelled"}),
        ("tag=queued", {"queued"}),
        ("search=status:failed+nightly", {"failed", "needs"}),
        ("tag=no-such", set()),
    ],
)
def test_the_tabs_count_within_what_else_narrows_the_list(
    as_alice: Client, several: dict[str, TaskRun], query: str, told: set[str]
) -> None:
    assert tabs(as_alice, f"?{query}") == dict.fromkeys(told, "1")


@pytest.mark.parametrize("query", ["reason=user", "search=nightly"])
def test_such_counts_look_at_the_newest_runs_alone(
    as_alice: Client, alice: User, several: dict[str, TaskRun], monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    for name in ("RECENT", "NEAR"):
        monkeypatch.setattr(run_counts, name, 1)
    runs.make_run(alice)
    assert tabs(as_alice, f"?{query}") == {}


def test_a_narrowed_list_asks_whether_newer_runs_match_before_it_says_so(
    as_alice: Client, alice: User, several: dict[str, TaskRun]
) -> None:
    assert "data-newer" in as_alice.get("/runs/?status=failed").content.decode()
    for query in ("?type=http_request&status=queued", "?type=export_report"):
        page = as_alice.get(f"/runs/{query}").content.decode()
        assert "data-newer" not in page
        address = unescape(page.split('id="run-newer"')[1].split('hx-get="')[1].split('"')[0])

        def told(address: str = address) -> str:
            return as_alice.get(address, headers={"HX-Request": "true", "HX-Target": "run-newer"}).content.decode()

        runs.make_run(alice, type="send_email")
        assert "newer run" not in told()
        runs.make_run(alice, type=query.split("=")[1].split("&")[0])
        assert "1 newer run. Show it" in told()
        assert f'href="/runs/{query}"'.replace("&", "&amp;") in told()


def test_a_narrowed_list_of_a_state_tells_of_runs_that_come_into_it_late(as_alice: Client, alice: User) -> None:
    late, shown = (runs.make_run(alice, type="http_request") for _ in range(2))
    for run in (late, shown):
        runs.claim(run)
    runs.fail(shown)
    page = as_alice.get("/runs/?type=http_request&status=failed").content.decode()
    address = unescape(page.split('id="run-newer"')[1].split('hx-get="')[1].split('"')[0])
    headers = {"HX-Request": "true", "HX-Target": "run-newer"}
    assert b"newer run" not in as_alice.get(address, headers=headers).content
    runs.fail(late)
    assert "1 newer run. Show it" in as_alice.get(address, headers=headers).content.decode()
    for drawn in (UUID(int=0), UUID(int=2**128 - 1), "x"):
        asked = address.partition("&drawn=")[0] + f"&drawn={drawn}"
        assert as_alice.get(asked, headers=headers).status_code == 200


def test_a_task_that_one_may_not_see_filters_to_nothing_here(as_charlie: Client, task: ScheduledTask) -> None:
    assert as_charlie.get(f"/runs/?task={task.pk}").status_code == 200
    assert b"Nightly" not in as_charlie.get(f"/runs/?task={task.pk}").content


def test_pages_go_back_in_time_without_gaps(as_alice: Client, alice: User) -> None:
    made = [runs.make_run(alice).id for _ in range(53)]
    first = as_alice.get("/runs/")
    second = as_alice.get("/runs/", {"before": first.context["older"]})
    seen = [run.id for run in [*first.context["runs"], *second.context["runs"]]]
    assert seen == list(reversed(made))
    assert second.context["older"] is None
    assert "Newest" in text(second)


def test_nothing_yet_and_nothing_found_are_told_apart(as_alice: Client) -> None:
    assert "Nothing has run yet" in text(as_alice.get("/runs/"))
    assert "No run matches" in text(as_alice.get("/runs/?status=failed"))


def test_charlie_sees_none_of_alices(as_charlie: Client, several: dict[str, TaskRun]) -> None:
    assert shown(as_charlie) == []


def test_the_number_of_queries_does_not_grow(
    as_alice: Client, alice: User, make: MakeTask, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        runs.claim(runs.make_run(alice, make(f"Task {number}")))
    with django_assert_max_num_queries(16):
        as_alice.get("/runs/")


def test_a_day_in_the_address_stands_in_the_fields_of_the_range(as_alice: Client) -> None:
    as_alice.cookies["zone"] = "Europe/Berlin"
    page = as_alice.get("/runs/?from=2026-11-22&to=2026-11-23T10:30:00Z")
    assert (value(page, "from"), value(page, "to")) == ("2026-11-22T00:00", "2026-11-23T11:30")
    assert page.content.decode().count('type="datetime-local"') == 4
    page = as_alice.get("/runs/?from=nonsense")
    assert value(page, "from") == "nonsense"
    assert page.content.decode().count('type="datetime-local"') == 3, "it would not show what was typed"
