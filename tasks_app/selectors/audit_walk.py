"""How far back the audit log is searched: to the end where an index leads there, otherwise over the newest entries."""

import uuid

from django.db.models import QuerySet

from tasks_app.models import AuditEntry
from tasks_app.selectors.access import Person
from tasks_app.selectors.audit import AuditFilters, audit_search, between, is_one_action, sees_audit
from tasks_app.selectors.walk import READ, WALK, Found, nth_newer, nth_older

_TIMES = {"at_from", "at_to"}


def audit_find(
    user: Person, filters: AuditFilters, *, before: uuid.UUID | None = None, after: uuid.UUID | None = None
) -> Found[AuditEntry]:
    """The entries that the user may see and that match, among the newest of those to which an index leads.

    Those are 50,000, and 20,000 where words are looked for: among the entries older than `before`, or back among those
    newer than `after`.
    """
    rows = audit_search(user, filters)
    if is_led(user, filters):
        return Found(rows)
    most = READ if filters.actor or filters.search else WALK
    scopes = [between(scope, filters) for scope in _scopes(user, filters)]
    if after is not None:
        ends = (nth_newer(scope.filter(id__gt=after), most) for scope in scopes)
        ceiling = min((end for end in ends if end is not None), default=None)
        return Found(rows if ceiling is None else rows.filter(id__lte=ceiling), walk=most, ceiling=ceiling)
    ends = (nth_older(scope.filter(id__lt=before) if before else scope, most) for scope in scopes)
    floor = max((end for end in ends if end is not None), default=None)
    return Found(rows if floor is None else rows.filter(id__gte=floor), floor, most)


def is_led(user: Person, filters: AuditFilters) -> bool:
    """Say whether one index leads to what is asked for, so that nothing else is read on the way."""
    asked = filters.asked - _TIMES
    if not sees_audit(user):
        return False
    return asked in (set(), {"object_type", "object"}) or (asked == {"action"} and is_one_action(filters.action))


def _scopes(user: Person, filters: AuditFilters) -> list[QuerySet[AuditEntry]]:
    """What may be seen of what is asked for, in the parts that an index gives by id."""
    if not sees_audit(user):
        return [AuditEntry.objects.filter(user_id=user.pk), AuditEntry.objects.filter(owner_id=user.pk)]
    if filters.object_type and filters.object:
        return [AuditEntry.objects.filter(object_type=filters.object_type, object_id=filters.object)]
    if is_one_action(filters.action):
        return [AuditEntry.objects.filter(action=filters.action)]
    return [AuditEntry.objects.all()]
