"""celery results."""
