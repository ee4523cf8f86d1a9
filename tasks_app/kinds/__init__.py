"""The built-in task types, one file each; importing this declares them."""

from tasks_app.kinds import (
    builtin_sources,
    builtin_sources_activity,
    builtin_sources_platform,
    celery_task,
    cleanup,
    database_backup,
    export_report,
    http_request,
    send_email,
    shell_command,
    sync_external_service,
)

__all__ = [
    "builtin_sources",
    "builtin_sources_activity",
    "builtin_sources_platform",
    "celery_task",
    "cleanup",
    "database_backup",
    "export_report",
    "http_request",
    "send_email",
    "shell_command",
    "sync_external_service",
]
