"""The built-in task types, one file each; importing this declares them."""

from tasks_app.kinds import builtin_sources, cleanup, export_report, http_request, sync_external_service

__all__ = ["builtin_sources", "cleanup", "export_report", "http_request", "sync_external_service"]
