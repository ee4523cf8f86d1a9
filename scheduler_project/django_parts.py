"""What Django is put together from: apps, middleware and templates, the same in every environment."""

from pathlib import Path
from typing import Any

INSTALLED_APPS = [
    # Without unfold's own site, in favour of ours.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "scheduler_project.admin_app.CarillonAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "django_celery_beat",
    "django_celery_results",
    "tasks_app",
    "notifications",
]
MIDDLEWARE = [
    "scheduler_project.callers.CallerMiddleware",
    "scheduler_project.cors.cross_origin",
    "scheduler_project.caching.NothingIsKept",
    "tasks_app.api.middleware.ApiMiddleware",
    "scheduler_project.csp.content_security_policy",
    "django.middleware.security.SecurityMiddleware",
    "scheduler_project.readable_forms.ReadableForms",
    "scheduler_project.static_files.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tasks_app.web.session_seen.SessionSeen",
    "tasks_app.web.required_factor.RequiredFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tasks_app.web.alone.methods_refused",
]


def templates(directory: Path) -> list[dict[str, Any]]:
    """Give the template engine, with the pages in `directory`."""
    return [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [directory],
            "APP_DIRS": True,
            "OPTIONS": {
                "builtins": ["tasks_app.templatetags.forms"],
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                    "tasks_app.web.alone.shared",
                ],
            },
        }
    ]
