"""Writing a mail template: the preview follows, its HTML acts on nothing, and the way back stays one step."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]
HTML = "<h2 style='color: rgb(138, 90, 31)'>Dear {name}</h2><p>{link}</p>"


def test_the_preview_follows_the_writer(page: Page) -> None:
    page.goto("/settings/email-templates/")
    page.goto("/settings/email-templates/new/")
    steps = page.evaluate("history.length")
    page.fill("[name=name]", "Greeting")
    page.fill("[name=subject]", "For {name}")
    page.fill("[name=text]", "Dear {name}")
    expect(page.locator("#mail-preview .says")).to_have_text("For Ada Lovelace")
    expect(page.locator("iframe[name=mail-html]")).to_be_hidden()
    page.fill("[name=html]", HTML)
    frame = page.frame_locator("iframe[name=mail-html]")
    expect(frame.locator("h2")).to_have_text("Dear Ada Lovelace")
    expect(frame.locator("h2")).to_have_css("color", "rgb(138, 90, 31)")
    page.fill("[name=sample]", "name: Bob\nlink: <b>x</b>")
    expect(frame.locator("p")).to_have_text("<b>x</b>")
    assert page.evaluate("history.length") == steps
    page.fill("[name=text]", "Dear {name.first}")
    expect(page.locator("#mail-preview")).to_contain_text("“{name.first}” is no placeholder")
    page.fill("[name=text]", "Dear {name}")
    page.click("text=Keep the template")
    expect(page.locator("tbody a")).to_have_text("Greeting")
    page.click("tbody a")
    expect(frame.locator("h2")).to_have_text("Dear Ada Lovelace")


def test_scripts_in_a_mail_do_not_run(page: Page, faults: list[str]) -> None:
    page.goto("/settings/email-templates/new/")
    page.fill("[name=html]", "<p id=x>quiet</p><script>parent.document.title = 'x'; x.textContent = 'loud'</script>")
    page.fill("[name=text]", "x")
    frame = page.frame_locator("iframe[name=mail-html]")
    expect(frame.locator("#x")).to_have_text("quiet")
    assert page.title() != "x"
    blocked = [fault for fault in faults if "Blocked script" in fault or "sandbox" in fault]
    assert faults == blocked
    faults.clear()
