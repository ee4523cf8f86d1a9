"""One measured step of the mail benchmark, in a process of its own: `python -m benchmarks._mailing STEP JSON`."""

import json
import smtplib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402

import scheduler_project.celery  # noqa: E402, F401  # what a worker has loaded
import tasks_app.worker  # noqa: E402, F401
from tasks_app.handlers.testing import RecordingContext, call_handler  # noqa: E402
from tasks_app.models import EmailTemplate, StoredFile, TaskRun, db_now  # noqa: E402
from tasks_app.services import lifecycle  # noqa: E402
from tasks_app.services.execution.effect_batches import begin_batch  # noqa: E402
from tasks_app.services.files import file_store  # noqa: E402
from tasks_app.services.lifecycle import Claim  # noqa: E402

SENDER = "bell@example.org"
SUBJECT = "Your bill of {amount}"
TEXT = "Dear {name},\n\nplease pay {amount}.\n"
HTML = "<p>Dear {name},</p><p>please pay <b>{amount}</b>.</p>"


@dataclass
class Context(RecordingContext):
    """A run context whose effects are the engine's own rows, under a real claim."""

    run: TaskRun | None = None
    held: Claim | None = None

    def effect_batch(self, keys: Sequence[str], *, reserve: Callable[[int], int] | None = None) -> Any:
        assert self.run is not None
        assert self.held is not None
        return begin_batch(self.run, self.held, keys, reserve)


class Clock:
    """What passes, and what this process itself computes, which hardly depends on what else the machine does."""

    def __init__(self) -> None:
        self._started, self._computed = time.perf_counter(), time.process_time()

    def row(self, mails: int) -> dict[str, Any]:
        """Give the times until now."""
        seconds, computed = time.perf_counter() - self._started, time.process_time() - self._computed
        return {"mails": mails, "seconds": round(seconds, 3), "cpu_seconds": round(computed, 3)}


def send(port: int, count: int, number: int) -> dict[str, Any]:
    """Mail everybody from a stored file, as a run does."""
    owner, _ = User.objects.get_or_create(username="owner")
    fields = {"subject": SUBJECT, "text": TEXT, "html": HTML}
    EmailTemplate.objects.get_or_create(owner=owner, name="Bill", defaults=fields)
    lines = "".join(f"p{one}@example.org,Person {one},{one} €\n" for one in range(count))
    file = file_store(
        path=f"uploads/people-{number}.csv",
        name="people.csv",
        content_type="text/csv",
        owner_id=owner.pk,
        run_id=None,
        expires_at=None,
        write=lambda stream: stream.write(f"email,name,amount\n{lines}".encode()),
    )
    run = TaskRun(owner=owner, type="send_email", trigger="api", status="queued", reason="due", queued_at=db_now())
    lifecycle.create([run], actor="benchmark")
    return _mailed(port, run, {"template": "Bill", "recipients_file": str(file.pk)})


def again(port: int, count: int, number: int) -> dict[str, Any]:
    """Let the next attempt of that run find that everybody has had the mail."""
    run = TaskRun.objects.order_by("-id")[0]
    held = Claim(run.id, run.claim_no, run.worker)
    lifecycle.hand_back(held, actor="benchmark")
    run.refresh_from_db()
    file = StoredFile.objects.get(path=f"uploads/people-{number}.csv")
    return _mailed(port, run, {"template": "Bill", "recipients_file": str(file.pk)})


def _mailed(port: int, run: TaskRun, payload: dict[str, Any]) -> dict[str, Any]:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.MAIL_DAILY_LIMIT, settings.MAIL_DOMAINS = 10_000_000, ["example.org"]
    now = db_now()
    claimed = lifecycle.claim(run, worker="bench", lease_until=now + timedelta(hours=1), now=now)
    assert claimed is not None
    held = Claim(run.id, claimed.claim_no, "bench")
    ctx = Context(run_id=str(run.id), owner_id=run.owner_id, run=claimed, held=held)
    clock = Clock()
    result = call_handler("send_email", payload, ctx)
    return clock.row(result["sent"] + result["already_sent"])


def bare(port: int, count: int, number: int) -> dict[str, Any]:
    """Hand over as many messages of the same look by smtplib alone."""
    clock = Clock()
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for one in range(count):
            values = {"name": f"Person {one}", "amount": f"{one} €"}
            message = EmailMessage()
            message["Subject"], message["From"] = SUBJECT.format(**values), SENDER
            message["To"], message["Message-ID"] = f"p{one}@example.org", make_msgid(domain="example.org")
            message.set_content(TEXT.format(**values))
            message.add_alternative(HTML.format(**values), subtype="html")
            smtp.send_message(message)
    return clock.row(count)


STEPS: dict[str, Callable[..., dict[str, Any]]] = {"send": send, "again": again, "bare": bare}

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](**json.loads(sys.argv[2]))))
