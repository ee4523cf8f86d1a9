"""The roles: Django groups over the platform's permissions. What an administrator changes in them stays changed."""

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q

from tasks_app.handlers import registry
from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import schedule_permission

VIEWER, OPERATOR, ADMIN = ROLES = ("Viewer", "Operator", "Admin")

_OURS = Q(content_type__app_label__in=("tasks_app", "django_celery_beat", "django_celery_results"))
_RIGHTS_OF_OPERATORS = ("run_all", "cancel_all", "manage_queues", "change_queue")
RIGHTS = {
    VIEWER: _OURS & Q(codename__startswith="view_"),
    OPERATOR: _OURS & (Q(codename__startswith="view_") | Q(codename__in=_RIGHTS_OF_OPERATORS)),
    ADMIN: (_OURS & ~Q(codename="see_payloads")) | Q(content_type__app_label="auth"),
}
"""What each role may do. To read what sensitive tasks of others are given is in none: it is given by name."""


def roles_ensure() -> None:
    """Make the permission of each task type, and the roles that are missing; all of them where none has a right yet."""
    content_type = ContentType.objects.get_for_model(ScheduledTask)
    for spec in registry.all():
        if not spec.internal and not spec.permission:
            Permission.objects.get_or_create(
                content_type=content_type,
                codename=schedule_permission(spec.name),
                defaults={"name": f"Can use the task type {spec.name}"[:255]},
            )
    is_first = not Group.objects.filter(name__in=ROLES, permissions__codename="view_all").exists()
    for name in ROLES:
        group, is_new = Group.objects.get_or_create(name=name)
        if is_first or is_new:
            group.permissions.add(*Permission.objects.filter(RIGHTS[name]))
