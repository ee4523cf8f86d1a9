"""Reading pages of the admin as a person does."""

import re
from html import unescape
from typing import Any

from django.contrib.messages import get_messages
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

_LOADED = re.compile(
    r"""(?:src|href|action|hx-get|hx-post)\s*=\s*["']((?:https?:)?//[^"']*)|url\(["']?((?:https?:)?//[^)"']*)"""
)


def address(model: type[Model], view: str, *args: Any) -> str:
    """The address of a view of a model."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}", args=args)


def read(client: Client, url: str) -> str:
    """Open a page, which must be there and load nothing from elsewhere."""
    response = client.get(url)
    assert response.status_code == 200, (url, response.status_code, response.headers.get("Location"))
    html = response.content.decode()
    assert foreign(html) == []
    return html


def foreign(html: str) -> list[str]:
    """Every address on the page that leads to another host."""
    return [first or second for first, second in _LOADED.findall(unescape(html))]


def select(client: Client, model: type[Model], action: str, *rows: Model, **more: Any) -> list[str]:
    """Choose an action for rows in their list, and give what is then said."""
    values = {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}
    return told(client.post(address(model, "changelist"), values))


def press(client: Client, row: Model, deed: str, **typed: str) -> list[str]:
    """Press a button on a row's page, fill in what it asks for, say yes, and give what is then said."""
    url = address(type(row), f"{deed.replace('-', '_')}_here", row.pk)
    question = client.get(url)
    assert question.status_code == 200
    assert foreign(question.content.decode().replace("http://testserver", "")) == []
    assert [name for name in typed if f'name="{name}"' not in question.content.decode()] == []
    return told(client.post(url, {"_form_submitted": "True", **typed}))


def told(response: Any) -> list[str]:
    """The messages that the next page would show; they count as shown."""
    assert response.status_code == 302, (response.status_code, _faults(response))
    response.client.cookies.pop("messages", None)
    return [str(message) for message in get_messages(response.wsgi_request)]


def _faults(response: HttpResponse) -> Any:
    context = getattr(response, "context_data", None) or {}
    form = context.get("adminform")
    return getattr(getattr(form, "form", None), "errors", None)
