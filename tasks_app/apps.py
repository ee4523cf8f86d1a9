"""The engine as a Django app."""

from importlib import import_module
from urllib.parse import parse_qs, unquote

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules

from tasks_app.handlers import secrecy


class TasksAppConfig(AppConfig):
    """Finds the task types: the built-in kinds first, then `task_handlers.py` of every installed app."""

    name = "tasks_app"
    verbose_name = "Tasks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        secrecy.known.keep(_own_secrets())
        import_module("tasks_app.kinds")
        autodiscover_modules("task_handlers")
        from tasks_app.services import audit_sign_ins  # noqa: PLC0415  # needs the models
        from tasks_app.services.first_sign_in import first_password_forget  # noqa: PLC0415  # needs the models
        from tasks_app.services.sessions import session_begin  # noqa: PLC0415  # needs the models

        if settings.ALLOW_SHELL_COMMANDS:
            from tasks_app.services.processes import hide_process  # noqa: PLC0415  # only where commands may look around

            hide_process()
        user_logged_in.connect(first_password_forget, dispatch_uid="first-password")
        user_logged_in.connect(session_begin, dispatch_uid="session")
        audit_sign_ins.listen()
        post_migrate.connect(_make_roles, sender=self, dispatch_uid="roles")


def _own_secrets() -> list[str]:
    """The platform's keys and the passwords of its servers, which no log and no run's error shall hold."""
    storage = settings.STORAGES["default"].get("OPTIONS", {})
    found = [settings.SECRET_KEY, *settings.FIELD_KEYS, settings.FLOWER_SECRET, settings.EMAIL_HOST_PASSWORD]
    database = settings.DATABASES["default"]
    options = database.get("OPTIONS", {})
    found += [database.get("PASSWORD") or "", storage.get("secret_key") or ""]
    found += [str(options.get(name) or "") for name in ("password", "sslpassword")]
    # Of several sentinels the part before the @ is read alone: together they are no host.
    userinfo = settings.REDIS_URL.partition("://")[2].rpartition("@")[0]
    in_query = parse_qs(settings.REDIS_URL.partition("?")[2])
    found += [value for name in ("password", "ssl_password") for value in in_query.get(name, [])]
    return [*found, unquote(userinfo.partition(":")[2])]


def _make_roles(using: str, **_: object) -> None:
    from tasks_app.services.roles import roles_ensure  # noqa: PLC0415  # needs the models

    if using == DEFAULT_DB_ALIAS:
        roles_ensure()
