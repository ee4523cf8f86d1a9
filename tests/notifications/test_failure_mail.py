"""The owner hears of a failure once, if the task asks for it."""

from email.utils import parseaddr
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from notifications import receivers
from tasks_app.errors import Skip
from tasks_app.events import tell_failure
from tasks_app.handlers import registry
from tasks_app.handlers.testing import RecordingContext
from tasks_app.models import ScheduledTask, TaskRun
from tests import runs

pytestmark = pytest.mark.django_db(transaction=True)
MAIL = "notify_run_failed"


def fail(owner: User | None, task: ScheduledTask | None = None, **fields: Any) -> TaskRun:
    run = runs.make_run(owner, task, **fields)
    runs.claim(run)
    runs.fail(run)
    return run


def mail_runs() -> list[TaskRun]:
    return list(TaskRun.objects.filter(type=MAIL))


def send(run: TaskRun, ctx: RecordingContext | None = None) -> Any:
    spec = registry.get(MAIL)
    model, _ = registry.validate(MAIL, {"run_id": str(run.id)})
    return spec.function(ctx or RecordingContext(), model)


def test_a_failure_for_good_makes_one_internal_run(alice: User) -> None:
    run = fail(alice, runs.make_task(alice))
    (mail,) = mail_runs()
    assert (mail.payload, mail.owner, mail.status) == ({"run_id": str(run.id)}, None, "queued")
    assert registry.get(MAIL).internal


def test_the_mail_is_planned_before_the_failure_is_committed(alice: User) -> None:
    """A process that dies right after the commit has forgotten nothing; rolled back, there is neither."""
    run = runs.make_run(alice, runs.make_task(alice))
    runs.claim(run)
    with transaction.atomic():
        runs.fail(run)
        assert len(mail_runs()) == 1
        transaction.set_rollback(True)
    run.refresh_from_db()
    assert (run.status, mail_runs()) == ("running", [])


def test_a_mail_that_cannot_be_planned_leaves_the_failure_as_it_is(
    alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A platform whose workers know no such type still ends its runs."""
    monkeypatch.setattr(receivers, "FAILURE_MAIL", "no_such_type")
    run = fail(alice, runs.make_task(alice))
    run.refresh_from_db()
    assert run.status == "failed"
    assert "run_failed" in caplog.text


def test_hearing_of_it_twice_makes_no_second_run(alice: User) -> None:
    run = fail(alice, runs.make_task(alice))
    tell_failure(str(run.id))
    assert len(mail_runs()) == 1


@pytest.mark.parametrize(
    ("task_fields", "run_fields"),
    [
        ({"notify_on_failure": False}, {}),
        ({"deleted_at": timezone.now()}, {}),
        ({}, {"on_exhausted": "dismiss"}),
    ],
    ids=["not asked for", "task deleted", "dismissed by policy"],
)
def test_some_failures_are_nobodys_mail(task_fields: dict[str, Any], run_fields: dict[str, Any], alice: User) -> None:
    fail(alice, runs.make_task(alice, **task_fields), **run_fields)
    assert mail_runs() == []


def test_a_run_without_a_task_makes_no_mail(alice: User) -> None:
    fail(alice)
    assert mail_runs() == []


@pytest.mark.parametrize("fields", [{"email": ""}, {"is_active": False}])
def test_an_owner_who_cannot_be_reached_gets_none(fields: dict[str, Any], alice: User) -> None:
    User.objects.filter(id=alice.pk).update(**fields)
    fail(alice, runs.make_task(alice))
    assert mail_runs() == []


def test_other_ends_make_no_mail(alice: User) -> None:
    for end in (runs.succeed, runs.skip, runs.stop, runs.retry_later):
        run = runs.make_run(alice, runs.make_task(alice))
        runs.claim(run)
        end(run)
    assert mail_runs() == []


def test_a_failed_mail_run_makes_no_mail_about_itself(alice: User) -> None:
    fail(alice, runs.make_task(alice))
    (mail,) = mail_runs()
    runs.claim(mail)
    runs.fail(mail)
    assert len(mail_runs()) == 1


def test_the_mail_says_what_happened_and_what_to_do(
    alice: User, settings: Settings, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    settings.BASE_URL = "https://tasks.example.org"
    task = runs.make_task(alice, name="Nightly <export> & more", timezone="Europe/Berlin")
    run = fail(alice, task)
    assert send(run) == {"to": "alice@example.org"}
    (mail,) = mailoutbox
    html = str(mail.alternatives[0][0])
    assert mail.subject == "[Carillon] Nightly <export> & more failed"
    assert mail.to == ["alice@example.org"]
    for text in (str(mail.body), html):
        assert f"https://tasks.example.org/runs/{run.id}/" in text
        assert f"https://tasks.example.org/tasks/{task.id}/" in text
        assert "ValueError: no" in text
        assert "then retry the run" in text
        assert "CE" in text, "instants are told in the task's zone"
    assert "Nightly <export> & more" in str(mail.body)
    assert "Nightly &lt;export&gt; &amp; more" in html
    assert "<export>" not in html


def test_the_mail_is_sent_once_and_always_with_the_same_id(
    alice: User, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    run = fail(alice, runs.make_task(alice))
    ctx = RecordingContext()
    send(run, ctx)
    send(run, ctx.again())
    assert len(mailoutbox) == 1
    ctx.effects.clear()
    send(run, ctx.again())
    first, second = (str(mail.extra_headers["Message-ID"]) for mail in mailoutbox)
    assert first == second
    assert first.startswith("<")
    assert parseaddr(first)[1].endswith("@localhost")


def test_a_name_of_several_lines_cannot_add_headers(alice: User, mailoutbox: list[EmailMultiAlternatives]) -> None:
    send(fail(alice, runs.make_task(alice, name="a\r\nBcc: evil@example.org")))
    assert mailoutbox[0].subject == "[Carillon] a Bcc: evil@example.org failed"
    assert mailoutbox[0].recipients() == ["alice@example.org"]


def test_a_run_that_somebody_dismissed_meanwhile_needs_no_mail(
    alice: User, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    run = fail(alice, runs.make_task(alice))
    TaskRun.objects.filter(id=run.id).update(dismissed_at=timezone.now())
    with pytest.raises(Skip):
        send(run)
    assert mailoutbox == []
