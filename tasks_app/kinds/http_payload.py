"""The payload of `http_request`: what to call, and which answer counts as success."""

import json
import re
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import Field

from tasks_app.errors import Invalid
from tasks_app.handlers import Payload
from tasks_app.handlers.masking import Masked
from tasks_app.kinds.http_headers import check_header
from tasks_app.kinds.json_path import path_fault
from tasks_app.kinds.private import check_reach
from tasks_app.kinds.references import CredentialName, SigningKeyName, check_credential
from tasks_app.services.credentials import SIGNING

_UNSAFE_TO_REPEAT = ("POST", "PATCH")
_FIRST_REFUSAL = 400
OPTIONAL = "?"
"""Behind the path of a value that the answer may lack."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,49}")

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
Status = Annotated[int, Field(ge=100, le=599)]


class HttpRequest(Payload):
    """What to call, and which answer counts as success."""

    method: Method = Field("GET", description="The HTTP method.")
    url: str = Field(
        title="URL", description="A public http:// or https:// address.", json_schema_extra={"format": "uri"}
    )
    query: Annotated[dict[str, str], Masked(by_name=True, tied_to="url")] = Field(
        {}, max_length=50, title="Query parameters", description="Escaped and added to the URL."
    )
    headers: Annotated[dict[str, str], Masked(by_name=True, tied_to="url")] = Field(
        {}, max_length=50, description="Header names and values. For a secret, better choose a credential below."
    )
    credential: CredentialName | None = Field(None, description="The credential that authorises the request.")
    signing: SigningKeyName | None = Field(
        None, title="Signing key", description="The key that signs the body, so that the receiver knows who sent it."
    )
    body: str = Field(
        "", max_length=50_000, description="Sent as it stands; text/plain unless a header says otherwise."
    )
    json_body: dict[str, Any] | list[Any] | None = Field(
        None, alias="json", title="JSON body", description="Sent as JSON, instead of a body of text."
    )
    expected_status: list[Status] = Field(
        [], max_length=20, description="The statuses that count as success; any 2xx by default."
    )
    retry_status: list[Status] = Field(
        [],
        max_length=20,
        title="Try again on",
        description="The statuses that are tried again; 408, 425, 429 and any 5xx by default.",
    )
    extract: dict[str, str] = Field(
        {},
        max_length=20,
        title="Values to keep",
        description="What to keep of a JSON answer: names, each with a path such as data.items.0.id.",
    )
    timeout_seconds: int = Field(30, ge=1, le=300, title="Time limit", description="Seconds for the whole request.")
    follow_redirects: bool = Field(False, description="Follow up to 3 redirects.")
    keep_bytes: int = Field(
        16_384, ge=0, le=32_768, title="Keep (bytes)", description="How much of the answer's body to keep."
    )
    repeatable: bool = Field(
        False,
        title="Safe to repeat",
        description="The receiver obeys Idempotency-Key: a POST or PATCH of unclear outcome may be sent again.",
    )

    def check(self) -> None:
        """Refuse a URL that the platform would not call, and headers that are not the caller's to set."""
        for field, url in (("url", self.url), ("query", self.target)):
            check_reach(field, url)
        self._check_headers()
        if self.body and self.json_body is not None:
            raise Invalid.at("json", "contradiction", "Give either body or json.")
        self._check_statuses()
        self._check_extract()

    def check_owner(self, owner: Any) -> None:
        """Refuse an address that is not for the owner, and a credential that isn't theirs or doesn't go there."""
        check_reach("url", self.url, owner=owner)
        if self.credential is not None:
            check_credential(owner, self.credential, "credential", url=self.target)
        if self.signing is not None:
            check_credential(owner, self.signing, "signing", kinds=SIGNING, url=self.target)

    @property
    def target(self) -> str:
        """The URL with the query parameters."""
        if not self.query:
            return self.url
        bare, mark, fragment = self.url.partition("#")
        joint = "" if bare.endswith(("?", "&")) else "&" if "?" in bare else "?"
        return f"{bare}{joint}{urlencode(self.query)}{mark}{fragment}"

    @property
    def place(self) -> str:
        """The URL without its query, which may hold a key."""
        return self.url.partition("?")[0].partition("#")[0]

    @property
    def content(self) -> tuple[bytes | None, dict[str, str]]:
        """The body as it goes out, with the header that says what it is."""
        if self.json_body is not None:
            return json.dumps(self.json_body, ensure_ascii=False).encode(), {"Content-Type": "application/json"}
        if self.body:
            return self.body.encode(), {"Content-Type": "text/plain; charset=utf-8"}
        return None, {}

    @property
    def needs_guard(self) -> bool:
        """Sending it a second time could do the thing a second time."""
        return self.method in _UNSAFE_TO_REPEAT

    def _check_headers(self) -> None:
        for name, value in self.headers.items():
            fault = check_header(name, value)
            if fault is not None:
                raise Invalid.at(f"headers.{name[:80]}", "header_not_allowed", fault)
            if self.credential is not None and name.lower() == "authorization":
                raise Invalid.at(f"headers.{name}", "contradiction", "Give either this header or a credential.")

    def _check_statuses(self) -> None:
        for number, status in enumerate(self.retry_status):
            path = f"retry_status.{number}"
            if status in self.expected_status:
                raise Invalid.at(path, "contradiction", "This status counts as success already.")
            if status < _FIRST_REFUSAL and self.needs_guard and not self.repeatable:
                words = "After this answer, only a POST or PATCH that is safe to repeat can be sent again."
                raise Invalid.at(path, "contradiction", words)

    def _check_extract(self) -> None:
        if self.extract and self.method == "HEAD":
            raise Invalid.at("extract", "contradiction", "The answer to HEAD has no body.")
        for name, path in self.extract.items():
            if not _NAME.fullmatch(name):
                words = "A name has up to 50 letters, digits and underscores, and begins with no digit."
                raise Invalid.at(f"extract.{name[:80]}", "name", words)
            fault = path_fault(path.removesuffix(OPTIONAL))
            if fault is not None:
                raise Invalid.at(f"extract.{name}", "path", fault)
