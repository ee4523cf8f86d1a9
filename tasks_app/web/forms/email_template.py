"""The form of a mail template, and the values with which its preview is shown."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from tasks_app.web.forms.field import Errors, Field, messages

_SAMPLE = "name: Ada Lovelace\nemail: ada@example.com"
_LINE_LIMIT = 100
_TEXTS = (
    ("name", "Name", "text", "Tasks choose the template by it.", "100"),
    ("subject", "Subject", "text", "One line. {name} stands for a value; a brace itself is written twice.", "200"),
    ("text", "Text", "textarea", "For readers, and programs, that show no HTML.", ""),
    ("html", "HTML", "textarea", "Beside the text. Values are escaped.", ""),
)  # fmt: skip
START = {"name": "", "subject": "", "text": "Dear {name},\n\n", "html": "", "is_shared": False}


def fields(values: Mapping[str, Any], errors: Errors, *, is_staff: bool, can_edit: bool) -> list[Field]:
    """Give what is asked for; only staff are asked whether everybody may use it."""
    lock = {} if can_edit else {"readonly": "readonly"}
    drawn = [
        Field(
            path=path,
            label=label,
            kind=kind,
            value=values[path],
            help=text,
            is_required=path != "html",
            attributes={**lock, **({"maxlength": most} if most else {"spellcheck": "true"})},
            errors=messages(errors, path),
        )
        for path, label, kind, text, most in _TEXTS
    ]
    if is_staff:
        shared = "Everybody's tasks may send it; you and other administrators edit it."
        drawn.append(Field(path="is_shared", label="Share it", kind="bool", value=values["is_shared"], help=shared))
    return drawn


def sample_field(text: str | None = None) -> Field:
    """Give the field of the values to try, one per line."""
    return Field(
        path="sample",
        label="Values to try",
        kind="map",
        value=_SAMPLE if text is None else text,
        help="They are not kept.",
    )


def read(data: QueryDict, *, is_staff: bool) -> dict[str, Any]:
    """Give what was typed as the service takes it."""
    texts = {path: str(data.get(path, "")).replace("\r\n", "\n") for path, *_ in _TEXTS}
    return {**texts, "is_shared": "is_shared" in data} if is_staff else texts


def sample(data: QueryDict) -> dict[str, str]:
    """Give the values to try; lines that are none are passed over, since they are just being typed."""
    pairs = (line.partition(":") for line in str(data.get("sample", "")).splitlines()[:_LINE_LIMIT])
    return {name.strip(): value.strip() for name, colon, value in pairs if colon and name.strip()}
