"""Making a calendar: parts follow the country, the year follows what is typed and chosen, and a task keeps it."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]
ICAL = """BEGIN:VCALENDAR
BEGIN:VEVENT
DTSTART;VALUE=DATE:20201024
RRULE:FREQ=YEARLY
SUMMARY:Founding day
END:VEVENT
BEGIN:VEVENT
DTSTART:20301024T120000
SUMMARY:Party
END:VEVENT
END:VCALENDAR
"""


def test_the_year_follows_the_writer_and_a_task_keeps_it(page: Page, tmp_path: Path) -> None:
    page.goto("/settings/calendars/new/")
    page.fill("[name=name]", "Works")
    choose_a_country(page)
    type_days(page)
    choose_a_file(page, tmp_path / "days.ics")
    assert page.input_value("[name=name]") == "Works"
    page.click("text=Keep the calendar")
    expect(page.locator("tbody")).to_contain_text("1 single day, 1 day from a file")
    make_a_task_that_keeps_it(page)
    page.get_by_role("link", name="Works").click()
    expect(page.locator("h1")).to_have_text("Works")
    expect(page.locator("tbody")).to_contain_text("Pay day")


def choose_a_country(page: Page) -> None:
    """The parts come with the country, and the year with both."""
    year = page.locator("#calendar-year")
    expect(year).to_contain_text("No holidays and no single days")
    expect(page.locator("[name=subdivision]")).to_have_count(0)
    page.select_option("[name=country]", "DE")
    page.select_option("[name=subdivision]", label="Bayern")
    expect(year).to_contain_text("holidays of Germany (Bayern)")
    expect(year.locator(".off-days")).to_contain_text("Epiphany")


def type_days(page: Page) -> None:
    """A line that is no day is named while it is typed; one that is leads from the picture to the list."""
    year = page.locator("#calendar-year")
    page.fill("[name=days]", "12-24 Christmas Eve\n2027-02-30 Never")
    expect(year).to_contain_text("Line 2, “2027-02-30 Never”: There is no such day as 2027-02-30")
    page.fill("[name=days]", "12-24 Christmas Eve")
    expect(year.locator(".off-days")).to_contain_text("Christmas Eve")
    year.get_by_role("link", name="Christmas Eve").click()
    expect(year.locator(".off-days li:target")).to_contain_text("Christmas Eve")


def choose_a_file(page: Page, file: Path) -> None:
    """What is in it is seen before anything is saved."""
    file.write_text(ICAL)
    page.set_input_files("[name=ical]", file)
    expect(page.locator("#calendar-file")).to_contain_text("1 day from a file.")
    expect(page.locator("#calendar-file")).to_contain_text("Left out: 1 event has a time of day (Party).")
    expect(page.locator("#calendar-year .off-days")).to_contain_text("Founding day")


def make_a_task_that_keeps_it(page: Page) -> None:
    """What happens on days off is asked for when a calendar is chosen, and told at once."""
    page.goto("/tasks/new/?type=probe.sleep")
    page.fill("[name=name]", "Pay day")
    page.fill("[name='payload.seconds']", "0")
    page.check("#kind-daily", force=True)
    policy = page.get_by_text("Run on the working day before")
    expect(policy).to_be_hidden()
    page.select_option("[name=calendar]", label="Works")
    expect(page.locator("#preview")).to_contain_text("but not on days off of “Works”")
    policy.click()
    expect(page.locator("#preview")).to_contain_text("moved to the working day before on days off of “Works”")
    page.click("text=Create task")
