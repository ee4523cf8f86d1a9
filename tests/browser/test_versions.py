"""A task that is changed and brought back, and one that is saved and run at once, as a person does it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.making import make_task

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]


def test_a_version_is_brought_back_by_three_clicks(page: Page) -> None:
    make_task(page, "Careful", seconds="1")
    page.click("text=Edit")
    page.fill("[name=name]", "Careless")
    page.fill("[name='payload.seconds']", "9")
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.wait_for_url("**/tasks/*-*/")
    page.get_by_role("link", name="Versions").last.click()
    expect(page.locator(".versions > li")).to_have_count(2)
    expect(page.locator(".versions > li").first).to_contain_text("Careless")
    page.click("text=Bring back")
    expect(page.locator(".changed")).to_contain_text("Careful")
    page.get_by_role("button", name="Bring back version 1").click()
    expect(page.locator("h1")).to_contain_text("Careful")
    expect(page.get_by_text("This is version 3.")).to_be_visible()


def test_save_and_run_once_now_saves_and_opens_the_one_run(page: Page) -> None:
    make_task(page, "Eager")
    page.click("text=Edit")
    page.fill("[name=name]", "More eager")
    page.get_by_role("button", name="Save and run once now").dblclick()
    page.wait_for_url("**/runs/*/")
    expect(page.locator("h1")).to_contain_text("More eager")
    page.locator(".crumb a").last.click()
    expect(page.locator("#task-history tbody tr")).to_have_count(1)


def test_types_are_narrowed_while_one_types(page: Page) -> None:
    page.goto("/tasks/new/")
    page.fill("#type-search", "calls a url")
    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator(".card")).to_contain_text("HTTP request")
    page.fill("#type-search", "zeppelin")
    expect(page.get_by_role("heading", name=re.compile("Nothing matches"))).to_be_visible()
