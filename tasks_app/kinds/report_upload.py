"""Sending a report's file to a URL: streamed, once, with the owner's credential."""

from typing import Annotated, Any, Literal

import httpx
from pydantic import Field

from tasks_app.errors import Invalid, Permanent, RetryLater
from tasks_app.handlers import Payload, RunContext
from tasks_app.handlers.masking import Masked
from tasks_app.kinds.http_answer import is_wanted, retry_after_seconds, summary
from tasks_app.kinds.http_headers import check_header
from tasks_app.kinds.http_sending import AnswerLost, RequestFailed, answered
from tasks_app.kinds.private import check_reach
from tasks_app.kinds.references import CredentialName, check_credential, credential_for
from tasks_app.models import Credential, StoredFile
from tasks_app.retry import RetryPolicy
from tasks_app.services.credentials import TokenUnavailable, forget_token, headers_for
from tasks_app.services.files import file_rewindable
from tasks_app.services.outbound import Answer, Call

_KEEP_BYTES = 1024
_UNAUTHORISED = 401
# Request timeout, too early, too many requests.
_COME_BACK = (408, 425, 429)
_SERVER_ERROR = 500
# A gateway's answer: the service behind it may still have taken the file.
_GATEWAY_LOST = (502, 504)


class Upload(Payload):
    """Where the file goes besides storage."""

    url: str = Field(
        title="URL", description="A public http:// or https:// address.", json_schema_extra={"format": "uri"}
    )
    method: Literal["PUT", "POST"] = Field("PUT", description="The HTTP method; the file is the body as it stands.")
    credential: CredentialName | None = Field(None, description="The credential that authorises the request.")
    headers: Annotated[dict[str, str], Masked(by_name=True, tied_to="url")] = Field(
        {}, max_length=50, description="Header names and values. For a secret, better choose a credential."
    )
    timeout_seconds: int = Field(300, ge=1, le=3600, title="Time limit", description="Seconds for the whole upload.")
    repeatable: bool = Field(
        False,
        title="Safe to repeat",
        description="The receiver obeys Idempotency-Key: a POST of unclear outcome may be sent again.",
    )

    def check(self) -> None:
        """Refuse a URL that the platform would not call, and headers that are not the caller's to set."""
        check_reach("url", self.url)
        for name, value in self.headers.items():
            fault = check_header(name, value)
            if fault is not None:
                raise Invalid.at(f"headers.{name[:80]}", "header_not_allowed", fault)
            if self.credential is not None and name.lower() == "authorization":
                raise Invalid.at(f"headers.{name}", "contradiction", "Give either this header or a credential.")

    def check_owner(self, owner: Any) -> None:
        """Refuse an address that is not for the owner, and a credential that isn't theirs or doesn't go there."""
        check_reach("url", self.url, owner=owner)
        if self.credential is not None:
            check_credential(owner, self.credential, "credential", url=self.url)

    @property
    def place(self) -> str:
        """The URL without its query, which may hold a key."""
        return self.url.partition("?")[0].partition("#")[0]

    @property
    def is_repeatable(self) -> bool:
        """Sent a second time, it leaves the receiver as the first time."""
        return self.method == "PUT" or self.repeatable


def upload_file(ctx: RunContext, upload: Upload, file: StoredFile) -> int | None:
    """Send the file unless it has been sent; give the status of the answer, None where only a person knows of it."""
    ctx.check_stop()
    with ctx.effect("upload", idempotent=upload.is_repeatable) as effect:
        if effect.done:
            ctx.log("The file was uploaded by an earlier attempt already")
            return None if effect.result is None else int(effect.result)
        try:
            answer = _sent(ctx, upload, file, effect.id)
        except (Permanent, RequestFailed):
            # No connection: the receiver has not got it.
            effect.not_done()
            raise
        failure = _failure(upload, answer)
        if failure is not None:
            if not isinstance(failure, AnswerLost):
                effect.not_done()
            raise failure
        effect.confirm(answer.status)
        ctx.log(f"{_words(upload, answer)} in {answer.elapsed_ms} ms")
    return answer.status


def _sent(ctx: RunContext, upload: Upload, file: StoredFile, key: str) -> Answer:
    credential = credential_for(ctx.owner_id, upload.credential) if upload.credential else None
    answer = _exchange(ctx, upload, file, credential, key)
    if answer.status == _UNAUTHORISED and credential is not None and credential.kind == Credential.Kind.OAUTH2:
        ctx.log("The service took the access token no more; asking for a new one")
        forget_token(credential)
        answer = _exchange(ctx, upload, file, credential, key)
    return answer


def _exchange(ctx: RunContext, upload: Upload, file: StoredFile, credential: Credential | None, key: str) -> Answer:
    headers = httpx.Headers({"Content-Type": file.content_type, "Idempotency-Key": key})
    headers.update(upload.headers)
    try:
        headers.update(headers_for(credential, upload.url) if credential else {})
    except TokenUnavailable as error:
        raise RequestFailed(str(error)) from error
    with file_rewindable(file) as body:
        call = Call(
            method=upload.method,
            url=upload.url,
            headers=headers,
            body=body,
            timeout_seconds=upload.timeout_seconds,
            max_bytes=_KEEP_BYTES,
        )
        return answered(call, upload.place, owner_id=ctx.owner_id)


def _failure(upload: Upload, answer: Answer) -> Exception | None:
    """Say how the run fails by an answer, or nothing for a good one."""
    status, words = answer.status, _words(upload, answer)
    if is_wanted(status, ()):
        return None
    if status in _GATEWAY_LOST and not upload.is_repeatable:
        return AnswerLost(words)
    if status not in _COME_BACK and status < _SERVER_ERROR:
        return Permanent(words)
    seconds = retry_after_seconds(answer.headers)
    return RequestFailed(words) if seconds is None else RetryLater(min(seconds, RetryPolicy().cap_seconds), words)


def _words(upload: Upload, answer: Answer) -> str:
    return f"{upload.method} {upload.place} answered {summary(answer)}"
