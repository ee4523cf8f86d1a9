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
