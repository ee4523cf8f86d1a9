"""Writing the audit log: one entry per change, sensitive read or refusal, in the transaction of the change itself.

Who, from where and in which request is known from the caller (`tasks_app.caller`). The engine's own work is not
written here: it has its history in the events of runs.
"""

import logging
from collections.abc import Hashable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.db.models import Model
from django.utils import timezone

from tasks_app import caller
from tasks_app.handlers import registry
from tasks_app.models import AuditEntry, ScheduledTask, StoredFile, TaskRun
from tasks_app.selectors import audit_chain
from tasks_app.selectors.access import Person
from tasks_app.selectors.access import shows_payload as may_see_payload
from tasks_app.services.audit_values import differences, given, sized
from tasks_app.services.limiter import Limit, LimiterAway

logger = logging.getLogger(__name__)

DONE, REFUSED = AuditEntry.Outcome.DONE, AuditEntry.Outcome.REFUSED
# What strangers can cause as often as they like must not fill the disk. Without Redis nothing of it is written.
EACH = Limit("audit", most=20, seconds=60, fails_closed=True)
TOGETHER = Limit("audit-all", most=300, seconds=60, fails_closed=True)
MOST_LATER = 500
_NOTHING: Mapping[str, Any] = {}
_KINDS = {
    "scheduledtask": "task",
    "taskrun": "run",
    "taskshare": "share",
    "storedfile": "file",
    "emailtemplate": "email_template",
    "apikey": "api_key",
    "syncedcollection": "collection",
    "allowedcommand": "command",
    "typerule": "type_rule",
    "periodictask": "periodic_task",
}


def note(action: str, thing: Model | None = None, **more: Any) -> AuditEntry:
    """Write an entry: `actor`, `before`, `after`, `outcome`, `note`, `name`, `kind`, `object_id` and `owner_id`.

    `before` and `after` may hold everything that is known: where both are given, only what differs is kept.
    """
    made = entry(action, thing, **more)
    made.save()
    return made


def write(entries: Sequence[AuditEntry]) -> None:
    """Write entries that `entry` has made, together."""
    if entries:
        AuditEntry.objects.bulk_create(entries)


def note_asked(action: str, thing: Model | None = None, **more: Any) -> None:
    """Write an entry where somebody asks for this; not where the engine or a run does it by itself."""
    if caller.asked() is not None:
        note(action, thing, **more)


def note_later(
    action: str, thing: Model | None = None, *, key: Hashable = None, is_bounded: bool = False, **more: Any
) -> None:
    """Write an entry at the end of the request, once per action and key, rolled back or not.

    `is_bounded` is for what anybody can cause: of that, so many a minute are written and no more.
    """
    made, asked = entry(action, thing, **more), caller.current()
    if asked is None or asked.later is None:
        _write([(made, is_bounded)])
    elif len(asked.later) < MOST_LATER:
        asked.later.setdefault((action, key or made.object_id), (made, is_bounded))


def write_later() -> None:
    """Write what the request has left for its end."""
    asked = caller.current()
    if asked is not None and asked.later:
        _write(list(asked.later.values()))
        asked.later.clear()


def _write(entries: list[tuple[AuditEntry, bool]]) -> None:
    sure = [made for made, is_bounded in entries if not is_bounded]
    if sure:
        AuditEntry.objects.bulk_create(sure)
    bounded = [made for made, is_bounded in entries if is_bounded and _has_room(made)]
    if bounded:
        try:
            with transaction.atomic():
                AuditEntry.objects.bulk_create(bounded)
        except DatabaseError:  # the answer is a refusal already
            logger.exception("a refusal could not be noted")


def _has_room(made: AuditEntry) -> bool:
    try:
        return not (EACH.wait(made.user_id or made.address or made.actor) or TOGETHER.wait("all"))
    except LimiterAway:
        logger.warning("not in the audit log, because Redis is away: %s %s", made.action, made.object_name)
        return False


def entry(  # noqa: PLR0913  # the columns
    action: str,
    thing: Model | None = None,
    *,
    actor: str = "",
    before: Mapping[str, Any] = _NOTHING,
    after: Mapping[str, Any] = _NOTHING,
    outcome: str = DONE,
    note: str = "",
    name: str = "",
    kind: str = "",
    object_id: object = "",
    owner_id: int | None = None,
    user_id: int | None = None,
) -> AuditEntry:
    """Make an entry, not yet written, which says of itself that the platform has made it."""
    asked = caller.current()
    who = asked.who if asked else caller.Who()
    was, is_now = differences(before, after) if before and after else (given(before), given(after))
    made = AuditEntry(
        at=timezone.now(),
        actor=_plain(actor or who.actor or ("nobody" if asked else "code"), 200),
        user_id=user_id or who.user_id,
        address=asked.address if asked else "",
        request_id=asked.request_id if asked else "",
        action=action,
        outcome=outcome,
        object_type=kind or (kind_of(thing) if thing is not None else ""),
        object_id=_plain(str(object_id or (thing.pk if thing is not None else "")), 100),
        object_name=_plain(name or (_name_of(thing) if thing is not None else ""), 200),
        owner_id=owner_id if owner_id is not None else _owner_of(thing),
        before=sized(was),
        after=sized(is_now),
        note=_plain(note, 500),
    )
    made.digest = audit_chain.mark_of(made)
    return made


def kind_of(thing: Model) -> str:
    """Name what kind of thing this is, as the log does."""
    name = str(thing._meta.model_name)
    return _KINDS.get(name, name)


def shows_payload(user: Person, thing: ScheduledTask | TaskRun) -> bool:
    """Say whether the user may read this payload, which is about to be shown; of others' sensitive ones, note it."""
    may = may_see_payload(user, thing)
    if may and thing.owner_id != user.pk and _is_sensitive(thing.type):
        note_later("payload.read", thing)
    return may


def file_read(file: StoredFile) -> None:
    """Note that a file which is not the reader's own is handed out: by its link, or to somebody who may see it."""
    asked = caller.asked()
    if asked is None:
        return
    who = asked.who
    if who.user_id is None or who.user_id != file.owner_id or file.purpose == StoredFile.Purpose.BACKUP:
        by_link = who.user_id is None
        note_later("file.read", file, is_bounded=by_link, note="by a link that needs no sign-in" if by_link else "")


def address_refused(url: str, reason: str, *, is_asked: bool = False) -> None:
    """Note that an address was not called, or not taken; only its host is told, for the rest may be secret.

    `is_asked`: only where somebody has typed it. A run that meets it notes it when it sends.
    """
    if (caller.asked() if is_asked else caller.current()) is None:
        return
    host = _host_of(url) or "(no host)"
    note_later("address.refuse", None, key=host, is_bounded=True, outcome=REFUSED, name=host, note=reason)


def _host_of(url: str) -> str:
    """Give the host of what may be no URL at all."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _is_sensitive(type_name: str) -> bool:
    try:
        return registry.get(type_name).sensitive
    except KeyError:
        return False


def _name_of(thing: Model) -> str:
    return thing.type if isinstance(thing, TaskRun) else str(thing)


def _owner_of(thing: Model | None) -> int | None:
    if isinstance(thing, User):
        return thing.pk
    return getattr(thing, "owner_id", None) or getattr(thing, "user_id", None)


def _plain(text: str, most: int) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:most]
