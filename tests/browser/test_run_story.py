"""How a run went, told while it goes on and once it has ended."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.making import make_task

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

WAIT_MS = 30_000
_ALL_OF_IT = "list => list.scrollHeight <= list.clientHeight"


def test_all_steps_of_a_run_stand_there_once_it_has_ended_and_the_reader_goes_on(page: Page) -> None:
    make_task(page, "Told to its end", type="probe.fail", run=True)
    steps = page.locator("#run-timeline")
    expect(steps).to_have_attribute("data-tail", "")
    expect(steps).to_have_attribute("data-tail", "over", timeout=WAIT_MS)
    expect(steps.locator("li").first).not_to_be_in_viewport()
    page.keyboard.press("Shift")
    expect(steps.locator("li").first).to_be_in_viewport()
    assert steps.evaluate(_ALL_OF_IT)


def test_all_steps_of_a_run_are_asked_for_while_it_goes_on(page: Page) -> None:
    make_task(page, "Told so far", type="probe.fail", run=True)
    steps = page.locator("#run-timeline")
    page.get_by_role("button", name=re.compile(r"^All \d+ steps$")).click(timeout=WAIT_MS)
    expect(steps.locator("li").first).to_be_in_viewport()
    expect(steps).to_have_attribute("data-tail", "over", timeout=WAIT_MS)
    expect(steps.locator("li").first).to_be_in_viewport()
    assert steps.evaluate(_ALL_OF_IT)


def test_the_bar_of_a_run_grows_while_it_runs(page: Page) -> None:
    make_task(page, "Longer each second", seconds="20", run=True)
    bar = page.locator("svg.stretches")
    expect(bar).to_have_attribute("aria-label", re.compile(r"running [3-9] s$"), timeout=WAIT_MS)
    running = bar.locator("rect").last
    expect(running.locator("title")).to_have_text(re.compile(r"running \d+ s"))
    narrow = float(str(running.get_attribute("width")))
    expect(bar).to_have_attribute("aria-label", re.compile(r"running 1\d s$"), timeout=WAIT_MS)
    assert float(str(running.get_attribute("width"))) > narrow


def test_a_log_that_is_searched_says_how_many_lines_match_and_how_to_send_it(page: Page) -> None:
    page.goto("/tasks/new/?type=probe.chatty")
    page.fill("[name=name]", "Searched")
    page.fill("[name='payload.seconds']", "4")
    page.fill("[name='payload.message']", "20")
    page.check("#kind-manual", force=True)
    page.click("text=Create and run once now")
    search, button = page.locator("[name=find]"), page.locator(".of-log").get_by_role("button", name="Filter")
    expect(button).to_be_hidden()
    search.fill("1")
    button.click()
    expect(page).to_have_url(re.compile("find=1"))
    expect(page.locator("h1")).to_contain_text("succeeded", timeout=WAIT_MS)
    expect(page.locator("#log-count")).to_have_text(re.compile(r"^\d+ of 20 lines$"), timeout=WAIT_MS)
    shown = page.locator("#log li").count()
    expect(page.locator("#log-count")).to_have_text(f"{shown} of 20 lines")
    expect(button).to_be_hidden()
