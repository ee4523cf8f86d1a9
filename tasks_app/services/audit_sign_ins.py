"""Sign-ins in the audit log: who came in, who left, and who was not let in (Django's own signals)."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

from tasks_app.services import audit

MOST_TYPED = 150


def listen() -> None:
    """Hear of sign-ins from now on."""
    user_logged_in.connect(_signed_in, dispatch_uid="audit")
    user_logged_out.connect(_signed_out, dispatch_uid="audit")
    user_login_failed.connect(_refused, dispatch_uid="audit")


def _signed_in(user: Any, **_: Any) -> None:
    audit.note("sign_in", user, actor=f"user:{user.get_username()}", user_id=user.pk)


def _signed_out(user: Any, **_: Any) -> None:
    if user is not None:
        audit.note("sign_out", user, actor=f"user:{user.get_username()}", user_id=user.pk)


def _refused(credentials: Mapping[str, Any], **_: Any) -> None:
    """Of what was typed only the name is told; no user is looked up, which would tell by its time that there is one."""
    name = str(credentials.get("username") or "")[:MOST_TYPED]
    audit.note_later(
        "sign_in.fail", None, key=name, is_bounded=True, outcome=audit.REFUSED, actor="nobody", kind="user", name=name
    )
