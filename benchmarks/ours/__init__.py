"""The platform as it is measured: its own settings, and task types that do next to nothing."""
