"""Sessions in the database, looked for only under keys that can be some: a cookie may hold anything, also a NUL."""

import re
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as StoredSessions

_KEY = re.compile(r"[a-z0-9]{8,40}", re.ASCII)


class SessionStore(StoredSessions):
    """Django's own, which would ask the database for any text; PostgreSQL takes no NUL even to look for it."""

    def _validate_session_key(self, key: Any) -> bool:
        return isinstance(key, str) and _KEY.fullmatch(key) is not None
