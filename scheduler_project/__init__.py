"""The Django project: settings, entry points and what runs around them."""

from scheduler_project.celery import app as celery_app

__all__ = ["celery_app"]

__version__ = "0.1.0"
