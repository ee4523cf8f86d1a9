"""Mail templates under Settings: written, tried, shared and removed; nothing in them acts."""

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tasks_app.models import EmailTemplate, StoredFile
from tests.web.conftest import MakeTask
from tests.web.reading import errors, text, value

BASE = "/settings/email-templates/"
HTMX = {"HX-Request": "true", "HX-Target": "mail-preview"}
BILL = {"name": "Bill", "subject": "{name}: {amount}", "text": "Dear {name}", "html": "<p>{name}</p>"}


@pytest.fixture
def bill(alice: User) -> EmailTemplate:
    return EmailTemplate.objects.create(owner=alice, **BILL)


def address(template: EmailTemplate, more: str = "") -> str:
    return f"{BASE}{template.pk}/{more}"


def test_a_template_is_written_edited_and_deleted(as_alice: Client, alice: User) -> None:
    assert "None yet" in text(as_alice.get(BASE))
    assert as_alice.get(f"{BASE}new/").status_code == 200
    response = as_alice.post(f"{BASE}new/", BILL, follow=True)
    assert "“Bill” is kept" in text(response)
    template = EmailTemplate.objects.get(owner=alice)
    page = as_alice.get(address(template))
    assert value(page, "text") == "Dear {name}"
    assert "No task sends it yet" in text(page)
    changed = {**BILL, "text": "Hello\r\n{name}", "version": "1"}
    assert "Saved" in text(as_alice.post(address(template), changed, follow=True))
    template.refresh_from_db()
    assert (template.text, template.version) == ("Hello\n{name}", 2)
    assert "Somebody has changed it" in text(as_alice.post(address(template), changed))
    assert "Delete “Bill”?" in text(as_alice.get(address(template, "delete/")))
    assert "is deleted" in text(as_alice.post(address(template, "delete/"), follow=True))
    assert not EmailTemplate.objects.exists()


def test_a_wrong_field_is_named_and_everything_typed_is_kept(as_alice: Client) -> None:
    wrong = {"name": "Bill", "subject": "{a.b}", "text": " ", "html": "<p {x}>"}
    response = as_alice.post(f"{BASE}new/", wrong)
    assert response.status_code == 400
    assert errors(response, "text") == "Must not be blank."
    assert value(response, "html") == "<p {x}>"
    response = as_alice.post(f"{BASE}new/", {**wrong, "text": "Hello"})
    assert "“{a.b}” is no placeholder" in errors(response, "subject")
    assert "put the attribute's value into quotes" in errors(response, "html")


def test_others_templates_do_not_exist_and_shared_ones_are_read(
    as_alice: Client, as_charlie: Client, as_staff: Client, bill: EmailTemplate
) -> None:
    for path in ("", "delete/"):
        assert as_charlie.get(address(bill, path)).status_code == 404
        assert as_charlie.post(address(bill, path), BILL).status_code == 404
    assert as_charlie.get(f"{BASE}new/?from={bill.pk}").status_code == 404
    assert as_charlie.get(f"{BASE}new/?from=x").status_code == 404
    as_alice.post(address(bill), {**BILL, "is_shared": "on", "version": "1"})
    bill.refresh_from_db()
    assert not bill.is_shared, "only staff share"
    as_staff.post(address(bill), {**BILL, "is_shared": "on", "version": "1"})
    page = as_charlie.get(address(bill))
    assert "Shared with everybody by alice" in text(page)
    assert "Save" not in text(page)
    assert as_charlie.get(address(bill, "delete/")).status_code == 403
    response = as_charlie.post(address(bill), {**BILL, "subject": "Evil"})
    assert "only its owner and administrators change it" in text(response)
    bill.refresh_from_db()
    assert bill.subject == BILL["subject"]
    copy = as_charlie.get(f"{BASE}new/?from={bill.pk}")
    assert value(copy, "name") == "Bill (copy)"


def test_a_template_in_use_says_so_and_stays(as_alice: Client, bill: EmailTemplate, make: MakeTask) -> None:
    values = {"name": "a", "amount": "1"}
    payload = {"template": "Bill", "recipients": ["ada@example.org"], "values": values}
    task = make("Weekly bill", type="send_email", payload=payload)
    page = as_alice.get(address(bill))
    assert "1 task sends it: Weekly bill ." in text(page)
    assert f"/tasks/{task.pk}/" in page.content.decode()
    response = as_alice.post(address(bill, "delete/"), follow=True)
    assert "1 task sends “Bill”, so it can't be deleted" in text(response)
    response = as_alice.post(address(bill), {**BILL, "name": "Invoice"})
    assert response.status_code == 409
    assert "so it can't be renamed" in text(response)


def test_the_preview_follows_what_is_typed(as_alice: Client) -> None:
    typed = {**BILL, "text": "Dear <b>{name}</b>,", "sample": "name: Ada: the 1st\nhalf a li"}
    page = as_alice.post(f"{BASE}preview/", typed, headers=HTMX)
    assert text(page) == (
        "Ada: the 1st: [amount] Dear <b>Ada: the 1st</b>, No value to try for amount: shown in brackets."
    )
    assert "<html" not in page.content.decode()
    assert not EmailTemplate.objects.exists()
    wrong = as_alice.post(f"{BASE}preview/", {**typed, "html": "<p {x}>"}, headers=HTMX)
    assert "put the attribute's value into quotes" in text(wrong)


def test_html_is_shown_where_nothing_can_act(as_alice: Client) -> None:
    evil = "<p style='color:red'>{name}</p><script>alert(1)</script>"
    response = as_alice.post(f"{BASE}preview/html/", {**BILL, "html": evil, "sample": "name: <img src=x>"})
    html = response.content.decode()
    assert html.startswith('<base target="_blank"><p style=')
    assert "&lt;img src=x&gt;" in html
    policy = response["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert as_alice.get(f"{BASE}preview/html/").status_code == 405
    assert Client().post(f"{BASE}preview/html/", BILL).status_code == 401


def test_a_task_chooses_among_the_templates_that_it_may_send(as_charlie: Client, alice: User, charlie: User) -> None:
    EmailTemplate.objects.create(owner=alice, name="Alices", subject="x", text="y")
    EmailTemplate.objects.create(owner=alice, name="Shared", subject="x", text="y", is_shared=True)
    EmailTemplate.objects.create(owner=charlie, name="Own", subject="x", text="y")
    html = as_charlie.get("/tasks/new/?type=send_email").content.decode()
    assert '<option value="Shared"' in html
    assert '<option value="Own"' in html
    assert "Alices" not in html


def test_recipients_are_typed_one_per_line(as_alice: Client, alice: User) -> None:
    typed = {
        "name": "News",
        "payload.subject": "News",
        "payload.text": "Dear {name}",
        "payload.recipients": 'ada@example.org\n{"email": "bob@example.org", "name": "Bob"}\n',
        "payload.values": "name: you",
        "kind": "manual",
    }
    response = as_alice.post("/tasks/new/?type=send_email", typed, follow=True)
    assert response.status_code == 200, text(response)
    task = alice.scheduled_tasks.get()
    assert task.payload["recipients"] == ["ada@example.org", {"email": "bob@example.org", "name": "Bob"}]
    page = as_alice.get(f"/tasks/{task.pk}/edit/")
    lines = value(page, "payload.recipients").strip().splitlines()
    assert lines[0] == "ada@example.org"
    assert json.loads(lines[1]) == {"email": "bob@example.org", "name": "Bob"}
    typed["payload.recipients"] = "ada@example.org\nbob"
    wrong = as_alice.post("/tasks/new/?type=send_email", typed)
    assert "Must be one e-mail address" in errors(wrong, "payload.recipients")


def test_a_task_chooses_among_ones_own_files(as_alice: Client, as_charlie: Client, alice: User) -> None:
    fields = {"content_type": "text/csv", "size": 1, "owner": alice}
    StoredFile.objects.create(name="people.csv", path="a", **fields)
    StoredFile.objects.create(name="everything.dump", path="b", purpose="backup", **fields)
    html = as_alice.get("/tasks/new/?type=send_email").content.decode()
    assert ">people.csv" in html
    assert "everything.dump" not in html
    assert ">people.csv" not in as_charlie.get("/tasks/new/?type=send_email").content.decode()
