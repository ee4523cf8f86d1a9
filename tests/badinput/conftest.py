"""One real web server for all of it, and what must hold of it after each group of bad input."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import httpx
import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.urls import get_resolver
from django.utils import timezone

from tasks_app import jobs
from tasks_app.models import AuditEntry
from tests.live import inside
from tests.live.platform import Platform, running_platform

OWNER, STAFF = "alice", "admin"
NO_LIMITS = dict.fromkeys(("CREATES_PER_MINUTE", "RUN_NOW_PER_MINUTE", "RUNS_PER_HOUR", "UNKNOWN_NAMES_PER_HOUR"), "0")
_CHANGING = ("session", "message", "logentry", "apikey")
_ADMIN_LINK = re.compile(r'href="(/admin/[a-z_]+/[a-z_]+/)"')
STAFF_PAGES = ("/settings/people/", "/settings/paused/", "/queues/", "/queues/new/", "/workers/")
API_LISTS = (
    "me", "tasks", "tasks/history", "runs", "batches", "task-types", "catalogue", "api-keys", "files", "credentials",
    "email-templates", "calendars", "calendars/countries", "collections", "queues", "stats", "upcoming",
    "upcoming/load",
)  # fmt: skip


@dataclass
class Site:
    """The server, and people in front of it: by key, in the browser, at the desk."""

    platform: Platform
    api: httpx.Client
    browser: httpx.Client
    desk: httpx.Client
    pages: list[str]
    desks: list[str]

    def call(self, method: str, path: str, content: bytes, **headers: str) -> httpx.Response:
        """Send one request to the API."""
        kind = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        return self.api.request(method, f"/api/{path}", content=content, headers=kind)

    def post_form(self, client: httpx.Client, path: str, form: dict[str, Any]) -> httpx.Response:
        """Post a form as a browser does."""
        token = {"csrfmiddlewaretoken": client.cookies["carillon_csrf"]}
        origin = {"Referer": f"{self.platform.url}{path}"}
        return client.post(path, data={**form, **token}, headers=origin, follow_redirects=False)

    def rows(self) -> dict[str, int]:
        """Count the rows of every table."""
        return self.platform.do(row_counts)

    @contextlib.contextmanager
    def unharmed(self) -> Iterator[None]:
        """Let something bad be sent, and see that nothing came of it."""
        before = self.rows()
        yield
        assert self.rows() == before
        self.check_lists()

    def check_lists(self) -> None:
        """See that every list of the API works, and that nothing unexpected was logged."""
        for path in API_LISTS:
            assert self.api.get(f"/api/{path}").status_code == 200, path
        self._check_logs()

    def check_pages(self) -> None:
        """See that every page and export works, and that nothing unexpected was logged."""
        for client, paths in ((self.browser, self.pages), (self.desk, self.desks)):
            for path in paths:
                assert client.get(path).status_code == 200, path
        assert self.platform.do(exported) > 0
        self._check_logs()

    def _check_logs(self) -> None:
        for log in self.platform.logs.glob("*.log"):
            assert "Traceback" not in log.read_text(errors="replace"), log.read_text(errors="replace")[-4000:]


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """A web process on its own database, with something of everything in its lists."""
    with running_platform("redis", "web", MAIL_DOMAINS="example.org", **NO_LIMITS) as platform:
        platform.do(fill)
        with contextlib.ExitStack() as stack:
            api = stack.enter_context(contextlib.closing(platform.with_key(OWNER)))
            browser = stack.enter_context(contextlib.closing(platform.signed_in(OWNER, f"{OWNER}-password")))
            password = platform.do(inside.first_password)
            desk = stack.enter_context(contextlib.closing(platform.signed_in(STAFF, password)))
            desks = sorted(set(_ADMIN_LINK.findall(desk.get("/admin/").text)))
            assert len(desks) > 10
            yield Site(platform, api, browser, desk, plain_pages(), [*desks, *STAFF_PAGES])


@pytest.fixture(scope="module", autouse=True)
def pages_work(site: Site) -> Iterator[None]:
    """See after each file, in each test process, that nothing sent by then breaks a page: they are slow to draw."""
    yield
    site.check_pages()


def plain_pages() -> list[str]:
    """Give the addresses of all pages that name no object, from the URL configuration itself."""
    found = [str(one.pattern) for one in get_resolver("tasks_app.web.urls").url_patterns]
    not_shown = (
        "sign-out/", "theme/", "preview", "tasks/bulk/", "runs/export/", "example/", "undo/", "mailbox/", "spread/",
        "platform/", "sign-in/", "ui/",
        "second-factor/begin/", "second-factor/confirm/", "second-factor/codes/", "second-factor/off/",
    )  # fmt: skip
    shown = [f"/{path}" for path in found if "<" not in path and not any(word in path for word in not_shown)]
    return [path for path in shown if path not in STAFF_PAGES]


def fill() -> None:
    """Make a few rows, so that the lists have something to show."""
    owner = User.objects.get(username=OWNER)
    payload = {"source": "runs"}
    jobs.recurring("nightly", "export_report", payload, "0 3 * * *", owner=owner)
    jobs.recurring("zoned", "export_report", payload, "0 9 * * 1-5", owner=owner, timezone="America/St_Johns")
    jobs.schedule("export_report", payload, delay=86_400, owner=owner)


def row_counts() -> dict[str, int]:
    """Count the rows of all tables but those that every request may write to, and the notes of what was refused."""
    models = [model for model in apps.get_models() if not str(model._meta.model_name).endswith(_CHANGING)]
    counts = {model._meta.label: model._default_manager.count() for model in models}
    refused = AuditEntry.objects.filter(outcome=AuditEntry.Outcome.REFUSED).count()
    return {**counts, AuditEntry._meta.label: counts[AuditEntry._meta.label] - refused}


def exported() -> int:
    """Write every report over all that is stored, as CSV and as a workbook; gives the number of bytes."""
    from tasks_app.kinds.export_report import ExportReport  # noqa: PLC0415  # the platform's own process has the apps
    from tasks_app.kinds.sources import Scope, source_all, stream_pages  # noqa: PLC0415

    scope, size = Scope(user=User.objects.get(username=STAFF), at=timezone.now()), 0
    for source in source_all():
        for format in ("csv", "xlsx"):
            payload = ExportReport.model_validate({"source": source.name, "format": format})
            columns = source.pick([])
            with stream_pages(source.query(scope, payload.typed_filters(source)), columns) as pages:
                stream = BytesIO()
                payload.file.write(stream, [column.name for column in columns], pages)
                size += stream.tell()
    return size
