"""celery beat."""
