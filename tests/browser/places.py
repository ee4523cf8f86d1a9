"""The pages of a lived-in platform, by name: for pictures, and for what must hold on each."""

from playwright.sync_api import Page

from tests.browser.demo_backfills import NAME

PAGES = {
    "home": "/",
    "task-list": "/tasks/",
    "task-types": "/tasks/new/",
    "task-new": "/tasks/new/?type=http_request",
    "task-example": "/tasks/new/?example=generate-monthly-invoices",
    "run-list": "/runs/",
    "run-list-needs": "/runs/?status=needs",
    "run-list-misread": "/runs/?search=statsu:failed",
    "run-groups": "/runs/groups/",
    "runs-retry": "/runs/all/retry/?status=needs",
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
    "workers": "/workers/",
    "paused": "/settings/paused/",
    "types": "/settings/types/",
    "type": "/settings/types/export_report/",
    "settings": "/settings/",
    "password": "/settings/password/",
    "second-factor": "/settings/second-factor/",
    "sign-ins": "/settings/sign-ins/",
    "people": "/settings/people/",
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
    ("credential-edit", "/settings/credentials/", "crm"),
    ("email-template-edit", "/settings/email-templates/", "Invoice is due"),
)


def every_place(page: Page) -> dict[str, str]:
    """The addresses of all pages, with those that a name leads to."""
    found = dict(PAGES)
    for name, task in BY_NAME.items():
        page.goto("/tasks/")
        found[name] = str(page.get_by_role("link", name=task).first.get_attribute("href"))
    found["task-edit"] = f"{found['task-detail']}edit/"
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
    return found
