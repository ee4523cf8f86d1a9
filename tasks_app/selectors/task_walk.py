"""How far back lists of tasks look, and what is offered to narrow them, where no index leads to it."""

import uuid

from django.db.models import QuerySet

from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import Person, sees_all, visible_tasks

WALK = 20_000
"""Of so many tasks, those made last, it is looked at what they say."""
_FURTHEST = 2


def walk_end(user: Person, before: uuid.UUID | None = None, *, down_to: uuid.UUID | None = None) -> uuid.UUID | None:
    """The oldest of the newest tasks, or of the newest made before another; None where that are all there are.

    A list that has begun goes `down_to` where it began to, whatever was made or deleted since: else its pages would
    miss some and show others twice. But it goes no further down than twice as far.
    """
    # The key alone says where to stop, tombstones counted.
    scope = ScheduledTask.objects.all() if sees_all(user) else visible_tasks(user)
    if before is not None:
        scope = scope.filter(id__lt=before)
    keys = scope.order_by("-id").values_list("id", flat=True)
    lowest = keys[_FURTHEST * WALK - 1 : _FURTHEST * WALK].first() if down_to else None
    begun = keys.filter(id__gte=max(down_to, lowest or down_to)).last() if down_to else None
    if begun is not None:
        return begun if scope.filter(id__lt=begun).exists() else None
    edge = list(keys[WALK - 1 : WALK + 1])
    return edge[0] if len(edge) > 1 else None


def newest_tasks(user: Person) -> tuple[QuerySet[ScheduledTask], bool]:
    """The newest tasks that the user may see, in no order, and whether these are all of them."""
    rows, end = visible_tasks(user).order_by(), walk_end(user)
    return (rows, True) if end is None else (rows.filter(id__gte=end), False)
