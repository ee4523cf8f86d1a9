"""Every address of the platform."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from scheduler_project import health
from scheduler_project.flower_proxy import flower
from scheduler_project.metrics import metrics

# Names of static files are known once they are collected, which is after this is imported.
_static = lazy(static, str)

handler500 = "tasks_app.web.alone.server_error"
urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^healthz/?$", health.healthz, name="healthz"),
    re_path(r"^readyz/?$", health.readyz, name="readyz"),
    re_path(r"^statusz/?$", health.statusz, name="statusz"),
    re_path(r"^metrics/?$", metrics, name="metrics"),
    # Browsers ask for it wherever a page names no icon: the API's documentation, a picture opened by itself.
    path("favicon.ico", RedirectView.as_view(url=_static("carillon/img/favicon.svg"))),
    path("api/", include("tasks_app.api.urls")),
    path("admin/", admin.site.urls),
    path("flower", RedirectView.as_view(url="/flower/")),
    re_path(r"^flower/(?P<rest>.*)$", flower, name="flower"),
    path("", include("tasks_app.web.file_urls")),
    path("", include("tasks_app.web.urls")),
]
