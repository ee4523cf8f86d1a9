"""Live frames and mail."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Listens to the engine's one signal."""

    name = "notifications"
    verbose_name = "Notifications"
