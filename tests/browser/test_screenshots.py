"""Every page with a lived-in database, as pictures: to a temporary directory, or to where SCREENSHOTS says."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from scheduler_project.settings import BASE_DIR
from tests.browser.conftest import WAIT_MS, Platform, sign_in
from tests.browser.demo_backfills import NAME
from tests.live.launched import launched, short_directory

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

WIDTHS = {"": (1280, 860), "-narrow": (390, 844)}
PAGES = {
    "home": "/",
    "task-list": "/tasks/",
    "task-types": "/tasks/new/",
    "task-new": "/tasks/new/?type=http_request",
    "task-example": "/tasks/new/?example=generate-monthly-invoices",
    "run-list": "/runs/",
    "batch-list": "/batches/",
    "upcoming": "/upcoming/",
    "upcoming-week": "/upcoming/?span=week&order=often",
    "file-list": "/files/",
    "file-upload": "/files/upload/",
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


@pytest.fixture(scope="module")
def lived_in() -> Iterator[Platform]:
    """A platform with a week behind it, and no worker that would meddle with what seems to run."""
    with short_directory() as directory, launched(directory, UPKEEP_SECONDS="300") as running:
        ready = running.ready()
        settings = {"VAR_DIR": str(directory), "DJANGO_SETTINGS_MODULE": "scheduler_project.settings"}
        subprocess.run(
            [sys.executable, "-m", "tests.browser.demo"], check=True, cwd=BASE_DIR, env={**os.environ, **settings}
        )
        yield Platform(ready["address"], directory, ready["user"], ready["password"])


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the pictures go."""
    return Path(os.environ.get("SCREENSHOTS") or tmp_path)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pictures_of_every_page(browser: Browser, lived_in: Platform, directory: Path, theme: str, width: str) -> None:
    across, down = WIDTHS[width]
    profile = browser.new_context(
        base_url=lived_in.address,
        viewport={"width": across, "height": down},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    profile.set_default_timeout(WAIT_MS)
    page = profile.new_page()
    sign_in(page, lived_in)
    taken = [_take(page, directory / f"{name}{width}-{theme}.png", address) for name, address in _all(page).items()]
    profile.close()
    assert all(path.stat().st_size > 5_000 for path in taken)


def _all(page: Page) -> dict[str, str]:
    """The addresses of all pages, with those that a name leads to."""
    found = dict(PAGES)
    for name, task in BY_NAME.items():
        page.goto("/tasks/")
        found[name] = str(page.get_by_role("link", name=task).first.get_attribute("href"))
    found["task-edit"] = f"{found['task-detail']}edit/"
    found["backfill"] = f"{found['task-backfilled']}backfill/?reprocess=failed"
    page.goto("/batches/")
    for status in ("running", "cancelled", "completed"):
        row = page.locator("tbody tr", has_text=status)
        found[f"batch-{status}"] = str(row.locator("a.name").first.get_attribute("href"))
    page.goto("/settings/calendars/")
    found["calendar-edit"] = str(page.get_by_role("link", name="Office Munich").get_attribute("href"))
    for status in ("failed", "running", "succeeded"):
        page.goto(f"/runs/?status={status}")
        found[f"run-{status}"] = str(page.locator("tbody a.name").first.get_attribute("href"))
    return found


def _take(page: Page, path: Path, address: str) -> Path:
    page.goto(address)
    page.wait_for_load_state()
    assert re.search(r"\w", page.title())
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path)
    return path
