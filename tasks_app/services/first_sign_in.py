"""The first administrator: made once, with a password that is written down only until it has been used."""

import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction

from tasks_app.services import audit

USER_NAME = "admin"
PASSWORD_BYTES = 12


def password_file() -> Path:
    """Where the one-time password waits, readable by this user alone."""
    return Path(settings.VAR_DIR) / "first-password"


def first_admin_create() -> str | None:
    """Make the first administrator and give the one-time password; None when there is one already."""
    with transaction.atomic():
        if User.objects.filter(is_superuser=True).exists():
            return None
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        user = User.objects.create_superuser(USER_NAME, password=password)
        user.groups.add(Group.objects.get(name="Admin"))
        audit.note("user.create", user, after={"username": USER_NAME, "is_superuser": True, "groups": ["Admin"]})
    path = password_file()
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(f"{USER_NAME}\n{password}\n")
    return password


def first_password_forget(*, user: Any, **_: Any) -> None:
    """Remove the written password at its user's sign-in (Django's `user_logged_in` signal)."""
    if user.get_username() == USER_NAME:
        password_file().unlink(missing_ok=True)
