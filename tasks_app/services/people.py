"""What people say about themselves."""

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from tasks_app import recurrence
from tasks_app.errors import FieldError, Invalid
from tasks_app.models import Profile
from tasks_app.selectors.people import theme_of_person, zone_of_person
from tasks_app.services import audit
from tasks_app.services.account_mail import News, account_news
from tasks_app.services.faults import faults_of

_EMAIL_MAX = 254


@transaction.atomic
def email_change(*, user: User, email: str) -> None:
    """Send news of failed tasks to this address from now on; to nobody when it is empty."""
    email = email.strip()
    try:
        if email:
            validate_email(email)
    except ValidationError as error:
        raise _refused("Is not an e-mail address.") from error
    if len(email) > _EMAIL_MAX:
        raise _refused(f"Must not have more than {_EMAIL_MAX} characters.")
    audit.note("profile.update", user, before={"email": user.email}, after={"email": email})
    if user.email.lower() != email.lower():
        address_news(user=user, before=user.email)
    user.email = email
    user.save(update_fields=["email"])


def address_news(*, user: User, before: str) -> None:
    """Tell the address that was theirs before that it is so no more: a new password is mailed to the new one."""
    if before:
        account_news(user=user, what=News.ADDRESS, address=before)


@transaction.atomic
def profile_update(*, user: User, timezone: str) -> Profile:
    """Show times in this zone, and plan new tasks in it; an empty name leaves it to the browser. Raises Invalid."""
    name = timezone.strip()
    if name:
        try:
            recurrence.check_timezone(name)
        except recurrence.ScheduleError as error:
            raise Invalid("The time zone was not taken.", fields=faults_of(error, name)) from None
    before = {"timezone": zone_of_person(user)}
    audit.note("profile.update", user, before=before, after={"timezone": name})
    profile, _ = Profile.objects.update_or_create(user=user, defaults={"timezone": name})
    profile.user = user  # which makes it the user's own, in place of what was read before
    return profile


@transaction.atomic
def theme_choose(*, user: User, theme: str) -> None:
    """Let pages look like this wherever the user signs in; "" is as the system says. Asking again changes nothing."""
    before = theme_of_person(user)
    if theme == before:
        return
    audit.note("profile.update", user, before={"theme": before}, after={"theme": theme})
    profile, _ = Profile.objects.update_or_create(user=user, defaults={"theme": theme})
    profile.user = user


def zone_adopt(*, user: User, timezone: str) -> None:
    """Take the zone of a new user's browser as their own; whoever has chosen one, or none, keeps that."""
    if timezone in recurrence.zone_names():
        Profile.objects.get_or_create(user=user, defaults={"timezone": timezone})


def _refused(message: str) -> Invalid:
    return Invalid("The address was not taken.", fields={"email": [FieldError("email", message)]})
