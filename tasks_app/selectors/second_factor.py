"""Who has a second factor, and who needs one."""

from django.conf import settings

from tasks_app.models import RecoveryCode, SecondFactor
from tasks_app.selectors.access import Person, is_staff


def has_second_factor(user: Person) -> bool:
    """Say whether the person has confirmed an authenticator app; from then on its code is asked for."""
    return SecondFactor.objects.filter(user_id=user.pk or 0).exclude(confirmed_at=None).exists()


def needs_second_factor(user: Person) -> bool:
    """Say whether the platform asks this person to have one."""
    asked = settings.SIGN_IN.second_factor
    return asked == "all" or (asked == "staff" and (is_staff(user) or bool(getattr(user, "is_superuser", False))))


def lacks_second_factor(user: Person) -> bool:
    """Say whether the person must set one up before they can go on."""
    return needs_second_factor(user) and not has_second_factor(user)


def recovery_codes_left(user: Person) -> int:
    """Count the recovery codes that have not been used."""
    return RecoveryCode.objects.filter(user_id=user.pk or 0, used_at=None).count()


def factor_of(user: Person) -> SecondFactor | None:
    """Give the person's second factor, also one that waits for its confirmation."""
    return SecondFactor.objects.filter(user_id=user.pk or 0).first()
