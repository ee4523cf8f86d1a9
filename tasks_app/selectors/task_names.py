"""Tasks by their names, which need not be unique: where two share one, the id stands behind it."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import Person, deleted_tasks, sees_all, visible_tasks

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def task_ids_in(text: str) -> list[str]:
    """Give the ids that a text holds."""
    return [found.lower() for found in _ID.findall(text)]


def task_names(owner: Person, reader: Person, words: str, most: int) -> list[str]:
    """Give up to `most` names, one more if there are, of tasks that both may see and that are called so in part."""
    rows = _known(owner, reader)
    rows = rows.filter(name__icontains=words) if words else rows
    found = list(rows.order_by(Lower("name"), "id").values_list("id", "name")[: most + 1])
    return _told_apart(found, Counter(name for _, name in found))


def tasks_named(owner: Person, reader: Person, name: str) -> list[UUID]:
    """Give up to two tasks of this name; the case counts only where it tells two apart."""
    if "\0" in name:
        return []
    rows = _known(owner, reader).annotate(folded=Lower("name")).filter(Q(folded=name.lower()) | Q(name=name))
    found = list(rows.values_list("id", "name")[:50])
    exact = [task_id for task_id, one in found if one == name]
    return (exact or [task_id for task_id, _ in found])[:2]


def names_of_tasks(owner: Person, reader: Person, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Give the names of tasks, of those deleted too, as far as both may see them."""
    wanted = list(ids)
    rows = list(_known(owner, reader).filter(id__in=wanted).values_list("id", "name"))
    again = _known(owner, reader).filter(name__in=[name for _, name in rows]).values_list("name", flat=True)
    found = dict(zip([task_id for task_id, _ in rows], _told_apart(rows, Counter(again[:1000])), strict=True))
    gone = [task_id for task_id in wanted if task_id not in found]
    if gone:
        deleted = _both(deleted_tasks(owner), deleted_tasks(reader), owner, reader).filter(id__in=gone)
        found |= {task_id: f"{name} (deleted) · {task_id}" for task_id, name in deleted.values_list("id", "name")}
    return found


def _known(owner: Person, reader: Person) -> QuerySet[ScheduledTask]:
    return _both(visible_tasks(owner), visible_tasks(reader), owner, reader)


def _both(
    own: QuerySet[ScheduledTask], theirs: QuerySet[ScheduledTask], owner: Person, reader: Person
) -> QuerySet[ScheduledTask]:
    if owner.pk == reader.pk or sees_all(reader):
        return own
    return theirs if sees_all(owner) else own & theirs


def _told_apart(rows: Sequence[tuple[UUID, str]], often: Counter[str]) -> list[str]:
    return [f"{name} · {task_id}" if often[name] > 1 else name for task_id, name in rows]
