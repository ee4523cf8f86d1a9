"""Entries of the audit log as sentences: "anna paused Weekly report"."""

import uuid

from tasks_app.models import AuditEntry
from tasks_app.selectors.audit import ACTIONS
from tasks_app.web import words

_SHORT = 8
# Where the thing is named; all other actions name it at their end.
_SENTENCES = {
    "task.create": "made {}",
    "task.update": "changed {}",
    "task.restore": "put {} back to an earlier version",
    "task.delete": "deleted {}",
    "task.undelete": "brought {} back",
    "task.pause": "paused {}",
    "task.resume": "resumed {}",
    "task.cancel": "cancelled {} for good",
    "task.run": "ran {} by hand",
    "task.duplicate": "duplicated {}",
    "task.backfill": "started a backfill of {}",
    "task.share": "shared {}",
    "task.unshare": "took back a share of {}",
    "task.hand_over": "handed over {}",
    "batch.cancel": "cancelled {}",
    "batch.retry": "retried {}",
    "run.create": "started {}",
    "run.cancel": "cancelled {}",
    "run.retry": "retried {}",
    "run.dismiss": "dismissed {}",
    "run.undismiss": "took back that they had dismissed {}",
    "run.export": "exported runs as {}",
    "effect.settle": "said what came of a side effect of {}",
    "payload.read": "read the sensitive payload of {}",
    "password.change": "chose a new password for {}",
    "second_factor.on": "turned on the second factor of {}",
    "second_factor.off": "turned off the second factor of {}",
    "recovery_codes.make": "made new recovery codes for {}",
    "profile.update": "changed the settings of {}",
    "sign_in.fail": "was not let in as {}",
    "sign_in.code": "gave a wrong code for {}",
    "sign_in.proof": "gave a wrong password for {}",
    "periodic_task.run": "ran the periodic task {} by hand",
    "report.export": "exported a report on everybody: {}",
    "audit.export": "exported the audit log as {}",
    "audit.reseal": "sealed the audit log anew",
    "address.refuse": "named an address that is not called: {}",
}
# Whom it was shared with ends the sentence.
_ENDED_BY_NOTE = ("task.share", "task.unshare")
_OF_A_TASK = "the task"
KINDS = {
    "task": "Tasks",
    "run": "Runs",
    "batch": "Batches",
    "effect": "Side effects",
    "queue": "Queues",
    "worker": "Workers",
    "credential": "Credentials",
    "calendar": "Calendars",
    "email_template": "E-mail templates",
    "file": "Files",
    "collection": "Collections",
    "api_key": "API keys",
    "profile": "Settings of a person",
    "password": "Passwords",
    "sign_in": "Sign-ins",
    "sign_out": "Signing out",
    "session": "Browsers",
    "token": "Tokens",
    "second_factor": "Second factor",
    "recovery_codes": "Recovery codes",
    "user": "People",
    "group": "Roles",
    "command": "Commands",
    "type_rule": "Rules of task types",
    "periodic_task": "Periodic tasks",
    "payload": "Payloads",
    "report": "Reports",
    "audit": "Audit log",
    "request": "Requests",
    "address": "Addresses",
    "secrets": "Secrets",
    "database": "Database",
}


def who_of(entry: AuditEntry) -> tuple[str, str]:
    """Say who did it, and by what where it was not in a browser."""
    kind, _, rest = entry.actor.partition(":")
    if kind == "key":
        person, _, key = rest.partition("/")
        return person, f"by the API key {key}"
    known = {"user": rest, "command": f"the command {rest}", "run": "a run", "nobody": "somebody"}
    return (known.get(kind) or words.actor(entry.actor)), ""


def sentence_of(entry: AuditEntry, name: str) -> tuple[str, str]:
    """Give what was done, in two parts: before the name of the thing and after it."""
    label = ACTIONS.get(entry.action, entry.action)
    if not name:
        return label, ""
    before, _, after = _SENTENCES.get(entry.action, f"{label} {{}}").partition("{}")
    note = f"{after} {entry.note}" if entry.action in _ENDED_BY_NOTE and entry.note else after
    return before.rstrip(), note.strip()


def note_of(entry: AuditEntry) -> str:
    """The note, where it is not in the sentence already."""
    return "" if entry.action in _ENDED_BY_NOTE else entry.note


def name_of(entry: AuditEntry, known: str | None, *, is_its_task: bool) -> str:
    """Name the thing: a run and a batch by their task; on a task's own page that task by what it is."""
    if entry.object_type == "run":
        return f"a run of {known or words.type_title(entry.object_name)}"
    if entry.object_type == "batch":
        kind, _, found = entry.object_name.partition(" ")
        return f"the {kind} of {known}" if known else f"the {kind} {shortened(found)}"
    if entry.object_type == "task" and is_its_task:
        return _OF_A_TASK
    is_same = entry.object_type == "user" and entry.actor == f"user:{entry.object_name}"
    return "" if is_same else entry.object_name


def shortened(text: str) -> str:
    """Begin an id; the whole of it stands in the details."""
    try:
        return f"{uuid.UUID(text).hex[:_SHORT]}…"
    except ValueError:
        return text if len(text) <= _SHORT + 4 else f"{text[:_SHORT]}…"
