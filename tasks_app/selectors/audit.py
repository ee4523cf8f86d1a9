"""Reading the audit log: who sees which entries, and the list with its filters."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime

from django.db.models import Q, QuerySet

from tasks_app.models import AuditEntry
from tasks_app.models.ids import first_id_at
from tasks_app.selectors.access import Person, has_right

EVERY = ".*"
"""Stands behind a kind of action for all of them."""
_PAGE = 500
# What can stand in the log, in words for people. What is edited in the admin is named after its kind.
ACTIONS: dict[str, str] = {
    "task.create": "made the task",
    "task.update": "changed the task",
    "task.restore": "put the task back to a version",
    "task.delete": "deleted the task",
    "task.undelete": "brought the deleted task back",
    "task.pause": "paused the task",
    "task.resume": "resumed the task",
    "task.cancel": "cancelled the task for good",
    "task.run": "ran the task now",
    "task.duplicate": "duplicated the task",
    "task.backfill": "started a backfill of the task",
    "task.share": "shared the task",
    "task.unshare": "took back a share of the task",
    "task.hand_over": "handed over the task",
    "batch.cancel": "cancelled the batch",
    "batch.retry": "retried the batch",
    "run.create": "started a run",
    "run.cancel": "cancelled the run",
    "run.retry": "retried the run",
    "run.dismiss": "dismissed the failed run",
    "run.undismiss": "took back that they dismissed the run",
    "run.export": "exported runs",
    "effect.settle": "said what came of a side effect",
    "queue.pause": "paused the queue",
    "queue.resume": "resumed the queue",
    "queue.create": "made the queue",
    "queue.update": "changed the queue",
    "worker.quiet": "asked for no more work on the worker",
    "worker.resume": "let the worker take work again",
    "worker.stop": "asked for a stop of the worker",
    "credential.create": "made the credential",
    "credential.update": "changed the credential",
    "credential.delete": "deleted the credential",
    "calendar.create": "made the calendar",
    "calendar.update": "changed the calendar",
    "calendar.delete": "deleted the calendar",
    "email_template.create": "made the e-mail template",
    "email_template.update": "changed the e-mail template",
    "email_template.delete": "deleted the e-mail template",
    "file.upload": "uploaded the file",
    "file.delete": "deleted the file",
    "file.link": "made a link to the file",
    "file.read": "downloaded the file",
    "collection.delete": "deleted the collection",
    "api_key.create": "made the API key",
    "api_key.revoke": "revoked the API key",
    "profile.update": "changed their settings",
    "password.change": "chose a new password",
    "sign_in": "signed in",
    "sign_in.fail": "was not let in",
    "sign_in.code": "gave a wrong code",
    "sign_in.proof": "gave a wrong password",
    "session.end": "signed out in another browser",
    "sign_in.end_all": "signed out everywhere",
    "token.sign_in": "signed in for tokens",
    "token.refresh": "renewed a sign-in by tokens from another address",
    "token.revoke": "ended a sign-in by tokens",
    "second_factor.on": "turned on the second factor",
    "second_factor.off": "turned off the second factor",
    "recovery_codes.make": "made new recovery codes",
    "sign_out": "signed out",
    "user.create": "made the user",
    "user.update": "changed the user",
    "user.delete": "deleted the user",
    "user.invite": "invited the user",
    "user.link": "made an invitation link for the user",
    "user.role": "changed the role of the user",
    "user.disable": "disabled the user",
    "user.enable": "enabled the user",
    "group.create": "made the role",
    "group.update": "changed the role",
    "group.delete": "deleted the role",
    "command.create": "allowed the command",
    "command.update": "changed the command",
    "command.delete": "deleted the command",
    "type_rule.create": "made a rule for the task type",
    "type_rule.update": "changed the rule of the task type",
    "type_rule.delete": "deleted the rule of the task type",
    "periodic_task.create": "made the periodic task",
    "periodic_task.update": "changed the periodic task",
    "periodic_task.delete": "deleted the periodic task",
    "periodic_task.run": "ran the periodic task now",
    "payload.read": "read a sensitive payload",
    "report.export": "exported a report on everybody",
    "audit.export": "exported the audit log",
    "audit.reseal": "sealed the audit log anew",
    "request.refuse": "was refused",
    "address.refuse": "named an address that is not called",
    "secrets.reencrypt": "encrypted all secrets again",
    "database.restore": "restored the database",
}


@dataclass(frozen=True, kw_only=True)
class AuditFilters:
    """What the log is narrowed to; an empty field narrows nothing.

    `actor` and `search` match parts; `action` is one of ACTIONS, or a kind of them: `task.*`, and `task` where none has
    that name.
    """

    actor: str = ""
    action: str = ""
    object_type: str = ""
    object: str = ""
    outcome: str = ""
    search: str = ""
    at_from: datetime | None = None
    at_to: datetime | None = None

    @property
    def asked(self) -> set[str]:
        """The fields that narrow the log."""
        return {one.name for one in fields(self) if getattr(self, one.name)}


def visible_entries(user: Person) -> QuerySet[AuditEntry]:
    """The entries that the user may see: with `see_audit` all, otherwise what they did and what happened to theirs."""
    if sees_audit(user):
        return AuditEntry.objects.all()
    if not (user.is_authenticated and user.is_active):
        return AuditEntry.objects.none()
    return AuditEntry.objects.filter(Q(user_id=user.pk) | Q(owner_id=user.pk))


def sees_audit(user: Person) -> bool:
    """Say whether the user sees the whole log."""
    return has_right(user, "see_audit")


def shows_address(user: Person, entry: AuditEntry) -> bool:
    """Say whether the user may see from where it was done: of others, only with the right to see all."""
    return entry.user_id == user.pk or sees_audit(user)


def audit_search(user: Person, filters: AuditFilters) -> QuerySet[AuditEntry]:
    """The entries that the user may see and that match, newest first."""
    rows = visible_entries(user)
    if filters.action:
        rows = rows.filter(_done(filters.action))
    if filters.actor:
        rows = rows.filter(actor__icontains=filters.actor)
    exact = {"object_type": filters.object_type, "object_id": filters.object, "outcome": filters.outcome}
    rows = rows.filter(**{name: wanted for name, wanted in exact.items() if wanted})
    if filters.search:
        named = Q(object_name__icontains=filters.search) | Q(object_id=filters.search) | Q(request_id=filters.search)
        rows = rows.filter(named | Q(address=filters.search) | Q(note__icontains=filters.search))
    return between(rows, filters).order_by("-id")


def entries_of_task(user: Person, task_id: uuid.UUID, limit: int) -> list[AuditEntry]:
    """The newest entries about one task that the user may see."""
    rows = visible_entries(user).filter(object_type="task", object_id=str(task_id))
    return list(rows.order_by("-id")[:limit])


def is_one_action(action: str) -> bool:
    """Say whether this names one action: `sign_in` does and `sign_in.*` does not."""
    return action in ACTIONS or ("." in action and not action.endswith(EVERY))


def _done(action: str) -> Q:
    """Nothing is named longer than in two words, so that the first may stand for several."""
    if is_one_action(action):
        return Q(action=action)
    kind = action.removesuffix(EVERY)
    return Q(action=kind) | Q(action__startswith=f"{kind}.")


def between(rows: QuerySet[AuditEntry], filters: AuditFilters) -> QuerySet[AuditEntry]:
    """The entries of the time that is asked for. The ids sort by time, and the list goes by them."""
    if filters.at_from is not None:
        rows = rows.filter(id__gte=first_id_at(filters.at_from))
    return rows if filters.at_to is None else rows.filter(id__lt=first_id_at(filters.at_to))


def audit_page(
    rows: QuerySet[AuditEntry], *, before: uuid.UUID | None, size: int
) -> tuple[list[AuditEntry], uuid.UUID | None]:
    """Give one page and the cursor of the next, or None at the end."""
    found = list((rows.filter(id__lt=before) if before else rows)[: size + 1])
    return found[:size], found[size - 1].pk if len(found) > size else None


def audit_pages(rows: QuerySet[AuditEntry]) -> Iterator[list[AuditEntry]]:
    """Give all entries page by page, however many there are."""
    before: uuid.UUID | None = None
    while True:
        page, before = audit_page(rows, before=before, size=_PAGE)
        if page:
            yield page
        if before is None:
            return
