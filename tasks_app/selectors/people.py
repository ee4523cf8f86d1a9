"""What people have chosen for themselves."""

from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist

from tasks_app.recurrence import zone_names
from tasks_app.selectors.access import Person


def zone_of_person(user: Person) -> str:
    """Give the time zone that the user has chosen; "" for none, or one that has gone. Asks once for a user object."""
    try:
        name: str = user.profile.timezone  # type: ignore[union-attr]  # strangers have none, nor has a user without it
    except (AttributeError, ObjectDoesNotExist):
        return ""
    return name if name in zone_names() else ""


def theme_of_person(user: Person) -> str:
    """Give the theme that the user has chosen: light, dark, or "" for the system's. Asks once for a user object."""
    try:
        name: str = user.profile.theme  # type: ignore[union-attr]  # strangers have none, nor has a user without it
    except (AttributeError, ObjectDoesNotExist):
        return ""
    return name


def person_find(user_id: int) -> User | None:
    """Find a person by their id, unless their account is disabled."""
    return User.objects.filter(pk=user_id, is_active=True).first()
