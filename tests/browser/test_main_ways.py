"""What people come for: plan a task in plain words and see it run, mend what failed; without scripts, on a phone."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import WAIT_MS, Platform, sign_in
from tests.browser.making import make_task

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

LONG_WAIT_MS = 60_000


def test_a_wrong_password_is_said_and_the_right_one_leads_on(browser: Browser, platform: Platform) -> None:
    profile = browser.new_context(base_url=platform.address, timezone_id="Europe/Berlin")
    tab = profile.new_page()
    tab.goto("/tasks/")
    tab.fill("[name=username]", platform.user)
    tab.fill("[name=password]", "not this one")
    tab.click("button.primary")
    expect(tab.locator("[role=alert]")).to_be_visible()
    assert tab.input_value("[name=username]") == platform.user
    tab.fill("[name=password]", platform.password)
    tab.click("button.primary")
    tab.wait_for_url("**/tasks/")
    profile.close()


def test_a_task_planned_in_plain_words_runs_before_ones_eyes(page: Page) -> None:
    page.goto("/tasks/new/")
    page.click("text=Export report")
    page.fill("[name=name]", "Eyes")
    page.select_option("[name='payload.source']", "runs")
    page.check("#kind-every", force=True)
    page.fill("[name='schedule.every.amount']", "5")
    page.select_option("[name='schedule.every.unit']", "seconds")
    expect(page.locator("#preview .says")).to_have_text("Every 5 seconds")
    page.click("text=Create task")
    page.wait_for_url("**/tasks/*/")
    page.evaluate("window.isSamePage = true")
    page.mouse.move(1, 1)  # nothing changes under the pointer
    runs = page.locator("#task-history tbody tr", has_text="succeeded")
    expect(runs.nth(1)).to_be_visible(timeout=LONG_WAIT_MS)
    assert page.evaluate("window.isSamePage") is True, "two slots came in without a reload"
    page.get_by_role("button", name="Pause", exact=True).first.click()
    page.click("#pause >> button.primary")
    expect(page.locator("h1")).to_contain_text("paused")
    runs.first.locator("a").first.click()
    expect(page.locator(".file a[download]")).to_contain_text(".csv")
    with page.expect_download() as download:
        page.locator(".file a[download]").click()
    assert download.value.suggested_filename.endswith(".csv")


def test_a_run_by_hand_is_told_the_time_that_was_chosen(page: Page) -> None:
    page.goto("/tasks/new/?type=probe.echo")
    page.fill("[name=name]", "Of July")
    page.check("#kind-manual", force=True)
    page.click("text=Create task")
    page.get_by_label("More", exact=True).click()
    page.get_by_role("button", name="Run for another time").click()
    page.fill("#run-for-instant", "2026-07-01T09:30")
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url("**/runs/*/")
    expect(page.locator("main")).to_contain_text("2026-07-01 07:30:00+00:00", timeout=LONG_WAIT_MS)


def test_a_failed_run_says_why_and_is_retried_with_a_mended_payload(page: Page) -> None:
    page.goto("/tasks/new/?type=probe.chatty")
    page.fill("[name=name]", "Three in words")
    page.fill("[name='payload.message']", "three")
    page.check("#kind-manual", force=True)
    page.click("text=Create and run once now")
    expect(page.locator("h1")).to_contain_text("failed", timeout=LONG_WAIT_MS)
    expect(page.locator(".problem .what")).to_contain_text("ValueError: invalid literal")
    expect(page.locator(".attempt")).to_have_count(4)
    expect(page.locator(".trace").first).to_contain_text("task_handlers.py")
    page.goto("/")
    expect(page.locator("main")).to_contain_text("Three in words")
    page.locator("#home-failed").get_by_role("link", name="Three in words").click()
    page.get_by_role("link", name="Retry with changes").first.click()
    assert page.input_value("[name='payload.message']") == "three"
    page.fill("[name='payload.message']", "3")
    page.get_by_role("button", name="Run again").last.click()
    page.wait_for_url("**/runs/*/")
    expect(page.locator("h1")).to_contain_text("succeeded", timeout=LONG_WAIT_MS)
    expect(page.locator("#log li")).to_have_count(3)
    page.get_by_role("link", name="the earlier run").click()
    expect(page.locator("h1")).to_contain_text("failed")


def test_without_javascript_a_task_is_made_run_and_its_result_read(browser: Browser, platform: Platform) -> None:
    profile = browser.new_context(base_url=platform.address, java_script_enabled=False, timezone_id="Europe/Berlin")
    profile.set_default_timeout(WAIT_MS)
    tab = profile.new_page()
    sign_in(tab, platform)
    tab.goto("/tasks/new/?type=probe.echo")
    tab.fill("[name=name]", "Script-less")
    tab.fill("[name='payload.message']", "read me")
    tab.check("#kind-manual", force=True)
    tab.click("text=Create task")
    tab.wait_for_url("**/tasks/*/")
    tab.get_by_role("button", name="Run now").click()
    tab.wait_for_url("**/runs/*/")

    def reloaded() -> str:
        tab.reload()
        return tab.locator("h1").inner_text()

    for _ in range(60):
        if "succeeded" in reloaded():
            break
        tab.wait_for_timeout(500)
    expect(tab.locator("pre", has_text='"message": "read me"').first).to_be_visible()
    profile.close()


def test_the_pages_of_one_task_and_one_run_fit_a_small_phone(context: BrowserContext, page: Page) -> None:
    make_task(page, "A name that is long enough to need a second line on any phone", seconds="1", run=True)
    expect(page.locator("h1")).to_contain_text("succeeded", timeout=LONG_WAIT_MS)
    page.set_viewport_size({"width": 390, "height": 844})
    run = page.url
    page.locator(".crumb a").last.click()
    page.wait_for_url(re.compile("/tasks/[^/]+/$"))
    task = page.url
    for address in (run, task, f"{task}edit/", f"{run}retry/", "/runs/?status=succeeded"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
