"""One run's page."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import RunAttempt, ScheduledTask, StoredFile, TaskRun, db_now
from tasks_app.services import lifecycle
from tasks_app.states import Reason
from tests import runs
from tests.web.reading import text

TRACE = """Traceback (most recent call last):
  File "/srv/app/task_handlers.py", line 3, in handler
    call(<secret>)
  File "/usr/lib/python3.11/site-packages/httpx/_client.py", line 1, in get
    raise
ValueError: no"""


def page(run: TaskRun) -> str:
    return reverse("run-detail", args=[run.pk])


def test_it_tells_how_it_went(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    run = runs.make_run(alice, task, payload={"url": "https://example.org/<b>"}, actor="user:alice")
    runs.claim(run)
    runs.log(run, "first line", "second <script>")
    runs.succeed(run)
    response = as_alice.get(page(run))
    words = text(response)
    assert [step.event.target for step in response.context["steps"]] == ["queued", "running", "succeeded"]
    assert "By hand, from Nightly by alice" in words
    assert "worker tests@here" in words
    assert "second <script>" in words
    assert "<script>" not in response.content.decode().split('id="log"')[1].split("</ol>")[0]
    assert '"url"' in words
    assert "https://example.org/<b>" in words
    assert '"ok" : true' in words or '"ok": true' in words


def test_what_came_of_it_stands_in_the_handlers_words_above_the_rest(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    lifecycle.succeed(runs.hold(run), result={"summary": "40 sent, 2 <refused>", "sent": 40})
    html = as_alice.get(page(run)).content.decode()
    assert '<p class="summary">40 sent, 2 &lt;refused&gt;</p>' in html
    block = html.split('class="summary"')[1]
    assert "&quot;sent&quot;" in block
    assert "&quot;summary&quot;" not in html


@pytest.mark.parametrize("result", [{"summary": ["no", "sentence"]}, "summary", ["summary"], 0])
def test_any_other_result_stands_as_it_is(as_alice: Client, alice: User, result: object) -> None:
    run = runs.make_run(alice)
    lifecycle.succeed(runs.hold(run), result=result)
    response = as_alice.get(page(run))
    assert 'class="summary"' not in response.content.decode()
    assert response.context["result"].rest == result


def test_a_sentence_alone_is_the_whole_result(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    lifecycle.succeed(runs.hold(run), result={"summary": "Nothing to do"})
    html = as_alice.get(page(run)).content.decode()
    assert html.count("Nothing to do") == 1


def test_a_failure_says_what_where_and_what_to_do(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    run = runs.make_run(alice, task)
    runs.claim(run)
    runs.fail(run)
    RunAttempt.objects.create(
        run=run, claim_no=1, number=1, outcome="handler_error", error_type="ValueError", traceback=TRACE,
        worker="tests@here", finished_at=db_now(),
    )  # fmt: skip
    response = as_alice.get(page(run))
    html = response.content.decode()
    for words in ("ValueError: no", "Retry with changes", "Dismiss", "The handler failed"):
        assert words in text(response)
    assert 'class="ours">  File &quot;/srv/app/task_handlers.py' in html
    assert 'class="theirs">  File &quot;/usr/lib/python3.11/site-packages' in html
    assert "call(&lt;secret&gt;)" in html
    for name in ("run-id", "run-error"):
        assert f'id="{name}"' in html
        assert f'data-copy="{name}"' in html


@pytest.mark.parametrize(("reason", "is_told"), [("timeout", True), ("handler_error", False)])
def test_what_to_do_is_told_where_the_error_does_not(
    as_alice: Client, alice: User, task: ScheduledTask, reason: str, is_told: bool
) -> None:
    run = runs.make_run(alice, task)
    told = lifecycle.Told("the run went past its time limit and was ended", "")
    lifecycle.fail(runs.hold(run), reason=Reason(reason), told=told, failures=1, crashes=0)
    assert ("Give the task a longer time limit" in text(as_alice.get(page(run)))) is is_told


@pytest.mark.parametrize(
    ("error_type", "trace", "is_open"),
    [
        ("ValueError", TRACE, True),
        ("Permanent", TRACE, False),
        ("RequestFailed", TRACE.replace("/srv/app/task_handlers", "/srv/carillon/tasks_app/kinds/http_request"), False),
        ("ValueError", "", True),
    ],
)
def test_the_traceback_of_a_surprise_stands_open(
    as_alice: Client, alice: User, error_type: str, trace: str, is_open: bool
) -> None:
    """What a handler refused in its own words needs no stack beside them, nor does a type that comes along."""
    run = runs.make_run(alice)
    runs.claim(run)
    runs.fail(run)
    RunAttempt.objects.create(
        run=run, claim_no=1, number=1, outcome="handler_error", error_type=error_type, traceback=trace,
        worker="tests@here", finished_at=db_now(),
    )  # fmt: skip
    assert ('class="fold attempt" open' in as_alice.get(page(run)).content.decode()) is is_open


def test_a_run_that_was_asked_to_stop_says_so(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    runs.ask_to_stop(run)
    assert "It has been asked to stop" in text(as_alice.get(page(run)))
    assert "/cancel/" not in as_alice.get(page(run)).content.decode()


def test_a_run_that_has_ended_without_a_word_has_no_log_that_is_read_on(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    assert "data-log=" in as_alice.get(page(run)).content.decode()
    runs.cancel(run)
    html = as_alice.get(page(run)).content.decode()
    assert "data-log=" not in html
    assert 'id="log-count"' not in html


def test_the_log_goes_on_behind_the_last_line(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    runs.log(run, *(f"line {n}" for n in range(1, 6)))
    address = reverse("run-log", args=[run.pk])
    assert "line 5" in text(as_alice.get(address))
    rest = text(as_alice.get(address, {"after": "3"}))
    assert "line 3" not in rest
    assert "line 4" in rest
    assert text(as_alice.get(address, {"after": "5"})) == "5 lines so far"
    assert "line 1" in text(as_alice.get(address, {"after": "x"}))


def test_what_came_of_a_run_leads_its_page_and_comes_below_the_log_of_one_that_is_watched(
    as_alice: Client, alice: User
) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    watched = as_alice.get(page(run)).content.decode()
    assert watched.index('id="run-story"') < watched.index('id="log"') < watched.index('id="run-outcome"')
    runs.succeed(run)
    ended = as_alice.get(page(run)).content.decode()
    assert ended.index('id="run-outcome"') < ended.index('id="run-story"') < ended.index('id="log"')


def test_live_regions_are_answered_alone_and_carry_the_version(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    for name in ("run-head", "run-outcome", "run-story"):
        html = as_alice.get(page(run), headers={"HX-Request": "true", "HX-Target": name}).content.decode()
        assert f'id="{name}" data-live="run:{run.pk}"' in html
        assert 'data-version="2"' in html
        assert "<html" not in html
        assert ("running · Carillon</title>" in html) is (name == "run-head")


def test_a_run_of_a_type_whose_code_has_gone_is_still_shown(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice, type="gone.for_good", payload={"a": 1})
    assert as_alice.get(page(run)).status_code == 200


def test_the_number_of_queries_does_not_grow(
    as_alice: Client, alice: User, task: ScheduledTask, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    run = runs.make_run(alice, task)
    for _ in range(5):
        runs.claim(run)
        runs.log(run, "a", "b")
        runs.hand_back(run)
    as_alice.get(page(run))  # what is known for some seconds is asked now
    with django_assert_max_num_queries(18):
        as_alice.get(page(run))


def test_a_traceback_says_the_error_so_it_is_not_said_again(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    attempt = RunAttempt.objects.create(
        run=run, claim_no=1, number=1, outcome="handler_error", error="ValueError: no", traceback=TRACE,
        worker="tests@here", finished_at=db_now(),
    )  # fmt: skip
    assert text(as_alice.get(page(run))).count("ValueError: no") == 1
    RunAttempt.objects.filter(pk=attempt.pk).update(traceback="")
    assert text(as_alice.get(page(run))).count("ValueError: no") == 1


def test_a_skipped_run_says_why_in_the_handlers_words(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    runs.skip(run)
    TaskRun.objects.filter(pk=run.pk).update(error="no orders since yesterday.")
    assert as_alice.get(page(run)).context["sentence"].startswith("No orders since yesterday. It took ")


def test_a_failed_run_leads_to_the_runs_that_tried_again(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    run = runs.make_run(alice, task)
    runs.claim(run)
    runs.fail(run)
    again = runs.make_run(alice, task, rerun_of=run)
    assert page(again) in as_alice.get(page(run)).content.decode()
    assert page(run) in as_alice.get(page(again)).content.decode()


def test_a_long_log_offers_what_comes_after_its_first_part(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    runs.log(run, *(f"line {n}" for n in range(1, 500)))
    assert "More lines" not in text(as_alice.get(page(run)))
    runs.log(run, "line 500", "line 501")
    assert "line 501" in text(as_alice.get(page(run)))
    assert "line 501" not in text(as_alice.get(page(run), {"after": "0"}))
    runs.succeed(run)
    response = as_alice.get(page(run))
    assert "line 501" not in text(response)
    assert page(run) + "?after=500#log-section" in response.content.decode()
    assert "line 501" in text(as_alice.get(page(run), {"after": "500"}))


def test_while_it_goes_on_those_without_scripts_are_given_a_way_to_reload(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    under_way = as_alice.get(page(run)).content.decode()
    hint = under_way.split("data-without-script>")[1].split("</p>")[0]
    assert f'<a href="{page(run)}">Reload</a>' in hint
    lifecycle.succeed(runs.hold(run), result=None)
    assert "Reload" not in text(as_alice.get(page(run)))


def test_the_file_of_a_run_that_is_watched_stands_beside_what_it_says(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    held = runs.hold(run)
    fields = {"size": 10, "owner": alice, "run": run, "content_type": "text/csv"}
    first, _ = (StoredFile.objects.create(name=f"{name}.csv", path=name, **fields) for name in ("people", "sums"))
    lifecycle.succeed(held, result={"summary": "6 rows in people.csv"})
    head = as_alice.get(page(run), {"watched": "1"}, headers={"HX-Request": "true", "HX-Target": "run-head"})
    beside = head.content.decode().split('class="came"')[1].split("</div>")[0]
    assert "6 rows in people.csv" in beside
    assert f'href="{reverse("file-download", args=[first.pk])}"' in beside
    assert 'href="#run-outcome">All 2 files' in beside


def test_the_runs_before_it_come_with_its_end_for_who_watches_it(
    as_alice: Client, alice: User, task: ScheduledTask
) -> None:
    lifecycle.succeed(runs.hold(runs.make_run(alice, task)), result=None)
    run = runs.make_run(alice, task)
    claim = runs.hold(run)
    asked = {"HX-Request": "true", "HX-Target": "run-outcome"}
    opened = as_alice.get(page(run))
    assert "up to this one" not in text(opened)
    assert f'hx-get="{page(run)}?watched=1"' in opened.content.decode()
    assert "up to this one" not in text(as_alice.get(f"{page(run)}?watched=1", headers=asked))
    lifecycle.succeed(claim, result=None)
    assert "the last 2 runs up to this one" in text(as_alice.get(f"{page(run)}?watched=1", headers=asked))
    assert "up to this one" not in text(as_alice.get(page(run), headers=asked))
    assert text(as_alice.get(page(run))).count("up to this one") == 1


def test_it_stands_beside_the_runs_of_its_task_before_it(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    seen = []
    for seconds in (2, 2, 2, 5, 1):
        run = runs.make_run(alice, task)
        runs.claim(run)
        runs.succeed(run)
        start = db_now() - timedelta(hours=1)
        TaskRun.objects.filter(id=run.id).update(started_at=start, finished_at=start + timedelta(seconds=seconds))
        seen.append(run)
    first, second, third, long, short = seen
    assert "up to this one" not in text(as_alice.get(page(first)))
    assert "Beside the runs before it" in text(as_alice.get(page(third)))
    assert "Longer than usual: 5.0 s, mostly 2.0 s before" in text(as_alice.get(page(long)))
    shown = as_alice.get(page(short))
    assert "Shorter than usual: 1.0 s, mostly 2.0 s before" in text(shown)
    assert [run.id for run in shown.context["beside"].runs] == [run.id for run in seen]
    assert page(second) in shown.content.decode()
