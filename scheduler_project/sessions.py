"""Sessions in the database, looked for only under keys that can be some: a cookie may hold anything, also a NUL.

The key of a session in which somebody has signed in begins with their mark, by which their sessions are found.
"""

import re
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as StoredSessions
from django.utils.crypto import get_random_string

_RANDOM = 30
_SIGNS = "abcdefghijklmnopqrstuvwxyz0123456789"
_KEY = re.compile(r"[a-z0-9]{8,40}", re.ASCII)


class SessionStore(StoredSessions):
    """Django's own, which would ask the database for any text; PostgreSQL takes no NUL even to look for it."""

    def _validate_session_key(self, key: Any) -> bool:
        return isinstance(key, str) and _KEY.fullmatch(key) is not None

    def _get_new_session_key(self) -> str:
        user_id = getattr(self, "_session_cache", {}).get(SESSION_KEY)
        if user_id is None:
            return str(super()._get_new_session_key())  # type: ignore[misc]  # its types leave it out
        from tasks_app.selectors.sessions import session_mark  # noqa: PLC0415  # needs the models

        while self.exists(key := session_mark(user_id) + get_random_string(_RANDOM, _SIGNS)):
            pass
        return key
