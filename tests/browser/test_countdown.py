"""Countdowns go by the server's clock, and what has changed meanwhile is not called late."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import WAIT_MS
from tests.browser.making import make_task

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]


def make_daily(page: Page, name: str) -> None:
    """A task whose next run is half a day away."""
    hour = (datetime.now(UTC) + timedelta(hours=12)).hour
    page.goto("/tasks/new/?type=probe.sleep")
    page.fill("[name=name]", name)
    page.fill("[name='payload.seconds']", "0")
    page.check("#kind-daily", force=True)
    page.fill("[name='schedule.daily.time']", f"{hour:02}:00")
    page.click("text=Create task")
    page.wait_for_url(re.compile("/tasks/[0-9a-f-]{36}/"))


def test_a_clock_that_is_days_fast_makes_no_task_late(page: Page) -> None:
    make_daily(page, "On the server's clock")
    page.clock.install(time=datetime.now(UTC) + timedelta(days=3))
    page.goto("/tasks/?search=server%27s+clock")
    due = page.locator("main time[data-due]").first
    expect(due).to_contain_text("in ")
    page.clock.run_for(3_000)
    expect(due).to_have_text(re.compile(r"^in \d+ h$"))
    assert page.locator("main .is-late").count() == 0


def test_a_task_that_was_paused_elsewhere_is_looked_at_when_its_time_has_come(
    page: Page, context: BrowserContext
) -> None:
    make_daily(page, "Paused elsewhere")
    task = page.url
    page.clock.install()
    page.goto("/tasks/?search=Paused+elsewhere")
    row = page.locator("main tbody tr").first
    expect(row.locator("td.tablet-hide time[data-due]")).to_be_visible()
    expect(page.locator("html[data-link=live]")).to_have_count(1)
    page.clock.run_for(2_000)
    elsewhere = context.new_page()
    elsewhere.goto(task)
    elsewhere.get_by_role("button", name="Pause", exact=True).first.click()
    elsewhere.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(elsewhere.get_by_role("button", name="Resume").first).to_be_visible()
    page.clock.fast_forward("26:00:00")
    page.clock.run_for(20_000)
    expect(row).to_contain_text("paused", timeout=WAIT_MS)
    expect(row.locator("time[data-due]")).to_have_count(0)


def test_an_end_that_was_expected_goes_when_it_has_passed(page: Page) -> None:
    make_task(page, "Longer than usual", seconds="6", run=True)
    expect(page.locator("h1")).to_contain_text("succeeded", timeout=WAIT_MS)
    page.click(".crumb a >> nth=1")
    page.wait_for_url("**/tasks/*/")
    task = page.url
    page.goto(f"{task}edit/")
    page.fill("[name='payload.seconds']", "25")
    page.click("text=Save and run once now")
    expect(page.locator("h1")).to_contain_text("running", timeout=WAIT_MS)
    page.clock.install()
    page.goto(task)
    until = page.locator("#task-head [data-until]")
    expect(until).to_have_count(1)
    page.clock.run_for(8_000)
    expect(until).to_be_hidden()
    assert until.count() == 1
    assert "It usually takes" in page.locator("#task-head .stand").inner_text()
