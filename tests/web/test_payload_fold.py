"""Long payload forms: what is rarely given stands folded away, and never hides what needs a look."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.web.conftest import MakeTask
from tests.web.reading import errors, value

NEW = "/tasks/new/?type=http_request"
FORM = {"name": "Ping", "payload.url": "https://example.org/", "schedule.kind": "manual", "timezone": "UTC"}


def folded(html: str) -> tuple[str, bool]:
    """The folded part of the payload, and whether it is open."""
    found = re.search(r'(?s)id="payload-fields".*?<details class="fold minor"( open)?>(.*?)</details>', html)
    assert found is not None
    return found[2], bool(found[1])


def test_the_rare_fields_of_a_long_form_are_folded_and_named(as_alice: Client) -> None:
    html = as_alice.get(NEW).content.decode()
    part, is_open = folded(html)
    assert not is_open
    assert 'name="payload.timeout_seconds"' in part
    assert "follow redirects" in part.split("</summary>")[0]
    assert not any(f'name="payload.{name}"' in part for name in ("url", "method", "headers", "body"))


def test_a_short_form_is_shown_whole(as_alice: Client) -> None:
    html = as_alice.get("/tasks/new/?type=shell_command").content.decode().split('id="payload-fields"')[1]
    assert "<summary>" not in html.split("</section>")[0]


def test_a_fold_with_an_error_is_open(as_alice: Client) -> None:
    response = as_alice.post(NEW, {**FORM, "payload.timeout_seconds": "-1"})
    part, is_open = folded(response.content.decode())
    assert response.status_code == 400
    assert is_open
    assert errors(response, "payload.timeout_seconds")
    assert "payload-timeout_seconds-error" in part


@pytest.mark.parametrize(("more", "is_open"), [({}, False), ({"timeout_seconds": 7}, True)])
def test_a_fold_in_which_something_was_given_is_open(
    as_alice: Client, make: MakeTask, more: dict[str, int], is_open: bool
) -> None:
    task = make(payload={"url": "https://example.org/", **more})
    response = as_alice.get(reverse("task-edit", args=[task.pk]))
    assert folded(response.content.decode())[1] is is_open
    assert value(response, "payload.timeout_seconds") == str(
        more.get("timeout_seconds", value(response, "payload.timeout_seconds"))
    )


def test_what_is_folded_is_sent_with_its_defaults(as_alice: Client) -> None:
    shown = as_alice.get(NEW)
    given = {name: value(shown, f"payload.{name}") for name in ("timeout_seconds", "keep_bytes")}
    reply = as_alice.post(NEW, {**FORM, **{f"payload.{name}": text for name, text in given.items()}})
    assert reply.status_code == 302
