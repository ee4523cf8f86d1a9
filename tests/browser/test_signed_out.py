"""A session that ends while somebody works takes nothing away from them."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.accessible import faults_of
from tests.browser.conftest import Platform, sign_in

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]


def type_a_task(page: Page, name: str) -> None:
    page.goto("/tasks/new/?type=probe.sleep")
    page.fill("[name=name]", name)
    page.fill("[name='payload.seconds']", "0")
    page.check("#kind-manual", force=True)
    expect(page.locator("html[data-link=live]")).to_have_count(1)
    page.wait_for_load_state("networkidle")


def sign_in_beside(page: Page, platform: Platform) -> None:
    """Take the link of the notice, which opens in a tab of its own."""
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Sign in").click()
    beside = opened.value
    beside.fill("[name=username]", platform.user)
    beside.fill("[name=password]", platform.password)
    beside.click("button.primary")
    beside.wait_for_url("**/")
    beside.close()


def test_a_page_whose_session_ends_stays_and_goes_on_after_signing_in_beside(
    page: Page, context: BrowserContext, platform: Platform
) -> None:
    type_a_task(page, "Typed for long")
    context.clear_cookies(name="carillon_session")
    page.evaluate("htmx.trigger('#nav-failed', 'live')")
    notice = page.get_by_role("status").filter(has_text="You are signed out")
    expect(notice).to_be_visible()
    assert "/tasks/new/" in page.url
    assert faults_of(page) == []
    expect(page.locator("[name=name]")).to_have_value("Typed for long")
    page.click("text=Create task")
    expect(notice.get_by_role("link")).to_be_focused()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("htmx.trigger('#nav-failed', 'live'); fetch('/healthz')")
    assert [url.removeprefix(platform.address) for url in asked] == ["/healthz"]
    sign_in_beside(page, platform)
    page.click("text=Create task")
    page.wait_for_url(re.compile("/tasks/[0-9a-f-]{36}/"))
    expect(page.locator("h1")).to_contain_text("Typed for long")


def test_a_notice_goes_when_one_comes_back_signed_in(page: Page, context: BrowserContext, platform: Platform) -> None:
    type_a_task(page, "Come back")
    context.clear_cookies(name="carillon_session")
    page.evaluate("htmx.trigger('#nav-failed', 'live')")
    notice = page.get_by_role("status").filter(has_text="You are signed out")
    expect(notice).to_be_visible()
    sign_in_beside(page, platform)
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(notice).to_be_hidden()
    expect(page.locator("html[data-link=live]")).to_have_count(1)
    expect(page.locator("[name=name]")).to_have_value("Come back")


def test_a_form_that_is_sent_signed_out_comes_back_and_is_sent_again(
    context: BrowserContext, platform: Platform
) -> None:
    page = context.pages[0]
    type_a_task(page, "Sent too late")
    # Nothing that the page asks by itself gets through, so that it does not know yet.
    page.route("**/*", lambda route: route.abort() if "hx-request" in route.request.headers else route.continue_())
    context.clear_cookies(name="carillon_session")
    page.click("text=Create task")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    assert faults_of(page) == []
    sign_in_beside(page, platform)
    page.get_by_role("button", name="Send it again").click()
    page.wait_for_url(re.compile("/tasks/[0-9a-f-]{36}/"))
    expect(page.locator("h1")).to_contain_text("Sent too late")


def test_a_link_leads_a_person_who_is_signed_out_to_sign_in_and_there(page: Page, context: BrowserContext) -> None:
    page.goto("/tasks/")
    context.clear_cookies(name="carillon_session")
    page.locator("nav").get_by_role("link", name="Runs").click()
    page.wait_for_url("**/sign-in/?next=/runs/")


def test_who_writes_a_mail_signed_out_stays_in_the_field(page: Page, context: BrowserContext) -> None:
    page.goto("/settings/email-templates/new/")
    page.fill("[name=html]", "<p>Hello</p>")
    expect(page.locator("[data-mail-frame]")).to_be_visible()
    context.clear_cookies(name="carillon_session")
    page.evaluate("htmx.trigger('#nav-failed', 'live')")
    expect(page.get_by_role("status").filter(has_text="You are signed out")).to_be_visible()
    page.locator("[name=html]").press_sequentially(" and more, at leisure", delay=60)
    page.wait_for_timeout(700)
    expect(page.locator("[name=html]")).to_be_focused()
    expect(page.locator("[name=html]")).to_have_value("<p>Hello</p> and more, at leisure")


def drawn_for_another(page: Page) -> None:
    """Make of the page what it would be, had somebody else had it drawn."""
    page.evaluate("""document.body.dataset.person = "0";
for (const field of document.getElementsByName("_person")) field.value = "0";""")


def sign_in_anew(context: BrowserContext, platform: Platform) -> None:
    """Sign out and in again in a tab of its own, of which the page learns nothing."""
    context.clear_cookies(name="carillon_session")
    beside = context.new_page()
    sign_in(beside, platform)
    beside.close()


def test_a_form_whose_person_has_signed_in_anew_meanwhile_is_sent(
    page: Page, context: BrowserContext, platform: Platform
) -> None:
    type_a_task(page, "Signed in anew")
    page.evaluate("""const form = document.querySelector("form.form-page");
form.append(form.elements.csrfmiddlewaretoken.cloneNode());""")
    sign_in_anew(context, platform)
    page.click("text=Create task")
    page.wait_for_url(re.compile("/tasks/[0-9a-f-]{36}/"))
    expect(page.locator("h1")).to_contain_text("Signed in anew")


def test_a_form_is_not_sent_for_somebody_who_has_signed_in_meanwhile(
    context: BrowserContext, platform: Platform
) -> None:
    page = context.pages[0]
    type_a_task(page, "Not theirs")
    # Nothing that the page asks by htmx gets through, so that it does not know yet.
    page.route("**/*", lambda route: route.abort() if "hx-current-url" in route.request.headers else route.continue_())
    drawn_for_another(page)
    sign_in_anew(context, platform)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.click("text=Create task")
    expect(page.get_by_role("status").filter(has_text="Somebody else has signed in")).to_be_visible()
    expect(page.get_by_role("link", name="Load this page anew")).to_be_focused()
    expect(page.locator("[name=name]")).to_have_value("Not theirs")
    assert sent == []


def test_what_the_server_draws_for_somebody_else_is_not_shown(page: Page) -> None:
    page.goto("/workers/")
    expect(page.locator("html[data-link=live]")).to_have_count(1)
    drawn_for_another(page)
    page.evaluate("document.getElementById('nav-failed').textContent = 'mine'; htmx.trigger('#nav-failed', 'live')")
    expect(page.get_by_role("status").filter(has_text="Somebody else has signed in")).to_be_visible()
    expect(page.locator("#nav-failed")).to_have_text("mine")
    expect(page.locator("html[data-link=out]")).to_have_count(1)


def test_a_form_that_is_drawn_again_for_somebody_else_stays_as_it_is(page: Page) -> None:
    page.goto("/tasks/new/?type=sync_external_service")
    page.evaluate("for (const field of document.getElementsByName('_person')) field.value = '0'")
    page.select_option("[name='payload.pagination.style']", "cursor")
    expect(page.get_by_role("status").filter(has_text="Somebody else has signed in")).to_be_visible()
    expect(page.locator("[name='payload.pagination.cursor_path']")).to_have_count(0)


def test_a_form_that_came_back_is_not_sent_for_somebody_else(context: BrowserContext, platform: Platform) -> None:
    page = context.pages[0]
    type_a_task(page, "Came back")
    page.route("**/*", lambda route: route.abort() if "hx-request" in route.request.headers else route.continue_())
    context.clear_cookies(name="carillon_session")
    page.click("text=Create task")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    page.unroute("**/*")
    drawn_for_another(page)
    sign_in_anew(context, platform)
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_role("status").filter(has_text="Somebody else has signed in")).to_be_visible()
    assert faults_of(page) == []


def test_suggestions_are_not_asked_for_without_a_session(page: Page, context: BrowserContext) -> None:
    page.goto("/tasks/new/?type=probe.sleep")
    page.evaluate("document.getElementById('zones').dataset.search = '/tasks/names/'")
    context.clear_cookies(name="carillon_session")
    with page.expect_response(re.compile("/tasks/names/")) as answer:
        page.locator("[name=timezone]").fill("Ber")
    assert answer.value.status == 204
    expect(page.get_by_role("status").filter(has_text="You are signed out")).to_be_visible()
    assert page.locator("#zones input").count() == 0


def test_a_page_goes_on_for_nobody_else(page: Page, context: BrowserContext, platform: Platform) -> None:
    type_a_task(page, "Mine alone")
    context.clear_cookies(name="carillon_session")
    page.evaluate("htmx.trigger('#nav-failed', 'live')")
    status = page.get_by_role("status")
    expect(status.filter(has_text="You are signed out")).to_be_visible()
    page.evaluate("document.body.dataset.person = '0'")  # as if it had been drawn for another
    sign_in_beside(page, platform)
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(status.filter(has_text="Somebody else has signed in")).to_be_visible()
    page.click("text=Create task")
    expect(page.get_by_role("link", name="Load this page anew")).to_be_focused()
    expect(page.locator("[name=name]")).to_have_value("Mine alone")
    assert faults_of(page) == []
