"""The people of the platform, for those who manage them; and what one of these may do about another.

Rights only go down: nobody gives what they have not, and nobody changes somebody who may do more than they.
"""

from django.contrib.auth.models import Group, User
from django.db.models import Count, Q, QuerySet

from tasks_app.errors import NotFound
from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import Person, has_right

ROLES = ("Viewer", "Operator", "Admin")
RIGHT = "manage_people"
_NAMED = 200


def manages_people(user: Person) -> bool:
    """Say whether the user may invite and disable people, and give them roles."""
    return has_right(user, RIGHT)


def people(user: Person) -> QuerySet[User]:
    """Everybody, those who are there first, by name; nobody for those who may not manage people."""
    rows = User.objects.prefetch_related("groups").order_by("-is_active", "username")
    return rows if manages_people(user) else rows.none()


def people_found(user: User, search: str, *, most: int) -> tuple[list[User], bool]:
    """The first of those whose name or address has this part, and whether there are more."""
    rows = people(user)
    if search:
        rows = rows.filter(Q(username__icontains=search) | Q(email__icontains=search))
    found = list(rows[: most + 1])
    return found[:most], len(found) > most


def person_get(user: Person, person_id: int) -> User:
    """Give one of the people; raises NotFound also for those who may not manage them."""
    found = people(user).filter(pk=person_id).first()
    if found is None:
        raise NotFound("There is no such person.")
    return found


def receivers(user: User, giver: User) -> list[str]:
    """The names of those to whom somebody's tasks can be handed, for a field that helps to find one."""
    rows = people(user).filter(is_active=True).exclude(pk=giver.pk).order_by("username")
    return list(rows.prefetch_related(None).values_list("username", flat=True)[:_NAMED])


def role_of(person: User) -> str:
    """The highest role that the person has; "" for none."""
    names = {group.name for group in person.groups.all()}
    return next((role for role in reversed(ROLES) if role in names), "")


def may_touch(user: User, person: User) -> bool:
    """Say whether the user may change this person: superusers are for superusers, others for those who may as much."""
    if user.is_superuser:
        return True
    return not person.is_superuser and _rights(person) <= user.get_all_permissions()


def roles_to_give(user: User) -> list[str]:
    """The roles that hold nothing which the user has not."""
    groups = {group.name: group for group in Group.objects.filter(name__in=ROLES).prefetch_related("permissions")}
    return [role for role in ROLES if role in groups and may_give(user, [groups[role]])]


def may_give(user: User, groups: list[Group]) -> bool:
    """Say whether the user may make somebody a member of these groups."""
    held = user.get_all_permissions()
    needed = Group.objects.filter(pk__in=[group.pk for group in groups])
    names = needed.values_list("permissions__content_type__app_label", "permissions__codename")
    return user.is_superuser or all(f"{app}.{name}" in held for app, name in names if name)


def administrators() -> QuerySet[User]:
    """Those who are there and may manage people: one must always be left."""
    held = Q(groups__permissions__codename=RIGHT) | Q(user_permissions__codename=RIGHT) | Q(is_superuser=True)
    return User.objects.filter(pk__in=User.objects.filter(held, is_active=True).values("pk"))


def own_task_counts(person: User) -> dict[str, int]:
    """How many tasks of each status the person owns, not counting those that others let them see."""
    own = ScheduledTask.objects.filter(owner=person, deleted_at=None).order_by()
    return dict(own.values_list("status").annotate(Count("id")))


def _rights(person: User) -> set[str]:
    """What the person may do, or could again once they are enabled."""
    return User(pk=person.pk, is_active=True).get_all_permissions()
