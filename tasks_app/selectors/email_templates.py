"""The mail templates that a person sees, and the one that a task means."""

from typing import Any

from django.db.models import Q, QuerySet

from tasks_app.models import EmailTemplate, ScheduledTask
from tasks_app.selectors.access import Person, can_change, sees_all
from tasks_app.states import TaskStatus

SENDS = "send_email"


def visible_templates(user: Person) -> QuerySet[EmailTemplate]:
    """One's own and those shared with everybody, by name; whoever sees everything sees all."""
    if not (user.is_authenticated and user.is_active):
        return EmailTemplate.objects.none()
    seen = Q() if sees_all(user) else Q(owner_id=user.pk) | Q(is_shared=True)
    return EmailTemplate.objects.filter(seen).select_related("owner").order_by("name", "id")


def can_edit_template(user: Person, template: EmailTemplate) -> bool:
    """A shared template is everybody's to use and its owner's and an administrator's to edit."""
    return can_change(user, template.owner_id)


def template_named(owner: Any, name: str) -> EmailTemplate | None:
    """Give the template that a task of `owner` means by a name: the owner's own, else the shared one.

    None is the platform, which has none of its own.
    """
    own = Q(owner_id=owner.pk) if owner is not None else Q(pk=None)
    found = list(EmailTemplate.objects.filter(own | Q(is_shared=True), name=name))
    return min(found, key=lambda template: owner is None or template.owner_id != owner.pk, default=None)


def tasks_using(template: EmailTemplate) -> QuerySet[ScheduledTask]:
    """The tasks, not yet ended, that send this template."""
    tasks = ScheduledTask.objects.filter(
        type=SENDS, payload__template=template.name, deleted_at=None, status__in=(TaskStatus.ACTIVE, TaskStatus.PAUSED)
    )
    if not template.is_shared:
        return tasks.filter(owner_id=template.owner_id)
    others = EmailTemplate.objects.filter(name=template.name).exclude(id=template.id).values("owner_id")
    return tasks.exclude(owner_id__in=others)


def template_names(owner: Any) -> list[str]:
    """The names that a task of `owner` can choose from."""
    own = Q(owner_id=owner.pk) | Q(is_shared=True)
    return list(EmailTemplate.objects.filter(own).order_by("name").values_list("name", flat=True).distinct())


def lent_template_names(owner: Any, editor: Person) -> list[str]:
    """Those of them by which a task of `owner` means a template that `editor` sees, too."""
    own = Q(owner_id=owner.pk) | Q(is_shared=True)
    meant: dict[str, EmailTemplate] = {}
    for template in EmailTemplate.objects.filter(own).only("id", "name", "owner_id").order_by("name"):
        if template.name not in meant or template.owner_id == owner.pk:
            meant[template.name] = template
    seen = set(visible_templates(editor).values_list("pk", flat=True))
    return [name for name, template in meant.items() if template.pk in seen]
