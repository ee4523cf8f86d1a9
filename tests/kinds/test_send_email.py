"""send_email: everybody gets their own mail, once, and nobody gets one who must not."""

import json
from datetime import date
from email.header import decode_header, make_header
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from pytest_django import Settings

from tasks_app.errors import Invalid, Permanent, RetryLater, RunStopped
from tasks_app.handlers import registry
from tasks_app.handlers.testing import RecordingContext, call_handler, check_progress_ends
from tasks_app.kinds.mailing import MailUndelivered
from tasks_app.models import EmailTemplate, MailCount, StoredFile
from tasks_app.services.files import file_delete, file_store
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create
from tests.kinds.conftest import Mailbox

pytestmark = pytest.mark.django_db
INLINE = {"subject": "Hello", "text": "Dear all"}
NOBODYS = "019a0000-0000-7000-8000-000000000000"
ADA, BOB = "ada@example.org", "bob@example.org"


def send(owner: User | None, ctx: RecordingContext | None = None, **payload: Any) -> Any:
    """Validate as saving and running do, then run."""
    given = payload if {"template", "subject"} & payload.keys() else {**INLINE, **payload}
    registry.validate_for(owner, "send_email", given)
    return call_handler("send_email", given, ctx or context(owner))


def context(owner: User | None, **values: Any) -> RecordingContext:
    return RecordingContext(owner_id=owner.pk if owner else None, **values)


def faults(owner: User | None, **payload: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as raised:
        registry.validate_for(owner, "send_email", payload)
    return {path.removeprefix("payload."): errors[0].code for path, errors in raised.value.fields.items()}


def store(owner: User | None, name: str, content: str | bytes, content_type: str = "text/plain") -> StoredFile:
    data = content.encode() if isinstance(content, str) else content
    owner_id = owner.pk if owner else None
    return file_store(
        path=f"uploads/{owner_id}/{name}",
        name=name,
        content_type=content_type,
        owner_id=owner_id,
        run_id=None,
        expires_at=None,
        write=lambda stream: stream.write(data),
    )


def parts_of(message: Any) -> list[Any]:
    return list(message.get_payload())


def counted(user: User) -> int:
    return sum(MailCount.objects.filter(user=user).values_list("count", flat=True))


@pytest.fixture
def reminder(alice: User) -> EmailTemplate:
    return EmailTemplate.objects.create(
        owner=alice,
        name="Reminder",
        subject="{name}, your bill of {amount}",
        text="Dear {name},\nplease pay {amount}.",
        html='<p title="{name}">Dear <b>{name}</b>, please pay {amount}.</p>',
    )


def test_each_gets_a_mail_of_their_own(alice: User, mailbox: Mailbox, reminder: EmailTemplate) -> None:
    result = send(
        alice,
        template="Reminder",
        values={"amount": "10 €"},
        recipients=[
            {"email": ADA, "name": "Ada <b>", "values": {"amount": 12.5}},
            {"email": BOB, "values": {"name": "Bob"}},
        ],
        reply_to="desk@example.org",
    )
    assert result == {
        "summary": "2 sent, 0 sent before, 0 refused, 0 put off",
        "recipients": 2, "sent": 2, "already_sent": 0, "refused": 0, "failed": 0, "refusals": [],
    }  # fmt: skip
    first, second = (message for _, message in mailbox.messages)
    assert first["To"] == '"Ada <b>" <ada@example.org>'
    assert first["Subject"] == "Ada <b>, your bill of 12.5"
    assert first["Reply-To"] == "desk@example.org"
    assert first["Auto-Submitted"] == "auto-generated"
    text, html = parts_of(first)
    assert text.get_payload(decode=True).decode() == "Dear Ada <b>,\r\nplease pay 12.5."
    assert "Dear <b>Ada &lt;b&gt;</b>" in html.get_payload(decode=True).decode()
    assert second["Subject"].startswith("=?utf-8?")  # the euro sign
    assert mailbox.recipients == [ADA, BOB]
    assert mailbox.sessions == 1
    assert counted(alice) == 2


def test_nobody_gets_it_twice(alice: User, mailbox: Mailbox) -> None:
    ctx = context(alice)
    send(alice, ctx, recipients=[ADA])
    result = send(alice, ctx.again(), recipients=[ADA.upper().replace("EXAMPLE", "example"), BOB])
    assert mailbox.recipients == [ADA, BOB]
    assert (result["sent"], result["already_sent"]) == (1, 1)
    assert counted(alice) == 2


def test_one_in_doubt_is_sent_again_under_its_id_and_not_counted_again(alice: User, mailbox: Mailbox) -> None:
    ctx = context(alice)
    send(alice, ctx, recipients=[ADA, BOB])
    ctx.effects[f"mail:{BOB}"].state = "intent"
    send(alice, ctx.again(), recipients=[ADA, BOB])
    assert mailbox.recipients == [ADA, BOB, BOB]
    assert len({message["Message-ID"] for _, message in mailbox.messages}) == 2
    assert counted(alice) == 2


def test_a_refusal_is_told_and_keeps_nobody_else_from_theirs(alice: User, mailbox: Mailbox) -> None:
    mailbox.answers[ADA] = "550 no such user"
    ctx = context(alice)
    result = send(alice, ctx, recipients=[ADA, BOB])
    assert (result["sent"], result["refused"]) == (1, 1)
    assert result["refusals"] == [{"email": ADA, "reason": "550 no such user"}]
    assert ("warning", f"Mail to {ADA} was not taken: 550 no such user") in ctx.logs
    assert counted(alice) == 1
    check_progress_ends(ctx)


def test_a_mail_that_nobody_takes_fails(alice: User, mailbox: Mailbox) -> None:
    mailbox.answers[ADA] = "550 no such user"
    with pytest.raises(Permanent, match=r"ada@example\.org \(550 no such user\)"):
        send(alice, recipients=[ADA])


def test_those_put_off_are_tried_again_and_only_those(alice: User, mailbox: Mailbox) -> None:
    mailbox.answers[ADA] = "450 later"
    ctx = context(alice)
    with pytest.raises(MailUndelivered, match="450 later"):
        send(alice, ctx, recipients=[ADA, BOB])
    mailbox.answers.clear()
    result = send(alice, ctx.again(), recipients=[ADA, BOB])
    assert (result["sent"], result["already_sent"]) == (1, 1)
    assert mailbox.recipients == [BOB, ADA]
    assert counted(alice) == 2


def test_a_server_that_puts_off_everybody_is_left_alone(alice: User, mailbox: Mailbox) -> None:
    everybody = [f"p{number}@example.org" for number in range(60)]
    mailbox.answers |= dict.fromkeys(everybody, "451 slow down")
    with pytest.raises(MailUndelivered, match="put off 20 in a row"):
        send(alice, recipients=everybody)
    assert mailbox.asked == 20
    assert counted(alice) == 0


def test_a_connection_that_the_server_ends_is_replaced(alice: User, mailbox: Mailbox) -> None:
    mailbox.messages_per_session = 3
    everybody = [f"p{number}@example.org" for number in range(10)]
    assert send(alice, recipients=everybody)["sent"] == 10
    assert mailbox.recipients == everybody
    assert mailbox.sessions == 4


def test_no_mail_server_at_all_is_tried_again(alice: User, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    with pytest.raises(MailUndelivered, match="refused"):
        send(alice, recipients=[ADA])
    assert counted(alice) == 0


def test_asked_to_stop_it_stops_and_makes_up_for_it_later(alice: User, mailbox: Mailbox) -> None:
    everybody = [f"p{number}@example.org" for number in range(8)]
    ctx = context(alice, stop_after=5)
    with pytest.raises(RunStopped):
        send(alice, ctx, recipients=everybody)
    assert 0 < len(mailbox.recipients) < 8
    assert counted(alice) == len(mailbox.recipients)
    send(alice, ctx.again(), recipients=everybody)
    assert mailbox.recipients == everybody
    assert counted(alice) == 8


def test_attachments_hang_on_each_mail(alice: User, mailbox: Mailbox) -> None:
    logo = store(alice, "lo“go.png", b"\x89PNG\r\n", "image/png")
    evil = store(alice, "x.eml", b"From: a\n\nb", "message/rfc822")
    send(alice, recipients=[ADA, BOB], attachments=[str(logo.pk), str(evil.pk)])
    for _, message in mailbox.messages:
        _, image, mail = parts_of(message)
        assert (image.get_content_type(), image.get_filename()) == ("image/png", "lo“go.png")
        assert image.get_payload(decode=True) == b"\x89PNG\r\n"
        assert mail.get_content_type() == "application/octet-stream"
        assert mail.get_payload(decode=True) == b"From: a\n\nb"


def test_a_file_that_has_gone_sends_nothing(alice: User, mailbox: Mailbox) -> None:
    file = store(alice, "a.txt", "a")
    ctx = context(alice)
    file_delete(StoredFile.objects.get(pk=file.pk))
    with pytest.raises(Permanent, match="Nothing was sent"):
        call_handler("send_email", {**INLINE, "recipients": [ADA], "attachments": [str(file.pk)]}, ctx)
    assert not mailbox.messages


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("people.csv", "Email,name,Amount due\nada@example.org,Ada,1\n\nbob@example.org,Bob,2\n"),
        ("people.csv", "\ufeffname;email;Amount due\r\nAda;ada@example.org;1\r\nBob;bob@example.org;2"),
        (
            "people.jsonl",
            '{"email": "ada@example.org", "name": "Ada", "values": {"Amount_due": 1}}\n'
            '{"email": "bob@example.org", "name": "Bob", "Amount_due": "2"}\n',
        ),
    ],
)
def test_recipients_may_come_from_a_file(alice: User, mailbox: Mailbox, name: str, content: str) -> None:
    file = store(alice, name, content)
    send(alice, subject="{name} {Amount_due}", text="Hello", recipients_file=str(file.pk))
    assert [message["Subject"] for _, message in mailbox.messages] == ["Ada 1", "Bob 2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("email,a\nada@example.org,1\nbob,2", "Line 3: 'bob' is not one e-mail address"),
        ("email,a\nada@example.org,1\nADA@example.org,2", "Line 3: ADA@example.org stands here twice"),
        ("email,b\nada@example.org,1", "Line 2: There is no value for a"),
        ("email,a\nada@example.org", "Line 2: 1 cells"),
        ("a,b\n1,2", "one of them “email”"),
        ("email,a,a\nada@example.org,1,2", "names a column twice"),
        ("email,a\nada@elsewhere.com,1", "You may write to example.org only"),
        ('email,a\nada@example.org,"1\nBcc: x@example.org"', "must be one line"),
        ("email,a\n", "names no recipients"),
        ("", "one of them “email”"),
        (b"email,a\n\xff\xfe@example.org,1", "not UTF-8"),
        ("email,a\n" + "".join(f"p{n}@example.org,1\n" for n in range(31)), "31 recipients are more than the 30"),
    ],
)
def test_nothing_is_sent_when_one_line_of_the_file_is_wrong(
    alice: User, mailbox: Mailbox, settings: Settings, content: str | bytes, message: str
) -> None:
    settings.MAIL_DAILY_LIMIT = 30
    file = store(alice, "people.csv", content)
    with pytest.raises(Permanent, match="Nothing was sent") as raised:
        send(alice, subject="{a}", text="Hello", recipients_file=str(file.pk))
    assert message in str(raised.value)
    assert not mailbox.messages


@pytest.mark.parametrize(
    "line",
    [
        "[1]",
        "{",
        '{"email": "ada@example.org", "a": "\\ud800"}',
        '{"email": 1}',
        '{"email": "ada@example.org", "a": {"b": 1}}',
    ],
)
def test_a_wrong_line_of_json_is_named(alice: User, mailbox: Mailbox, line: str) -> None:
    file = store(alice, "people.jsonl", f"\n{line}\n")
    with pytest.raises(Permanent, match=r"Nothing was sent\. Line 2"):
        send(alice, subject="Hello", text="Hello", recipients_file=str(file.pk))


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({}, {"subject": "required", "text": "required", "recipients": "required"}),
        ({"subject": "a", "recipients": [ADA]}, {"text": "required"}),
        ({**INLINE, "template": "Reminder", "recipients": [ADA]}, {"subject": "contradiction"}),
        ({**INLINE, "recipients": []}, {"recipients": "required"}),
        ({**INLINE, "recipients": None}, {"recipients": "list_type"}),
        ({**INLINE, "recipients": ADA}, {"recipients": "list_type"}),
        ({**INLINE, "recipients": [[ADA]]}, {"recipients.0": "model_type"}),
        ({**INLINE, "recipients": [ADA, ADA.upper()]}, {"recipients.1.email": "duplicate"}),
        ({**INLINE, "recipients": [{"email": ADA, "cc": BOB}]}, {"recipients.0.cc": "unknown_field"}),
        ({**INLINE, "recipients": [{"email": ADA, "name": "a\r\nBcc: x"}]}, {"recipients.0.name": "one_line"}),
        ({**INLINE, "recipients": [{"email": ADA, "values": {"a": True}}]}, {"recipients.0.values.a": "string_type"}),
        ({**INLINE, "recipients": [{"email": ADA, "values": {"a.b": "1"}}]}, {"recipients.0.values": "placeholder"}),
        ({**INLINE, "subject": "a\nBcc: x@example.org", "recipients": [ADA]}, {"subject": "one_line"}),
        ({**INLINE, "subject": "{a.b}", "recipients": [ADA]}, {"subject": "placeholder"}),
        ({**INLINE, "html": "<a href={a}>", "recipients": [ADA]}, {"html": "placeholder"}),
        ({**INLINE, "text": "{a}", "recipients": [ADA]}, {"recipients.0.values": "missing_value"}),
        (
            {**INLINE, "subject": "{a}", "values": {"a": "1\nBcc: x"}, "recipients": [ADA]},
            {"recipients.0.values": "bad_value"},
        ),
        ({**INLINE, "recipients": ["x@elsewhere.com", ADA]}, {"recipients.0.email": "outside"}),
        ({**INLINE, "recipients": ["x@sub.example.org"]}, {"recipients.0.email": "outside"}),
        ({**INLINE, "recipients": ["x@example.org.evil.com"]}, {"recipients.0.email": "outside"}),
        ({**INLINE, "recipients": [ADA], "reply_to": "x@elsewhere.com"}, {"reply_to": "outside"}),
        ({**INLINE, "recipients": [ADA], "reply_to": "a@example.org\nBcc: b@example.org"}, {"reply_to": "email"}),
        ({**INLINE, "recipients": ["carillon@example.org"]}, {"recipients.0.email": "own_sender"}),
        ({"template": "Nothing", "recipients": [ADA]}, {"template": "unknown"}),
        ({**INLINE, "recipients": [f"p{n}@example.org" for n in range(41)]}, {"recipients": "over_limit"}),
        ({**INLINE, "recipients": [ADA], "attachments": [NOBODYS]}, {"attachments.0": "unknown"}),
        ({**INLINE, "recipients_file": NOBODYS}, {"recipients_file": "unknown"}),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_when_it_is_saved(
    alice: User, settings: Settings, payload: dict[str, Any], expected: dict[str, str]
) -> None:
    settings.MAIL_DAILY_LIMIT = 40
    settings.DEFAULT_FROM_EMAIL = "Carillon <Carillon@example.org>"
    assert faults(alice, **payload) == expected


@pytest.mark.parametrize(
    "address",
    [
        "a@b",
        "a@b.c",
        "a@localhost",
        "A <a@example.org>",
        "a@example.org,b@example.org",
        '"x" <e@e> <a@b.cc>',
        "a" * 65 + "@example.org",
        "a@" + "x" * 300 + ".org",
        "a@[127.0.0.1]",
        "a@example.org\r\nBcc: b@example.org",
        "a@example。org",
        "\u202ea@example.org",
        "a@exa\u200bmple.org",
        "",
    ],
)  # fmt: skip
def test_what_is_not_one_address_is_refused_in_payload_and_file(alice: User, mailbox: Mailbox, address: str) -> None:
    assert list(faults(alice, **INLINE, recipients=[ADA, address])) == ["recipients.1"]
    file = store(alice, "people.jsonl", json.dumps({"email": address.replace("\n", "\r")}))
    with pytest.raises(Permanent, match="is not one e-mail address"):
        send(alice, recipients_file=str(file.pk))


def test_another_domain_needs_the_permission(alice: User, mailbox: Mailbox) -> None:
    alice.user_permissions.add(Permission.objects.get(codename="mail_outside"))
    send(User.objects.get(pk=alice.pk), recipients=["x@elsewhere.com"])
    assert mailbox.recipients == ["x@elsewhere.com"]


def test_the_platform_itself_may_write_to_anybody_and_is_not_counted(mailbox: Mailbox, settings: Settings) -> None:
    settings.MAIL_DAILY_LIMIT = 1
    send(None, recipients=["x@elsewhere.com", ADA])
    assert len(mailbox.recipients) == 2


def test_other_peoples_things_do_not_exist(alice: User, charlie: User, staff: User, reminder: EmailTemplate) -> None:
    report = store(alice, "report.csv", "email\n")
    gone = {"template": "unknown"}
    values = {"values": {"name": "a", "amount": "1"}}
    assert faults(charlie, template="Reminder", recipients=[ADA], **values) == gone
    assert faults(charlie, **INLINE, recipients=[ADA], attachments=[str(report.pk)]) == {"attachments.0": "unknown"}
    assert faults(charlie, **INLINE, recipients_file=str(report.pk)) == {"recipients_file": "unknown"}
    EmailTemplate.objects.update(is_shared=True)
    registry.validate_for(charlie, "send_email", {"template": "Reminder", "recipients": [ADA], **values})
    StoredFile.objects.filter(pk=report.pk).update(purpose="backup", owner=None)
    assert faults(staff, **INLINE, recipients=[ADA], attachments=[str(report.pk)]) == {"attachments.0": "unknown"}


def test_ones_own_template_goes_before_a_shared_one(alice: User, charlie: User, mailbox: Mailbox) -> None:
    EmailTemplate.objects.create(owner=charlie, name="News", subject="shared", text="x", is_shared=True)
    send(alice, template="News", recipients=[ADA])
    EmailTemplate.objects.create(owner=alice, name="News", subject="own", text="x")
    send(alice, template="News", recipients=[ADA])
    assert [message["Subject"] for _, message in mailbox.messages] == ["shared", "own"]


def test_too_much_to_carry_is_refused(alice: User) -> None:
    file = store(alice, "a.bin", "a")
    StoredFile.objects.filter(pk=file.pk).update(size=10 * 2**20 + 1)
    found = faults(alice, **INLINE, recipients=[ADA], attachments=[str(file.pk)])
    assert found == {"attachments": "too_large"}


def test_a_mailing_waits_for_tomorrow_when_today_has_no_room(alice: User, mailbox: Mailbox, settings: Settings) -> None:
    settings.MAIL_DAILY_LIMIT = 3
    send(alice, recipients=[ADA, BOB])
    ctx = context(alice)
    with pytest.raises(RetryLater, match="2 mails are to be sent and the daily limit leaves 1") as raised:
        send(alice, ctx, recipients=[ADA, BOB])
    assert 0 < raised.value.seconds <= 86_401
    assert len(mailbox.messages) == 2
    MailCount.objects.update(day=date(2020, 1, 1))  # as if it were tomorrow
    assert send(alice, ctx.again(), recipients=[ADA, BOB])["sent"] == 2


def test_the_cap_holds_in_the_middle_of_a_mailing(alice: User, mailbox: Mailbox, settings: Settings) -> None:
    settings.MAIL_DAILY_LIMIT = 3
    everybody = [f"p{number}@example.org" for number in range(3)]
    send(alice, recipients=[ADA])
    ctx = context(alice, attempt=2)
    with pytest.raises(RetryLater, match="2 were sent now"):
        send(alice, ctx, recipients=everybody)
    assert mailbox.recipients == [ADA, *everybody[:2]]
    assert counted(alice) == 3
    MailCount.objects.update(day=date(2020, 1, 1))
    assert send(alice, ctx.again(), recipients=everybody)["sent"] == 1
    assert mailbox.recipients == [ADA, *everybody]


def test_a_server_that_takes_nothing_from_us_fails_at_once(alice: User, mailbox: Mailbox) -> None:
    mailbox.sender_answer = "550 not from you"
    with pytest.raises(Permanent, match="takes no mail from this platform: 550 not from you"):
        send(alice, recipients=[ADA, BOB])
    assert counted(alice) == 0


@pytest.mark.parametrize(
    "name", ['"x" <e@evil.com> <', "a@evil.com", "Ünï <ada@evil.com>,", "a, b@evil.com", '\\" <e@evil.com>']
)
def test_a_display_name_never_becomes_an_address(alice: User, mailbox: Mailbox, name: str) -> None:
    send(alice, recipients=[{"email": ADA, "name": name}])
    assert mailbox.recipients == [ADA]


@pytest.mark.parametrize(
    "recipients",
    [
        [f"person-{number:04}@example.org" for number in range(2300)],
        [{"email": f"p{number}@example.org", "name": "Ada", "values": {"n": 1}} for number in range(900)],
    ],
)
def test_a_full_payload_of_recipients_can_be_saved(alice: User, settings: Settings, recipients: list[Any]) -> None:
    settings.MAIL_DAILY_LIMIT = 5000
    payload = {**INLINE, "recipients": recipients}
    task_create(owner=alice, spec=TaskSpec(name="News", type="send_email", payload=payload), actor="tests")


def test_a_subject_takes_every_sign_that_stays_in_its_line(alice: User, mailbox: Mailbox) -> None:
    amount = "12,50\u00a0€ 👩\u200d👧"
    send(alice, subject="{a}", text="x", values={"a": amount}, recipients=[{"email": ADA, "name": "Ada\u00a0L."}])
    ((_, message),) = mailbox.messages
    assert str(make_header(decode_header(message["Subject"]))) == amount
    for sign in "\n\r\v\f\x1c\x85\u2028\u2029\t":
        found = faults(alice, subject="{a}", text="x", values={"a": f"1{sign}2"}, recipients=[ADA])
        assert found == {"recipients.0.values": "bad_value"}
