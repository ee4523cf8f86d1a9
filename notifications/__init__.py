"""Everything that tells people and browsers what has happened. It knows only the public face of tasks_app."""
