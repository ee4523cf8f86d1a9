"""The pages of a lived-in platform, by name: for pictures, and for what must hold on each."""

from collections.abc import Iterable
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import Resolver404, URLPattern, resolve
from playwright.sync_api import Page

from tasks_app.web import file_urls, urls
from tests.browser.demo_backfills import NAME

BULK = "5f3e0c1e-9b1c-4a6e-8a43-1f6f9d0b7c11"
HANDED = "5f3e0c1e-9b1c-4a6e-8a43-1f6f9d0b7c12"
MAIL = "Your invoice 4711 is due"
SIGNED_OUT = {"sign-in": "/sign-in/", "invitation-over": "/invitation/MQ/x-y/"}
PAGES = {
    "home": "/",
    "task-list": "/tasks/",
    "task-types": "/tasks/new/",
    "task-new": "/tasks/new/?type=http_request",
    "task-bulk": "/tasks/bulk/?do=pause&all=1",
    "task-bulk-recent": "/tasks/bulk/recent/",
    "task-bulk-progress": f"/tasks/bulk/{BULK}/",
    "task-example": "/tasks/new/?example=generate-monthly-invoices",
    "run-list": "/runs/",
    "run-list-needs": "/runs/?status=needs",
    "run-list-misread": "/runs/?search=statsu:failed",
    "run-groups": "/runs/groups/",
    "runs-retry": "/runs/all/retry/?status=needs",
    "runs-dismiss": "/runs/all/dismiss/?status=needs",
    "runs-cancel": "/runs/all/cancel/?status=waiting",
    "batch-list": "/batches/",
    "calendar": "/calendar/",
    "upcoming": "/upcoming/",
    "upcoming-week": "/upcoming/?span=week&order=often",
    "file-list": "/files/",
    "file-upload": "/files/upload/",
    "collections": "/collections/",
    "mailbox": "/mailbox/",
    "components": "/ui/",
    "not-found": "/nowhere/",
    "queues": "/queues/",
    "queue-new": "/queues/new/",
    "queue-edit": "/queues/default/edit/",
    "workers": "/workers/",
    "paused": "/settings/paused/",
    "types": "/settings/types/",
    "type": "/settings/types/export_report/",
    "settings": "/settings/",
    "password": "/settings/password/",
    "second-factor": "/settings/second-factor/",
    "sign-ins": "/settings/sign-ins/",
    "people": "/settings/people/",
    "hand-over": f"/settings/people/hand-overs/{HANDED}/",
    "audit-log": "/settings/audit/",
    "credentials": "/settings/credentials/",
    "credential-kinds": "/settings/credentials/new/",
    "credential-new": "/settings/credentials/new/?kind=bearer",
    "api-keys": "/settings/api-keys/",
    "calendars": "/settings/calendars/",
    "calendar-new": "/settings/calendars/new/",
    "email-templates": "/settings/email-templates/",
    "email-template-new": "/settings/email-templates/new/",
}
BY_NAME = {
    "task-detail": "Mirror exchange rates",
    "task-paused": "Invoices on the first",
    "task-backfilled": NAME,
}
LINKED = (
    ("person", "/settings/people/", "olga"),
    ("collection", "/collections/", "Customers"),
    ("mail-detail", "/mailbox/", MAIL),
    ("credential-edit", "/settings/credentials/", "crm"),
    ("email-template-edit", "/settings/email-templates/", "Invoice is due"),
)
# -- addresses that can be opened and are no place of their own, and where what they show is looked at
PARTS = {"task-complete", "task-names", "task-row", "run-complete", "run-row", "run-log"}
PARTS |= {"run-needing", "platform-trouble"}
FILES = {"run-export", "run-log-download", "file-download", "file-link", "mail-html"}
# They ask by the same page as `task-delete`.
ASKING = {"task-cancel", "batch-cancel", "queue-pause", "worker-stop", "file-delete", "collection-delete"}
ASKING |= {"api-key-revoke", "calendar-delete", "credential-delete", "email-template-delete"}
ASKING |= {"person-disable", "person-factor", "run-cancel", "task-unshare", "session-end", "sign-in-end"}
IN_TEST_SIGN_IN = {"sign-in-code", "forgot", "forgot-sent", "new-password"}


def openable() -> set[str]:
    """The names of all addresses of pages that can be opened, as the views themselves say."""
    patterns = [*urls.urlpatterns, *file_urls.urlpatterns]
    return {str(one.name) for one in patterns if "GET" in _methods(one)}


def _methods(pattern: URLPattern) -> Iterable[str]:
    kind = getattr(pattern.callback, "view_class", None)
    if kind is not None:
        return {name.upper() for name in kind.http_method_names if hasattr(kind, name)}
    request = RequestFactory().generic("TRACE", "/")
    request.user = AnonymousUser()
    return str(pattern.callback(request).headers["Allow"]).split(", ")


def names_of(addresses: Iterable[str]) -> set[str]:
    """The names that the URL configuration has for addresses."""
    found = set()
    for address in addresses:
        try:
            found.add(str(resolve(urlsplit(address).path).url_name))
        except Resolver404:
            continue
    return found


def every_place(page: Page) -> dict[str, str]:
    """The addresses of all pages, with those that a name leads to."""
    found = dict(PAGES)
    for name, task in BY_NAME.items():
        page.goto("/tasks/")
        found[name] = str(page.get_by_role("link", name=task).first.get_attribute("href"))
    found["task-edit"] = f"{found['task-detail']}edit/"
    found["task-delete"] = f"{found['task-detail']}delete/"
    found["task-versions"] = f"{found['task-detail']}versions/"
    found["task-version"] = f"{found['task-detail']}versions/1/"
    found["backfill"] = f"{found['task-backfilled']}backfill/?reprocess=failed"
    page.goto("/batches/")
    for status in ("running", "cancelled", "completed"):
        row = page.locator("tbody tr", has_text=status)
        found[f"batch-{status}"] = str(row.locator("a.name").first.get_attribute("href"))
    page.goto("/settings/calendars/")
    found["calendar-edit"] = str(page.get_by_role("link", name="Office Munich").get_attribute("href"))
    for name, address, link in LINKED:
        page.goto(address)
        found[name] = str(page.get_by_role("link", name=link, exact=True).first.get_attribute("href"))
    found["collection-changes"] = f"{found['collection']}changes/"
    page.goto(found["collection"])
    found["collection-record"] = str(page.get_by_role("link", name="C-1002").first.get_attribute("href"))
    for status in ("failed", "running", "succeeded"):
        page.goto(f"/runs/?status={status}")
        found[f"run-{status}"] = str(page.locator("tbody a.name").first.get_attribute("href"))
    found["run-retry"] = f"{found['run-failed']}retry/"
    page.goto("/files/")
    found["file-share"] = str(page.locator("a[href$='/share/']").first.get_attribute("href"))
    page.goto("/upcoming/")
    at = str(page.locator("form.spread input[name=at]").first.get_attribute("value"))
    found["upcoming-spread"] = f"/upcoming/spread/?{urlencode({'at': at})}"
    return found
