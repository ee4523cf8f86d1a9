"""Ticking runs in their list, and acting on them: with the mouse, by keyboard, without scripts."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessible import faults_of
from tests.browser.making import make_task

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

COUNT = 3
BOXES = "tbody input[name=run]"


def failures(page: Page, name: str) -> str:
    """Let runs of a task fail; gives the address of their list."""
    make_task(page, name, type="probe.fail")
    task = page.url.rstrip("/").split("/")[-1]
    for _ in range(COUNT):
        page.goto(f"/tasks/{task}/")
        page.get_by_role("button", name="Run now").first.click()
        page.wait_for_url("**/runs/*/")
        expect(page.locator("h1")).to_contain_text("failed")
    return f"/runs/?task={task}"


def test_runs_are_ticked_by_range_and_by_keyboard_dismissed_and_put_back(page: Page) -> None:
    address = failures(page, "Ticked")
    page.goto(address)
    bar, count, boxes = page.locator(".bulk"), page.locator("[data-bulk-count]"), page.locator(BOXES)
    expect(boxes).to_have_count(COUNT)
    expect(bar).to_be_hidden()
    boxes.first.check()
    boxes.last.click(modifiers=["Shift"])
    expect(count).to_have_text(f"{COUNT} ticked")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        expect(bar).to_be_in_viewport()
        assert faults_of(page) == []
    page.get_by_role("button", name="Untick all").click()
    expect(bar).to_be_hidden()
    page.get_by_role("checkbox", name="Tick all on this page").check()
    expect(count).to_have_text(f"{COUNT} ticked")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(count).to_have_text(f"{COUNT - 1} ticked")
    expect(boxes.first).not_to_be_checked()
    bar.get_by_role("button", name="Dismiss").click()
    expect(page.locator("h1")).to_have_text(f"Dismiss {COUNT - 1} runs?")
    page.fill("[name=note]", "the relay was down")
    page.get_by_role("button", name="Dismiss them").click()
    told = page.locator(".message")
    expect(told).to_contain_text(f"{COUNT - 1} runs dismissed")
    expect(page).to_have_url(re.compile(re.escape(address)))
    page.get_by_role("button", name="Undo").click()
    expect(told).to_contain_text(f"{COUNT - 1} runs put back")
    page.goto(f"{address}&status=needs")
    expect(page.locator("tbody tr")).to_have_count(COUNT)


def test_what_is_ticked_stays_so_while_its_run_goes_on_and_is_stopped(page: Page) -> None:
    make_task(page, "Ticked while it runs", seconds="60", run=True)
    expect(page.locator("h1")).to_contain_text("running")
    elsewhere = page.context.new_page()
    elsewhere.goto(page.url)
    page.goto("/runs/?search=ticked+while")
    expect(page.locator("html")).to_have_attribute("data-link", "live")
    row, box = page.locator("tbody tr"), page.locator(BOXES)
    box.check()
    page.locator("h1").click()
    row.evaluate("row => { row.dataset.drawn = 'before'; }")
    elsewhere.get_by_role("link", name="Stop", exact=True).click()
    elsewhere.get_by_role("button", name="Stop the run").click()
    expect(row.locator("[data-state]")).to_contain_text("cancelled")
    expect(page.locator("tbody tr[data-drawn]")).to_have_count(0)
    expect(box).to_be_checked()
    page.locator(".bulk").get_by_role("button", name="Stop or cancel").click()
    expect(page.locator("main")).to_contain_text("1 is left alone: 1 ended already.")


def test_it_all_works_without_scripts(page: Page, plain: Page) -> None:
    address = failures(page, "Ticked without scripts")
    plain.goto(address)
    plain.locator(".bulk").get_by_role("button", name="Retry").click()
    expect(plain.locator(".message")).to_contain_text("Tick the runs that you mean.")
    plain.locator(BOXES).first.check()
    plain.locator(".bulk").get_by_role("button", name="Retry").click()
    expect(plain.locator("h1")).to_have_text("Run 1 run again?")
    plain.get_by_role("button", name="Run it again").click()
    expect(plain.locator(".message")).to_contain_text("1 run started again")
    expect(plain.locator("tbody tr")).to_have_count(COUNT + 1)
