"""Forms with JavaScript and without it: the same actions, the same answers."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]


def type_while_asked(page: Page, name: str, text: str) -> None:
    """Fill in a field as soon as the form has asked the server to draw a part of it again."""
    page.evaluate(
        """([name, text]) => document.addEventListener("htmx:beforeSend", function type({ detail }) {
  if (detail.target.id === "preview") return;
  document.removeEventListener("htmx:beforeSend", type);
  document.getElementsByName(name)[0].value = text;
})""",
        [name, text],
    )


def test_the_preview_follows_what_is_typed(page: Page) -> None:
    page.goto("/tasks/new/?type=http_request")
    expect(page.locator("#preview .says")).to_have_text(re.compile("Every day at 09:00, Berlin time"))
    page.check("#kind-cron", force=True)
    page.fill("[name='schedule.cron.expression']", "30 8 * * MON-FRI")
    expect(page.locator("#preview")).to_contain_text("08:30")
    page.fill("[name='schedule.cron.expression']", "30 99 * * *")
    expect(page.locator("#preview")).to_contain_text("cannot run yet")


def test_only_the_fields_of_the_chosen_kind_are_seen(page: Page) -> None:
    page.goto("/tasks/new/?type=http_request")
    expect(page.locator("[name='schedule.daily.time']")).to_be_visible()
    page.check("#kind-weekly", force=True)
    expect(page.locator("[name='schedule.daily.time']")).to_be_hidden()
    expect(page.locator("[name='schedule.weekly.time']")).to_be_visible()


def test_the_fields_of_a_kind_come_with_its_choice(page: Page) -> None:
    page.goto("/tasks/new/?type=sync_external_service")
    page.fill("[name='payload.collection']", "people")
    expect(page.get_by_text("Show its fields")).to_be_hidden()
    page.select_option("[name='payload.pagination.style']", "cursor")
    expect(page.locator("[name='payload.pagination.cursor_path']")).to_be_visible()
    expect(page.get_by_text("Show its fields")).to_be_hidden()
    assert page.input_value("[name='payload.collection']") == "people"


def test_what_is_typed_while_a_part_of_the_form_is_drawn_again_stays(page: Page) -> None:
    page.goto("/tasks/new/?type=sync_external_service")
    page.fill("[name='payload.collection']", "before")
    type_while_asked(page, "payload.collection", "people")
    page.select_option("[name='payload.pagination.style']", "cursor")
    expect(page.locator("[name='payload.pagination.cursor_path']")).to_be_visible()
    expect(page.locator("[name='payload.collection']")).to_have_value("people")


def test_what_is_typed_in_a_rule_while_one_above_it_is_taken_away_stays_in_it(page: Page) -> None:
    page.goto("/tasks/new/?type=probe.sleep")
    page.check("#kind-any", force=True)
    page.select_option("[name='schedule.of.1.kind']", "cron")
    type_while_asked(page, "schedule.of.1.cron.expression", "0 12 1 * *")
    page.get_by_role("button", name="Remove rule 1").click()
    expect(page.locator(".rule")).to_have_count(1)
    expect(page.locator("[name='schedule.of.0.cron.expression']")).to_have_value("0 12 1 * *")


def test_a_report_asks_for_its_own_filters_once_it_is_chosen(page: Page) -> None:
    page.goto("/tasks/new/?type=export_report")
    expect(page.locator("#f-payload-filters")).to_contain_text("Choose under “Report” first")
    page.select_option("[name='payload.source']", "runs")
    hours = page.locator("[name='payload.filters.last_hours']")
    expect(hours).to_be_hidden()
    page.click("text=In the last hours")
    expect(hours).to_be_visible()
    expect(page.locator("[name='payload.filters.from']")).to_be_hidden()
    hours.fill("24")
    page.click("[name=_add][value='payload.columns']")
    page.select_option("[name='payload.columns.0']", "status")
    page.fill("[name=name]", "Report by hand")
    page.check("#kind-manual", force=True)
    page.click("text=Create task")
    expect(page.locator("h1")).to_contain_text("Report by hand")
    expect(page.locator("main")).to_contain_text("last_hours")


def test_rare_fields_are_folded_away_until_one_of_them_is_wrong(page: Page, faults: list[str]) -> None:
    page.goto("/tasks/new/?type=http_request")
    rare = page.locator("[name='payload.timeout_seconds']")
    expect(rare).to_be_hidden()
    page.click("text=More settings")
    expect(rare).to_be_visible()
    rare.fill("-1")
    page.fill("[name=name]", "Folded")
    page.fill("[name='payload.url']", "https://example.org/")
    page.click("text=Create task")
    expect(rare).to_have_attribute("aria-invalid", "true")
    expect(rare).to_be_visible()
    faults.clear()  # the browser notes the status 400 in its console


def test_what_is_wrong_is_said_at_the_field_and_nothing_is_lost(page: Page, faults: list[str]) -> None:
    page.goto("/tasks/new/?type=http_request")
    page.fill("[name=name]", "Kept")
    page.fill("[name='payload.url']", "nonsense")
    page.click("text=Create task")
    expect(page.locator("[name='payload.url']")).to_have_attribute("aria-invalid", "true")
    assert page.input_value("[name=name]") == "Kept"
    assert page.input_value("[name='payload.url']") == "nonsense"
    faults.clear()  # the browser notes the status 400 in its console


def test_rows_in_rows_come_go_and_move_in_the_page(page: Page) -> None:
    page.goto("/tasks/new/?type=probe.rules")
    page.fill("[name=name]", "Rows")
    page.click("[name=_add][value='payload.rules']")
    page.fill("[name='payload.rules.0.name']", "first")
    page.fill("[name='payload.rules.0.token']", "typed-and-kept")
    page.click("[name=_add][value='payload.rules']")
    expect(page.locator("[name='payload.rules.1.name']")).to_be_focused()
    page.fill("[name='payload.rules.1.name']", "second")
    page.click("[name=_add][value='payload.rules.1.teams']")
    page.fill("[name='payload.rules.1.teams.0.label']", "team")
    page.click("[name=_add][value='payload.rules.1.teams.0.members']")
    page.fill("[name='payload.rules.1.teams.0.members.0.address']", "a@example.org")
    page.click("[name=_add][value='payload.rules']")
    page.click("[name=_up][value='payload.rules.1']")
    page.click("[name=_remove][value='payload.rules.2']")
    assert page.input_value("[name='payload.rules.0.token']") == "typed-and-kept"
    page.click("text=Create task")
    expect(page.locator("h1")).to_contain_text("Rows")
    page.goto(f"{page.url}edit/")
    assert page.input_value("[name='payload.rules.0.name']") == "second"
    assert page.input_value("[name='payload.rules.0.teams.0.members.0.address']") == "a@example.org"
    assert page.input_value("[name='payload.rules.1.name']") == "first"
    assert page.get_attribute("[name='payload.rules.1.token']", "placeholder") == "Leave empty to keep what is stored"
    assert page.get_attribute("[name='payload.rules.0.token']", "placeholder") is None


def test_everything_works_without_javascript(plain: Page) -> None:
    plain.goto("/tasks/new/")
    plain.click("text=HTTP request")
    plain.fill("[name=name]", "Plain")
    plain.fill("[name='payload.url']", "https://example.org/")
    plain.fill("[name='schedule.daily.time']", "08:15")
    plain.click("text=Work out the next runs")
    expect(plain.locator("#preview")).to_contain_text("08:15")
    plain.click("text=Create task")
    expect(plain.locator("h1")).to_contain_text("Plain")
    plain.get_by_role("button", name="Pause", exact=True).first.click()
    plain.fill("#pause-note", "a while")
    plain.click("#pause >> button.primary")
    expect(plain.locator("h1")).to_contain_text("paused")
    expect(plain.locator(".sentence")).to_contain_text("“a while”")
    plain.get_by_role("button", name="Resume").click()
    expect(plain.locator("h1")).to_contain_text("active")
    plain.click("summary[aria-label=More]")
    plain.click("text=Delete")
    plain.click("text=Delete the task")
    expect(plain.locator(".bulk-told")).to_contain_text("1 task deleted")
    plain.click("text=Undo")
    expect(plain.get_by_role("link", name="Plain", exact=True)).to_be_visible()


def test_the_theme_changes_at_once_and_stays(page: Page, context: BrowserContext) -> None:
    page.goto("/")
    page.click("summary[aria-label='You and your settings']")
    page.click("details.menu >> text=Dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
