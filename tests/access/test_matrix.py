"""The whole matrix: every address and method, asked by ten people, against the table of rules."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client

from notifications.groups import Topic
from notifications.snapshots import snapshot
from tasks_app.admin.deeds import DeedAdmin
from tests.access.conftest import PEOPLE
from tests.access.doors import Door, admin_doors, doors
from tests.access.rules import SEE_TASK, SIGNED_IN, STRANGERS, Rule
from tests.access.table import BODIES, DEEDS, RULES

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite, pytest.mark.usefixtures("empty_redis")]
Browser = Callable[[str], Client]
DOORS = doors()
REFUSALS = {401: "sign-in", 403: "403", 404: "404"}


def test_every_address_has_a_rule_and_every_rule_an_address() -> None:
    assert sorted(DOORS) == sorted(RULES)


def test_every_method_of_the_api_has_a_rule() -> None:
    methods = {name: sorted(door.methods) for name, door in DOORS.items() if door.is_api}
    assert methods == {name: sorted(RULES[name]) for name in methods}


@pytest.mark.parametrize("person", PEOPLE)
def test_everybody_gets_through_the_doors_that_are_theirs(
    person: str, browser: Browser, things: dict[str, Any]
) -> None:
    client = browser(person)
    met, expected = {}, {}
    for door, method, rule in _asked():
        where = f"{method} {door.name}"
        met[where] = _met(_ask(client, door, method, things), rule)
        expected[where] = rule.expected(person)
    assert {where: one for where, one in met.items() if one != expected[where]} == {}
    assert len(met) > 150


def test_pages_take_no_method_without_a_rule(browser: Browser, things: dict[str, Any]) -> None:
    client = browser("owner")
    others = [
        (door, method)
        for door in DOORS.values()
        for method in ("GET", "POST")
        if not door.is_api and method not in RULES[door.name]
    ]
    taken = [(door.name, method) for door, method in others if _ask(client, door, method, things).status_code != 405]
    assert taken == []


@pytest.mark.parametrize("person", PEOPLE)
def test_the_admin_is_for_staff(person: str, browser: Browser, things: dict[str, Any]) -> None:
    client = browser(person)
    names = {"object_id": "1", "id": "1", "content_type_id": "1", "app_label": "tasks_app", "url": "nowhere/"}
    met = {}
    for path, door in admin_doors().items():
        if "login" in path or "logout" in path:
            continue  # they lead to the platform's one sign-in: tests/admin/test_access.py
        known = {**things, **names}
        met[path] = _met(_ask(client, Door(door.name, path), "GET", known), Rule(frozenset()))
    assert len(met) > 100
    if person in STRANGERS:
        assert {path: one for path, one in met.items() if one != "sign-in"} == {}
    elif person != "admin":
        assert {path: one for path, one in met.items() if one != "404"} == {}
    else:
        assert "passes" in met.values()
        assert "sign-in" not in met.values()


def _deed_admins() -> list[DeedAdmin]:
    return [one for one in admin.site._registry.values() if isinstance(one, DeedAdmin)]


def test_every_deed_of_the_admin_asks_for_the_right_that_is_written_down() -> None:
    found = {(str(one.opts.model_name), deed.name): deed.right for one in _deed_admins() for deed in one.deeds}
    assert found == DEEDS


def test_staff_without_the_right_of_a_deed_are_refused(viewer_user: User) -> None:
    User.objects.filter(pk=viewer_user.pk).update(is_staff=True)
    client = Client()
    client.force_login(viewer_user)
    assert Group.objects.get(name="Viewer") in viewer_user.groups.all()
    statuses = {
        (one.opts.model_name, deed.name): client.post(
            one.address(f"{deed.name}_here", "1"), {"_form_submitted": "True"}
        ).status_code
        for one in _deed_admins()
        for deed in one.deeds
    }
    assert set(statuses.values()) == {403}, statuses


@pytest.mark.parametrize("person", sorted(SIGNED_IN))
def test_a_socket_shows_what_the_pages_show(person: str, folk: dict[str, User | None], things: dict[str, Any]) -> None:
    user = folk[person]
    assert user is not None
    for kind in ("task", "run"):
        seen = snapshot(user, Topic(kind, things[f"{kind}_id"]), after_line=0)
        assert (seen is not None) == (person in SEE_TASK)
    every = snapshot(user, Topic("tasks"), after_line=0)
    assert every is not None
    assert bool(every.updates) == (person in SEE_TASK)


def _asked() -> list[tuple[Door, str, Rule]]:
    return [(door, method, rule) for name, door in DOORS.items() for method, rule in RULES[name].items()]


def _ask(client: Client, door: Door, method: str, things: dict[str, Any]) -> HttpResponseBase:
    """Ask, and undo what came of it, so that the next door finds everything as it was."""
    url = door.path.format(**things)
    body = json.loads(json.dumps(BODIES.get((door.name, method), {})).replace("{task_id}", str(things["task_id"])))
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    with transaction.atomic():
        if door.is_api:
            raw = b"" if method in ("GET", "DELETE") else json.dumps(body).encode()
            response = client.generic(method, url, raw, "application/json")
        else:
            response = client.get(url, body) if method == "GET" else client.post(url, body)
        transaction.set_rollback(True)
    if response.streaming:
        b"".join(response.streaming_content)  # type: ignore[attr-defined]  # which closes the file
    client.cookies.clear()
    client.cookies.load(cookies)
    _restore(things)
    return response


def _restore(things: dict[str, Any]) -> None:
    """Storage knows no rollback."""
    if not default_storage.exists(things["file_path"]):
        default_storage.save(things["file_path"], ContentFile(b"a,b\n"))


def _met(response: HttpResponseBase, rule: Rule) -> str:
    status = response.status_code
    if status == 302 and not rule.is_open and "/sign-in/" in response.headers["Location"]:
        return "sign-in"
    if status == 429 or (status not in (502, 503) and status >= 500):
        return f"broken: {status}"  # a limit in the way tells nothing of the rule behind it
    return REFUSALS.get(status, "passes")
