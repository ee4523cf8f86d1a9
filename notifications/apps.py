"""Notifications as a Django app: its receivers listen from the start."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Connects the receivers to the one signal of the engine."""

    name = "notifications"

    def ready(self) -> None:
        from notifications.receivers import connect  # noqa: PLC0415  # models are not loaded before

        connect()
