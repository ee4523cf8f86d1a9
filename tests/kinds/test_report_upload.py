"""Reports sent to a URL: once, whole, with the owner's credential, and never to the inside."""

import gzip
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from scheduler_project import storage_url
from tasks_app.errors import EffectUnknown, Permanent, RetryLater, RunStopped
from tasks_app.handlers import registry
from tasks_app.handlers.masking import MASK, masked
from tasks_app.kinds.http_sending import AnswerLost, RequestFailed
from tasks_app.kinds.mailing import MailUndelivered
from tests.kinds.conftest import Mailbox
from tests.kinds.report_calls import FEW, content, export, owners_faults
from tests.kinds.service import Service, Trap
from tests.kinds.test_export_report import context, make_run
from tests.services.bucket import objects_of, s3_server
from tests.services.credentials import SECRET, make_credential

pytestmark = pytest.mark.django_db


def upload(service: Service, path: str = "/text", **fields: Any) -> dict[str, Any]:
    return {"url": service.url(path), **fields}


def test_the_file_is_uploaded_as_it_is(alice: User, service: Service) -> None:
    make_run(alice, "failed")
    ctx = context(alice)
    result = export(ctx, upload=upload(service, headers={"X-Report": "failures"}))
    asked = service.last
    assert (asked.method, asked.body, result["upload_status"]) == ("PUT", content(result), 200)
    assert asked.headers["content-type"] == "text/csv; charset=utf-8"
    assert asked.headers["content-length"] == str(result["bytes"])
    assert asked.headers["x-report"] == "failures"
    assert asked.headers["idempotency-key"] == ctx.effects["upload"].id


def test_a_packed_file_is_uploaded_packed(alice: User, service: Service) -> None:
    make_run(alice, "failed")
    export(context(alice), format="jsonl", gzip=True, upload=upload(service, method="POST"))
    assert service.last.method == "POST"
    assert service.last.headers["content-type"] == "application/gzip"
    assert "content-encoding" not in service.last.headers
    assert json.loads(gzip.decompress(service.last.body))["status"] == "failed"


def test_an_upload_happens_once(alice: User, service: Service) -> None:
    ctx = context(alice)
    export(ctx, upload=upload(service))
    result = export(ctx.again(), upload=upload(service))
    assert (len(service.asked), result["upload_status"]) == (1, 200)


@pytest.mark.parametrize(
    ("code", "error"),
    [(403, Permanent), (413, Permanent), (302, Permanent), (503, RequestFailed), (429, RequestFailed)],
)
def test_an_upload_that_is_refused_may_be_tried_again(
    alice: User, service: Service, code: int, error: type[Exception]
) -> None:
    ctx = context(alice)
    with pytest.raises(error, match=str(code)):
        export(ctx, upload=upload(service, f"/status?code={code}", method="POST"))
    export(ctx.again(), upload=upload(service, method="POST"))
    assert len(service.asked) == 2


def test_a_receiver_says_when_to_come_back(alice: User, service: Service) -> None:
    with pytest.raises(RetryLater) as caught:
        export(context(alice), upload=upload(service, "/status?code=503&retry_after=7"))
    assert caught.value.seconds == 7


@pytest.mark.parametrize("path", ["/drop", "/status?code=502"])
def test_a_post_of_unclear_outcome_waits_for_a_person(alice: User, service: Service, path: str) -> None:
    ctx = context(alice)
    with pytest.raises(AnswerLost):
        export(ctx, upload=upload(service, path, method="POST"))
    with pytest.raises(EffectUnknown):
        export(ctx.again(), upload=upload(service, method="POST"))


def test_an_upload_that_a_person_vouches_for_is_not_sent_again(alice: User, service: Service) -> None:
    ctx = context(alice)
    with ctx.effect("upload"):
        pass  # settled: it is done, and there is no answer
    assert export(ctx.again(), upload=upload(service, method="POST"))["upload_status"] is None
    assert service.asked == []


@pytest.mark.parametrize("fields", [{"method": "PUT"}, {"method": "POST", "repeatable": True}])
def test_what_can_be_repeated_is_sent_again_under_the_same_key(
    alice: User, service: Service, fields: dict[str, Any]
) -> None:
    ctx = context(alice)
    with pytest.raises(AnswerLost):
        export(ctx, upload=upload(service, "/drop", **fields))
    export(ctx.again(), upload=upload(service, **fields))
    first, second = (asked.headers["idempotency-key"] for asked in service.asked)
    assert first == second


def test_a_credential_authorises_the_upload(alice: User, service: Service) -> None:
    make_credential(alice, hosts=[f"127.0.0.1:{service.port}"])
    ctx = context(alice)
    result = export(ctx, upload=upload(service, credential="crm"))
    assert service.last.headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in f"{result}{ctx.logs}"


def test_a_token_that_is_taken_no_more_is_renewed_and_the_file_sent_whole(alice: User, service: Service) -> None:
    make_run(alice, "failed")
    details = {"token_url": service.url("/token"), "client_id": "carillon"}
    make_credential(alice, "oauth2", hosts=[f"127.0.0.1:{service.port}"], details=details)
    result = export(context(alice), upload=upload(service, "/guarded?token=token-2", credential="crm"))
    assert [asked.path for asked in service.asked] == ["/token", "/guarded", "/token", "/guarded"]
    assert service.last.body == content(result)


def test_a_credential_must_be_the_owners_and_fit_the_place(alice: User, bob: User, service: Service) -> None:
    make_credential(bob, hosts=[f"127.0.0.1:{service.port}"])
    where = upload(service, credential="crm")
    assert owners_faults(alice, upload=where) == {"payload.upload.credential": "unknown"}
    assert owners_faults(bob, upload={**where, "url": "https://example.com/"}) == {
        "payload.upload.credential": "host_not_allowed"
    }


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({}, "payload.upload.url", "required"),
        ({"url": "ftp://example.com"}, "payload.upload.url", "url_not_allowed"),
        ({"url": "http://127.0.0.1:9"}, "payload.upload.url", "url_not_allowed"),
        ({"url": "https://x.org", "method": "DELETE"}, "payload.upload.method", "literal_error"),
        ({"url": "https://x.org", "headers": {"Host": "x"}}, "payload.upload.headers.Host", "header_not_allowed"),
        ({"url": "https://x.org", "body": "x"}, "payload.upload.body", "unknown_field"),
        (
            {"url": "https://x.org", "credential": "a", "headers": {"Authorization": "x"}},
            "payload.upload.headers.Authorization",
            "contradiction",
        ),
    ],
)
def test_a_wrong_place_to_upload_to_is_named(alice: User, fields: dict[str, Any], path: str, code: str) -> None:
    assert owners_faults(alice, upload=fields) == {path: code}


def test_nothing_is_uploaded_to_the_inside(alice: User, trap: Trap, settings: Settings) -> None:
    """Also where the address was allowed when the task was saved."""
    ctx = context(alice)
    settings.ALLOW_PRIVATE_ADDRESSES = True
    model, _ = registry.validate("export_report", {**FEW, "upload": {"url": f"http://127.0.0.1:{trap.port}/"}})
    settings.ALLOW_PRIVATE_ADDRESSES = False
    with pytest.raises(Permanent, match="ssrf_blocked"):
        registry.get("export_report").function(ctx, model)


def test_a_secret_header_is_masked_where_the_payload_is_shown() -> None:
    payload = {**FEW, "upload": {"url": "https://x.org", "headers": {"Authorization": "Bearer x", "X-A": "y"}}}
    shown = masked(registry.get("export_report").payload, payload)
    assert shown["upload"]["headers"] == {"Authorization": MASK, "X-A": "y"}


def test_a_retry_for_the_mail_uploads_nothing_again(alice: User, service: Service, mailbox: Mailbox) -> None:
    mailbox.answers["ada@example.org"] = "450 later"
    ctx = context(alice)
    where = upload(service)
    with pytest.raises(MailUndelivered):
        export(ctx, email=["ada@example.org"], upload=where)
    mailbox.answers.clear()
    export(ctx.again(), email=["ada@example.org"], upload=where)
    assert (len(service.asked), len(mailbox.messages)) == (1, 1)


def test_a_report_in_a_bucket_is_uploaded_and_attached(
    alice: User, service: Service, mailbox: Mailbox, settings: Settings
) -> None:
    make_run(alice, "failed")
    with s3_server() as url:
        settings.STORAGES = {**settings.STORAGES, "default": storage_url.storage(url)}
        result = export(context(alice), upload=upload(service), email=["ada@example.org"], attach=True)
        (stored,) = objects_of(url).values()
    assert service.last.body == stored
    assert service.last.headers["content-length"] == str(result["bytes"])
    assert [part.get_payload(decode=True) for part in mailbox.messages[0][1].walk()][-1] == stored


def test_an_upload_is_not_begun_when_the_run_is_to_stop(alice: User, service: Service) -> None:
    quiet = context(alice)
    export(quiet, upload=upload(service))
    ctx = context(alice, stop_after=quiet.stop_questions - 1)
    with pytest.raises(RunStopped):
        export(ctx, upload=upload(service))
    assert len(service.asked) == 1
