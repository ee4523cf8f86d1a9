"""The task."""


def noop() -> None:
    """Do nothing."""
