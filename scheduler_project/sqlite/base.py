"""The backend under the name that Django looks for."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db.backends.sqlite3 import base

_seen: set[str] = set()


class DatabaseWrapper(base.DatabaseWrapper):
    """Opens a file that this process has seen before only if it is still there.

    SQLite would make an empty one in its place: work would go on with no table, and be overwritten when the file comes
    back. So it is an OperationalError, "unable to open database file", until it does.
    """

    def get_connection_params(self) -> dict[str, Any]:
        """Give what sqlite3 is opened with."""
        params: dict[str, Any] = super().get_connection_params()
        path = str(params["database"])
        if path in _seen:
            return {**params, "database": f"file:{quote(path)}?mode=rw"}
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Open it, and remember the file."""
        connection = super().get_new_connection(conn_params)
        path = str(self.settings_dict["NAME"])
        if Path(path).is_file():
            _seen.add(path)
        return connection
