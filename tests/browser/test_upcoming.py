"""Upcoming: a collision is seen, moved apart and taken back; on a phone and without scripts as well."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

COUNT = 6
# Some hours ahead, so that it is neither under way nor a day off while the tests run.
SOON = datetime.now(UTC) + timedelta(hours=5)
ADDRESS = "/upcoming/?tag=collision"


def plan(page: Page) -> None:
    """Make tasks that collide every day, unless an earlier test has."""
    page.goto("/settings/")
    headers = {"X-CSRFToken": str(page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value"))}
    for number in range(COUNT):
        body = {"name": f"Collision {number}", "type": "probe.sleep", "payload": {"seconds": 0}, "tags": ["collision"]}
        body |= {"cron": f"30 {SOON.hour} * * *", "timezone": "UTC"}
        answer = page.request.put(f"/api/tasks/by-key/collision-{number}", data=body, headers=headers)
        assert answer.ok, answer.text()


@pytest.fixture
def colliding(page: Page) -> Page:
    """A tab in which one sees the collision."""
    plan(page)
    page.goto(ADDRESS)
    return page


def spread_and_take_back(page: Page) -> None:
    """Go the whole way by what stands on the pages."""
    expect(page.locator(".crowds tbody tr")).to_have_count(1)
    page.select_option(".crowds [name=minutes]", "30")
    page.click(".crowds button")
    expect(page.locator("h1")).to_contain_text("Spread the tasks of")
    expect(page.locator("[name=task]:checked")).to_have_count(COUNT)
    expect(page.locator("[aria-current=true]", has_text="30 min")).to_be_visible()
    page.click("text=Spread over 30 minutes")
    expect(page.locator(".told")).to_contain_text(f"{COUNT} tasks now start up to 30 minutes later")
    expect(page.locator(".crowds")).to_have_count(0)
    page.click("text=Where they land")
    expect(page.locator(".told .lines li")).to_have_count(COUNT)
    page.click("text=Take it back")
    expect(page.locator(".message")).to_contain_text("Taken back")
    expect(page.locator(".crowds tbody tr")).to_have_count(1)


def test_a_collision_is_moved_apart_and_back(colliding: Page) -> None:
    expect(colliding.locator(".sentence")).to_contain_text(f"with {COUNT} runs.")
    spread_and_take_back(colliding)


def test_it_all_works_without_scripts(plain: Page) -> None:
    plan(plain)
    plain.goto(ADDRESS)
    spread_and_take_back(plain)


def test_a_bar_leads_to_its_hour_and_a_lane_to_its_task(colliding: Page) -> None:
    colliding.click(".load-chart a")
    expect(colliding.locator(".sentence")).to_contain_text(f"{COUNT} runs of {COUNT} tasks from")
    expect(colliding.locator(".lanes .tick.crowded")).to_have_count(COUNT)
    colliding.select_option("[name=order]", "often")
    colliding.wait_for_url("**order=often**")
    expect(colliding.locator(".lanes .lane")).to_have_count(COUNT)
    colliding.click(".lanes .name >> nth=0")
    expect(colliding.locator("h1")).to_contain_text("Collision")


def test_the_filters_ask_at_once(colliding: Page) -> None:
    colliding.select_option("[name=queue]", "critical")
    colliding.wait_for_url("**queue=critical**")
    expect(colliding.locator("h2").first).to_have_text("None of these tasks starts in this time")
    colliding.click("text=Show all tasks")
    expect(colliding.locator(".lanes")).to_contain_text("Collision 0")


def test_the_pages_fit_a_small_phone(colliding: Page) -> None:
    colliding.set_viewport_size({"width": 390, "height": 844})
    spread = colliding.locator(".crowds form").first.evaluate(
        "form => `/upcoming/spread/?${new URLSearchParams(new FormData(form))}`"
    )
    for address in (ADDRESS, f"{ADDRESS}&span=hour", f"{ADDRESS}&span=week", spread):
        colliding.goto(address)
        assert colliding.evaluate("document.documentElement.scrollWidth") <= 390, address
    expect(colliding.locator("h1")).to_contain_text("Spread")


def test_the_form_tells_the_spread_in_its_preview(page: Page) -> None:
    page.goto("/tasks/new/?type=probe.sleep")
    page.check("#kind-daily", force=True)
    page.click("text=Policies")
    page.click("text=Start, end and spread")
    page.fill("[name=spread_seconds]", "600")
    page.press("[name=spread_seconds]", "Tab")
    expect(page.locator("#preview")).to_contain_text("up to 10 min later")
