"""Django's SQLite backend, which never makes a file anew in the place of one that has gone."""
