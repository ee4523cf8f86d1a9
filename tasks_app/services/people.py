"""What people say about themselves."""

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from tasks_app.errors import FieldError, Invalid

_EMAIL_MAX = 254


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
    user.email = email
    user.save(update_fields=["email"])


def _refused(message: str) -> Invalid:
    return Invalid("The address was not taken.", fields={"email": [FieldError("email", message)]})
