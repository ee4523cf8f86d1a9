"""The names of the queues, for filters."""

from tasks_app.models import Queue


def queue_names() -> list[str]:
    """Every queue, in the order in which they are served."""
    return list(Queue.objects.values_list("name", flat=True))
