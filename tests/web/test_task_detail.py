"""One task's page."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tasks_app.handlers import registry
from tasks_app.models import ScheduledTask
from tasks_app.selectors.spans import whole_seconds
from tasks_app.web import words
from tests import runs
from tests.web.conftest import MakeTask
from tests.web.reading import filled, text

# A day is this long, also when the clocks change.
HOURS = (23, 24, 25, 47, 48, 49)


def page(task: ScheduledTask) -> str:
    return reverse("task-detail", args=[task.pk])


def test_the_sentence_the_next_ten_and_the_history_are_there(
    as_alice: Client, alice: User, task: ScheduledTask
) -> None:
    done = runs.make_run(alice, task, scheduled_for=task.created_at)
    runs.claim(done)
    runs.succeed(done)
    response = as_alice.get(page(task))
    assert "Every day at 09:00, Berlin time." in text(response)
    assert len(response.context["slots"]) == 10
    assert [run.id for run in response.context["history"]] == [done.id]
    assert text(response).count("09:00") >= 10


def test_a_sentence_that_had_to_be_cut_can_be_read_whole(as_alice: Client, make: MakeTask) -> None:
    days = [{"kind": "yearly", "month": 1 + day % 12, "day": 1 + day, "time": f"09:{day:02d}"} for day in range(20)]
    words = text(as_alice.get(page(make(schedule={"kind": "any", "of": days}, timezone="Europe/Berlin"))))
    assert " ...." not in words
    assert (
        "every year on 20 August at 09:19, UTC." in words or "every year on 20 August at 09:19, Berlin time." in words
    )


def test_what_becomes_of_missed_slots_is_said(as_alice: Client, make: MakeTask) -> None:
    assert "After an outage Run each missed one" in text(as_alice.get(page(make(misfire={"policy": "all"}))))
    assert "After an outage Run the latest missed one" in text(as_alice.get(page(make("Other"))))


def test_every_policy_is_shown_with_what_its_type_gives(as_alice: Client, make: MakeTask) -> None:
    spec = registry.get("http_request")
    shown = text(as_alice.get(page(make("Plain"))))
    assert f"Retries {spec.retry.retries_or(settings.RETRY_MAX)} as its type says" in shown
    assert f"Time limit {whole_seconds(spec.timeout_seconds or 0)} as its type says" in shown
    assert "Soft time limit none as its type says" in shown
    assert "A run counts as missed when it is more than 1 min late" in shown
    assert "Pauses by itself never" in shown
    assert 'class="fold minor">' in as_alice.get(page(make("Other"))).content.decode()


def test_what_a_task_says_itself_is_not_called_its_types(as_alice: Client, make: MakeTask) -> None:
    task = make(
        retry={"delays": [60, 300]},
        timeout_seconds=0,
        soft_timeout_seconds=90,
        pause_after_failures=3,
        misfire={"policy": "all", "grace_seconds": 120, "window_seconds": 7200, "max": 5},
    )
    response = as_alice.get(page(task))
    for said in (
        "Retries 2 Time limit none When no retry is left",
        "Between attempts 1 min, 5 min; the last one repeats Soft time limit 1 min 30 s A run counts as missed",
        "when it is more than 2 min late Missed runs to run 5 at most, none older than 2 h",
        "Pauses by itself after 3 failures in a row",
    ):
        assert said in text(response)
    assert 'class="fold minor" open>' in response.content.decode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"retry": {"base_seconds": 0.5, "factor": 3}}, "up to 500 ms at first, 3 times that after each failure, 15"),
        ({"retry": {"delays": [1, 2, 3, 4, 5, 6]}}, "attempts 1 s, 2 s, 3 s, 4 s, 5 s, …; the last one repeats"),
        ({"retry": {"delays": [0]}, "max_retries": 4}, "Retries 4 Time limit"),
        ({"retry": {"delays": [0]}}, "Between attempts 0 s Soft"),
    ],
)
def test_the_waits_between_attempts_are_said(
    as_alice: Client, make: MakeTask, fields: dict[str, Any], said: str
) -> None:
    assert said in text(as_alice.get(page(make(**fields))))


def test_what_cannot_be_is_not_told_of(as_alice: Client, make: MakeTask) -> None:
    shown = text(as_alice.get(page(make(schedule=None, max_retries=0))))
    assert "Retries 0 Time limit" in shown
    assert "Between attempts" not in shown
    assert "missed" not in shown.partition("Finer policies")[2]


def test_a_task_that_never_ran_says_how_to_run_it(as_alice: Client, make: MakeTask) -> None:
    words = text(as_alice.get(page(make(schedule=None))))
    assert "It has never run. Press “Run now” to try it." in words


def test_a_spread_task_shows_when_it_really_starts(as_alice: Client, make: MakeTask) -> None:
    task = make(spread_seconds=3600)
    assert task.next_slot is not None
    assert task.next_due_at is not None
    response = as_alice.get(page(task))
    assert response.context["slots"][0] == task.next_due_at
    assert {slot - task.next_due_at for slot in response.context["slots"][1:3]} <= {timedelta(hours=n) for n in HOURS}
    delay = words.duration((task.next_due_at - task.next_slot).total_seconds())
    assert f"1 h: it starts {delay} after each planned instant" in text(response)


def test_a_failure_stands_on_top_until_it_is_mended(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    failed = runs.make_run(alice, task)
    runs.claim(failed)
    runs.fail(failed)
    assert "The last run failed" in text(as_alice.get(page(task)))
    mended = runs.make_run(alice, task)
    runs.claim(mended)
    runs.succeed(mended)
    assert "The last run failed" not in text(as_alice.get(page(task)))


def test_a_run_that_was_cancelled_between_two_attempts_is_not_said_never_to_have_begun(
    as_alice: Client, alice: User, task: ScheduledTask
) -> None:
    gone = runs.make_run(alice, task)
    runs.cancel(gone)
    assert "The last run ended before it began." in text(as_alice.get(page(task)))
    tried = runs.make_run(alice, task)
    runs.claim(tried)
    runs.retry_later(tried)
    runs.cancel(tried)
    assert "The last run ended between two attempts." in text(as_alice.get(page(task)))


def test_a_history_without_runs_has_no_filters_until_the_page_is_opened_again(
    as_alice: Client, alice: User, task: ScheduledTask
) -> None:
    def filters(address: str, **headers: str) -> str:
        return as_alice.get(address, headers=headers).content.decode().partition("history-filters")[1]

    fragment = {"HX-Request": "true", "HX-Target": "task-history"}
    assert not filters(page(task))
    assert f'hx-get="{page(task)}?none_yet=1"' in as_alice.get(page(task)).content.decode()
    assert filters(f"{page(task)}?status=failed"), "what narrows a list to nothing can be changed"
    runs.make_run(alice, task)
    assert not filters(f"{page(task)}?none_yet=1", **fragment)
    assert filters(page(task))
    assert filters(page(task), **fragment)
    assert filters(f"{page(task)}?none_yet=1")


def test_the_history_is_filtered_by_state(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    waits, gone = runs.make_run(alice, task), runs.make_run(alice, task)
    runs.cancel(gone)
    for status, expected in (("queued", waits), ("cancelled", gone)):
        response = as_alice.get(page(task), {"status": status})
        assert [run.id for run in response.context["history"]] == [expected.id]
    assert "No run of this task matches" in text(as_alice.get(page(task), {"status": "failed"}))


def test_older_runs_are_a_click_away(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    made = [runs.make_run(alice, task) for _ in range(27)]
    first = as_alice.get(page(task))
    second = as_alice.get(page(task), {"before": first.context["older"]})
    assert [run.id for run in second.context["history"]] == [made[1].id, made[0].id]


def test_a_pause_says_why(as_alice: Client, task: ScheduledTask) -> None:
    as_alice.post(reverse("task-pause", args=[task.pk]), {"note": "until <Monday>"})
    response = as_alice.get(page(task))
    assert "“until <Monday>”" in text(response)
    assert "until <Monday>" not in response.content.decode()
    assert "None while it is paused" in text(response)


def test_a_schedule_that_cannot_be_read_any_more_does_not_break_the_page(as_alice: Client, task: ScheduledTask) -> None:
    ScheduledTask.objects.filter(pk=task.pk).update(schedule={"kind": "lunar"})
    response = as_alice.get(page(task))
    assert response.status_code == 200
    assert "cannot be read any more" in text(response)


def test_a_type_whose_code_has_gone_does_not_break_the_page(as_alice: Client, task: ScheduledTask) -> None:
    ScheduledTask.objects.filter(pk=task.pk).update(type="gone.for_good")
    assert as_alice.get(page(task)).status_code == 200
    assert as_alice.get(reverse("task-edit", args=[task.pk])).status_code == 200


def test_each_live_region_is_answered_alone(as_alice: Client, task: ScheduledTask) -> None:
    for name in ("task-head", "task-strip", "task-figures", "task-history", "task-next"):
        response = as_alice.get(page(task), headers={"HX-Request": "true", "HX-Target": name})
        assert f'id="{name}" data-live="task:{task.pk}"' in response.content.decode()
        assert "<html" not in response.content.decode()


def test_the_next_runs_and_the_slots_used_follow(as_alice: Client, make: MakeTask) -> None:
    task, asked = make(max_runs=10), {"HX-Request": "true", "HX-Target": "task-next"}
    shown = text(as_alice.get(page(task), headers=asked))
    assert shown.count("09:00") == 10
    assert "Slots used: 0 of 10" in shown
    ScheduledTask.objects.filter(pk=task.pk).update(slots_fired=3)
    shown = text(as_alice.get(page(task), headers=asked))
    assert shown.count("09:00") == 7
    assert "Slots used: 3 of 10" in shown
    as_alice.post(reverse("task-pause", args=[task.pk]))
    assert "None while it is paused." in text(as_alice.get(page(task), headers=asked))


def test_the_number_of_queries_does_not_grow(
    as_alice: Client, alice: User, task: ScheduledTask, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(30):
        runs.make_run(alice, task)
    with django_assert_max_num_queries(22):
        as_alice.get(page(task))


def test_the_history_is_filtered_by_reason_way_and_day(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    by_hand, by_plan = runs.make_run(alice, task), runs.make_run(alice, task, trigger="schedule")
    failed = runs.make_run(alice, task, trigger="schedule")
    runs.claim(failed)
    runs.fail(failed)
    today = timezone.localdate()
    for asked, expected in (
        ({"trigger": "manual"}, [by_hand]),
        ({"reason": "handler_error"}, [failed]),
        ({"from": f"{today - timedelta(days=1)}", "to": f"{today + timedelta(days=1)}"}, [failed, by_plan, by_hand]),
        ({"to": f"{today - timedelta(days=2)}"}, []),
        ({"from": "no day"}, [failed, by_plan, by_hand]),
    ):
        response = as_alice.get(page(task), asked)
        assert [run.id for run in response.context["history"]] == [run.id for run in expected]


def test_a_day_that_is_none_stays_in_its_field_and_is_named(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    asked = {"from": "28.11.2026", "to": "2026-11-28T09:00"}
    for response in (as_alice.get(page(task), asked), as_alice.get(page(task), {**asked, "status": "failed"})):
        assert "From the day: “28.11.2026” is no day such as 2026-11-28, so it narrows nothing." in text(response)
        assert "To the day: “2026-11-28T09:00” is no day" in text(response)
        assert {name: filled(response)[name] for name in asked} == {name: [given] for name, given in asked.items()}
    made = runs.make_run(alice, task)
    response = as_alice.get(page(task), {"from": "2026-02-30"})
    assert [run.id for run in response.context["history"]] == [made.id]
    assert "Show all" in text(response)
    assert "is no day" not in text(as_alice.get(page(task), {"from": "2026-02-28"}))
