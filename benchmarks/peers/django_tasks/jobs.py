"""The task."""

from django_tasks import task


@task()
def noop() -> None:
    """Do nothing."""
