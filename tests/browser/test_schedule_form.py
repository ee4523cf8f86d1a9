"""The schedule part of the form in Chromium: a task by each kind, suggestions by one click; also without scripts."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import WAIT_MS

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

NEW = "/tasks/new/?type=http_request"


def fill(page: Page, **fields: str) -> None:
    """Fill or choose fields of the schedule; `daily__time` is `schedule.daily.time`."""
    for name, value in fields.items():
        control = page.locator(f"[name='schedule.{name.replace('__', '.')}']")
        if control.evaluate("element => element.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)


def several(page: Page) -> None:
    """Three rules: the first as it is, the second weekly, the third added and written as a cron line."""
    page.locator("[name='schedule.of.1.kind']").select_option("weekly")
    page.locator(".rule").nth(1).get_by_text("Fri", exact=True).click()
    page.click("text=Add a rule")
    page.locator("[name='schedule.of.2.kind']").select_option("cron")
    page.fill("[name='schedule.of.2.cron.expression']", "0 12 1 * *")


KINDS: dict[str, tuple[Callable[[Page], None], str]] = {
    "manual": (lambda page: None, "Runs only when started by hand"),
    "once": (lambda page: fill(page, once__run_at="2099-01-02T03:04"), "Once, on 2 January 2099 at 03:04"),
    "every": (lambda page: fill(page, every__amount="2", every__unit="hours"), "Every 2 hours"),
    "hourly": (lambda page: fill(page, hourly__minute="5"), "minute 5"),
    "daily": (lambda page: fill(page, daily__time="08:15"), "Every day at 08:15"),
    "weekly": (lambda page: fill(page, weekly__time="07:00"), "Every Monday at 07:00"),
    "monthly": (
        lambda page: fill(page, monthly__by="nth", monthly__nth="last", monthly__weekday="fri"),
        "On the last Friday of every month at 09:00",
    ),
    "yearly": (lambda page: fill(page, yearly__month="12", yearly__day="last"), "December"),
    "text": (lambda page: fill(page, text__text="every weekday at 9"), "Every weekday at 09:00"),
    "cron": (lambda page: fill(page, cron__expression="0 9 * * mon-fri"), "Every weekday at 09:00"),
    "any": (several, "Every day at 09:00; also every Monday and Friday"),
}


def begin(page: Page, name: str) -> None:
    """Open the form and fill in what is not about time."""
    page.goto(NEW)
    page.fill("[name=name]", name)
    page.fill("[name='payload.url']", "https://example.org/")


def said(page: Page) -> str:
    """What the preview says once it has caught up."""
    return str(page.locator("#preview .says").text_content())


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_is_made_by_each_kind(page: Page, kind: str) -> None:
    choose, sentence = KINDS[kind]
    begin(page, f"By {kind}")
    page.check(f"#kind-{kind}", force=True)
    choose(page)
    expect(page.locator("#preview .says")).to_contain_text(sentence)
    page.click("text=Create task")
    expect(page.locator(".head .sentence")).to_contain_text(sentence)
    page.get_by_role("link", name="Edit").click()
    expect(page.locator("#preview .says")).to_contain_text(sentence)
    assert page.is_checked(f"#kind-{kind}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_is_made_by_each_kind_without_javascript(plain: Page, kind: str) -> None:
    choose, sentence = KINDS[kind]
    begin(plain, f"Plainly {kind}")
    plain.check(f"#kind-{kind}", force=True)
    choose(plain)
    plain.click("text=Work out the next runs")
    assert sentence in said(plain)
    plain.click("text=Create task")
    expect(plain.locator(".head .sentence")).to_contain_text(sentence)


def test_only_the_fields_of_the_chosen_way_are_seen(page: Page) -> None:
    page.goto(NEW)
    page.check("#kind-monthly", force=True)
    expect(page.locator("[name='schedule.monthly.day']")).to_be_visible()
    expect(page.locator("[name='schedule.monthly.nth']")).to_be_hidden()
    fill(page, monthly__by="workday")
    expect(page.locator("[name='schedule.monthly.workday']")).to_be_visible()
    expect(page.locator("[name='schedule.monthly.day']")).to_be_hidden()
    page.check("#kind-any", force=True)
    expect(page.locator("[name='schedule.of.0.daily.time']")).to_be_visible()
    expect(page.locator("[name='schedule.of.0.weekly.time']")).to_be_hidden()
    expect(page.locator("[name='schedule.monthly.workday']")).to_be_hidden()


def test_only_the_fields_of_the_chosen_policies_are_seen(page: Page) -> None:
    page.goto(NEW)
    page.locator("summary", has_text="Policies").click()
    delays, factor = page.locator("[name='retry.delays']"), page.locator("[name='retry.factor']")
    most, grace = page.locator("[name='misfire.max']"), page.locator("[name='misfire.grace_seconds']")
    expect(grace).to_be_visible()
    for control in (delays, factor, most):
        expect(control).to_be_hidden()
    page.select_option("[name='retry.style']", "delays")
    page.select_option("[name='misfire.policy']", "all")
    expect(delays).to_be_visible()
    expect(factor).to_be_hidden()
    expect(most).to_be_visible()
    page.select_option("[name='retry.style']", "backoff")
    expect(delays).to_be_hidden()
    expect(factor).to_be_visible()


def test_a_suggestion_is_put_in_place_by_one_click(page: Page) -> None:
    begin(page, "Mended")
    page.check("#kind-cron", force=True)
    fill(page, cron__expression="60 9 * * monday-friday")
    expect(page.locator("#preview .marked mark").first).to_have_text("60")
    page.get_by_role("button", name="Use 0 9 * * MON-FRI").click()
    expression = page.locator("[name='schedule.cron.expression']")
    expect(expression).to_have_value("0 9 * * MON-FRI")
    expect(expression).to_be_focused()
    expect(page.locator("#preview .says")).to_contain_text("Every weekday at 09:00")
    page.fill("[name=timezone]", "europe/berlin")
    page.get_by_role("button", name="Use Europe/Berlin").click()
    expect(page.locator("[name=timezone]")).to_have_value("Europe/Berlin")
    assert page.input_value("[name=name]") == "Mended"
    fill(page, cron__expression="@every 5m")
    page.get_by_role("button", name="every 5 minutes").click()
    expect(page.locator("#kind-every")).to_be_checked()
    expect(page.locator("[name='schedule.every.amount']")).to_have_value("5")


def test_what_is_unfolded_stays_so_when_a_suggestion_is_taken(page: Page) -> None:
    begin(page, "Unfolded")
    page.locator("summary", has_text="Start, end and spread").click()
    page.check("#kind-cron", force=True)
    fill(page, cron__expression="@every 5m")
    page.get_by_role("button", name="every 5 minutes").click()
    expect(page.locator("#kind-every")).to_be_checked()
    expect(page.locator("[name=starts_at]")).to_be_visible()


def test_the_readings_of_a_time_that_comes_twice_are_offered(page: Page) -> None:
    begin(page, "In the overlap")
    page.check("#kind-once", force=True)
    page.fill("[name=timezone]", "Europe/Berlin")
    fill(page, once__run_at="2099-10-25T02:30")
    page.get_by_role("button", name="02:30 (UTC+01:00)").click()
    expect(page.locator("[name='schedule.once.run_at']")).to_have_value("2099-10-25T02:30:00+01:00")
    expect(page.locator("#preview .says")).to_contain_text("25 October 2099 at 02:30")
    page.click("text=Create task")
    page.get_by_role("link", name="Edit").click()
    expect(page.locator("[name='schedule.once.run_at']")).to_have_value("2099-10-25T02:30+01:00")


def test_a_suggestion_works_without_javascript(plain: Page) -> None:
    begin(plain, "Mended plainly")
    plain.check("#kind-cron", force=True)
    fill(plain, cron__expression="@every 5m")
    plain.click("text=Create task")
    plain.get_by_role("button", name="every 5 minutes").first.click()
    assert plain.input_value("[name='schedule.every.amount']") == "5"
    assert plain.input_value("[name='payload.url']") == "https://example.org/"
    plain.click("text=Create task")
    expect(plain.locator(".head .sentence")).to_contain_text("Every 5 minutes")


def test_rules_come_and_go_under_the_same_preview(page: Page) -> None:
    begin(page, "Rules")
    page.check("#kind-any", force=True)
    expect(page.locator("#preview .says")).to_contain_text("Every day at 09:00 and 17:00")
    page.get_by_role("button", name="Remove rule 1").click()
    expect(page.locator(".rule")).to_have_count(1)
    expect(page.locator("#preview .says")).to_have_text(re.compile("Every day at 17:00"))
    page.fill("[name='schedule.of.0.daily.time']", "18:00")
    expect(page.locator("#preview .says")).to_have_text(re.compile("Every day at 18:00"))


def test_both_clocks_are_shown_where_they_differ(context: BrowserContext, page: Page) -> None:
    page.goto(NEW)
    page.fill("[name=timezone]", "Asia/Kolkata")
    page.keyboard.press("Tab")
    expect(page.locator("#preview thead")).to_contain_text("Yours: Berlin time")
    page.fill("[name=timezone]", "Europe/Paris")
    page.keyboard.press("Tab")
    expect(page.locator("#preview .both")).to_have_count(0)


def test_a_fault_is_said_at_its_field_until_it_is_mended(page: Page) -> None:
    begin(page, "Faulty")
    page.check("#kind-cron", force=True)
    control = page.locator("[name='schedule.cron.expression']")
    control.fill("0 25 * * *")
    expect(control).to_have_attribute("aria-invalid", "true", timeout=WAIT_MS)
    expect(page.locator(".kind-cron .error")).to_have_text("Hour is 0-23, not 25; write 23.")
    page.set_viewport_size({"width": 390, "height": 844})
    page.click(".kind-cron .field .near")
    expect(control).to_have_value("0 23 * * *", timeout=WAIT_MS)
    expect(control).not_to_have_attribute("aria-invalid", "true", timeout=WAIT_MS)
    expect(page.locator(".kind-cron .error")).to_have_count(0)
