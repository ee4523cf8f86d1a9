"""Work that notifications need done, as runs of the engine: they survive a crash and are retried like any other."""

import hashlib
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from tasks_app.handlers import Payload, RetryPolicy, RunContext, Skip, handler
from tasks_app.selectors.alerts import WHAT_TO_DO, FailedRun, failed_run

TEXT = "mail/run_failed.txt"
HTML = "mail/run_failed.html"
SUBJECT_LENGTH = 200

WHAT_HAPPENED = {
    "handler_error": "It raised an error, and no retry is left.",
    "timeout": "It ran longer than its time limit and was stopped.",
    "worker_lost": "The process that ran it died, again and again. It may use more memory than there is.",
    "invalid_payload": "Its payload does not fit the task type any more.",
    "unknown_type": "No worker knows its task type any more.",
    "effect_unknown": "It stopped while a side effect was under way, and nobody knows whether that happened.",
}


class FailureNotice(Payload):
    """Which run failed."""

    run_id: UUID


@handler(
    "notify_run_failed",
    payload=FailureNotice,
    title="Mail about a failed run",
    timeout=60,
    retry=RetryPolicy(max_retries=8, base_seconds=10),
    internal=True,
)
def notify_run_failed(ctx: RunContext, payload: FailureNotice) -> dict[str, str]:
    """Tell the owner of a task that a run of it has failed for good; once, whatever happens to this run."""
    failed = failed_run(str(payload.run_id))
    if failed is None:
        raise Skip("nobody is to hear of this failure any more")
    # Idempotent, because mail programs and servers drop a second message with the same Message-ID.
    with ctx.effect(f"mail:{failed.run_id}", idempotent=True) as effect:
        if not effect.done:
            compose(failed, message_id=message_id(effect.id)).send()
    ctx.log(f"mailed {failed.owner_email}")
    return {"to": failed.owner_email}


def compose(failed: FailedRun, *, message_id: str) -> EmailMultiAlternatives:
    """Write the mail, in plain text and HTML."""
    context = {
        "failed": failed,
        "site_name": settings.SITE_NAME,
        "what_happened": WHAT_HAPPENED.get(failed.reason, "It failed."),
        "what_to_do": WHAT_TO_DO.get(failed.reason, "Look at the run's page."),
        "when": _when(failed),
        "run_url": settings.BASE_URL + reverse("run-detail", args=[failed.run_id]),
        "task_url": settings.BASE_URL + reverse("task-detail", args=[failed.task_id]),
    }
    mail = EmailMultiAlternatives(
        subject=_subject(failed.task_name),
        body=render_to_string(TEXT, context),
        to=[failed.owner_email],
        headers={"Message-ID": message_id, "Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(render_to_string(HTML, context), "text/html")
    return mail


def message_id(effect_id: str) -> str:
    """Give the Message-ID of an effect: always the same one, in the characters that mail allows."""
    digest = hashlib.sha256(effect_id.encode()).hexdigest()[:32]
    return f"<{digest}@{urlsplit(settings.BASE_URL).hostname or 'localhost'}>"


def _when(failed: FailedRun) -> str:
    """Tell the instants in the task's own zone."""
    zone = ZoneInfo(failed.timezone)
    planned = f"Planned for {_instant(failed.scheduled_for, zone)}. " if failed.scheduled_for else ""
    attempts = f", after {failed.attempts} attempts" if failed.attempts > 1 else ""
    return f"{planned}Failed at {_instant(failed.finished_at, zone)}{attempts}."


def _instant(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S %Z}"


def _subject(task_name: str) -> str:
    """One line, whatever the name holds."""
    name = " ".join(task_name.split())[:SUBJECT_LENGTH]
    return f"[{settings.SITE_NAME}] {name} failed"
