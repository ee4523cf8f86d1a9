"""Running past slots, as a person does: look at what would run, start it, and follow it to its end."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WAIT_MS

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]


def make_hourly(page: Page, name: str, *, seconds: str) -> None:
    """Make a task for every full hour through the form."""
    page.goto("/tasks/new/?type=probe.sleep")
    page.fill("[name=name]", name)
    page.fill("[name='payload.seconds']", seconds)
    page.check("#kind-cron", force=True)
    page.fill("[name='schedule.cron.expression']", "0 * * * *")
    page.fill("[name=timezone]", "Europe/Berlin")
    page.click("text=Create task")
    page.wait_for_url("**/tasks/*/")


def test_a_backfill_is_looked_at_started_and_followed_to_its_end(page: Page) -> None:
    make_hourly(page, "Hourly sums", seconds="3")
    page.get_by_label("More").click()
    page.click("text=Backfill")
    # It has only just been made, so slots from before it are proposed.
    expect(page.locator("#backfill-plan .says")).to_have_text(re.compile(r"^[1-9]\d* of \d+ slots would run"))
    page.fill("[name=from]", "2025-11-03T09:00")
    page.fill("[name=to]", "2025-11-03T08:00")
    expect(page.locator("#backfill-plan")).to_contain_text("Must not be before from", timeout=WAIT_MS)
    page.fill("[name=to]", "2025-11-03T12:00")
    expect(page.locator("#backfill-plan .says")).to_have_text("4 of 4 slots would run", timeout=WAIT_MS)
    page.click("text=Run 4 slots")
    page.wait_for_url("**/batches/*/")
    page.evaluate("window.isSamePage = true")
    expect(page.locator("h1")).to_contain_text("running")
    expect(page.locator(".slot-grid li > .is-running")).to_have_count(1, timeout=WAIT_MS)
    expect(page.locator(".sentence")).to_contain_text(re.compile("[1-3] of 4 slots done"), timeout=WAIT_MS)
    expect(page.locator("h1")).to_contain_text("completed", timeout=WAIT_MS)
    expect(page.locator(".sentence")).to_contain_text("4 slots: 4 succeeded")
    expect(page.locator(".slot-grid li > .is-succeeded")).to_have_count(4, timeout=WAIT_MS)
    expect(page).to_have_title(re.compile("Hourly sums, completed"))
    assert page.evaluate("window.isSamePage") is True
    page.locator(".shares a").click()
    expect(page.locator("tbody tr")).to_have_count(4)


def test_it_works_without_javascript(plain: Page) -> None:
    make_hourly(plain, "Without a script", seconds="0")
    plain.goto(f"{plain.url}backfill/")
    plain.fill("[name=from]", "2025-11-03T09:00")
    plain.fill("[name=to]", "2025-11-03T10:00")
    plain.click("text=Preview")
    expect(plain.locator("#backfill-plan .says")).to_have_text("2 of 2 slots would run")
    plain.click("text=Run 2 slots")
    plain.wait_for_url("**/batches/*/")
    expect(plain.locator("h1")).to_contain_text("Backfill of Without a script")
