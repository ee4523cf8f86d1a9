"""Reaching the inside of the network: by the switch for everybody, or by the owner's permission where that counts."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from pytest_django import Settings

from tasks_app.errors import Invalid, Permanent
from tasks_app.handlers import registry
from tasks_app.handlers.testing import call_handler
from tasks_app.selectors.access import owner_reaches_private, reaches_private
from tasks_app.services.credentials import check_target, credential_create
from tasks_app.services.credentials.hosts import CredentialRefused
from tasks_app.services.outbound.urls import NotAllowed, check_url
from tests.kinds.service import Service, Trap
from tests.kinds.test_http_credentials import context


@pytest.fixture
def holder(alice: User) -> User:
    alice.user_permissions.add(Permission.objects.get(codename="reach_private_networks"))
    return User.objects.get(pk=alice.pk)


def saves(owner: User | None, url: str) -> bool:
    """Say whether a task of the owner's may be saved with this address."""
    payloads: list[tuple[str, dict[str, Any]]] = [
        ("http_request", {"url": url}),
        ("export_report", {"source": "tasks", "upload": {"url": url}}),
        ("sync_external_service", {"url": url, "collection": "c", "key": "id"}),
    ]
    answers = {_codes(owner, name, payload) for name, payload in payloads}
    assert answers in ({""}, {"url_not_allowed"})
    return answers == {""}


def _codes(owner: User | None, name: str, payload: dict[str, Any]) -> str:
    try:
        registry.validate_for(owner, name, payload)
    except Invalid as error:
        return ",".join(fault.code for found in error.fields.values() for fault in found)
    return ""


@pytest.mark.parametrize(
    ("for_all", "by_permission", "with_right", "without", "platform"),
    [
        (False, False, False, False, False),
        (False, True, True, False, False),
        (True, False, True, True, True),
        (True, True, True, True, True),
    ],
)
def test_the_switch_counts_for_all_and_the_permission_where_it_counts(  # noqa: PLR0917  # a table
    holder: User, charlie: User, settings: Settings,
    for_all: bool, by_permission: bool, with_right: bool, without: bool, platform: bool,
) -> None:  # fmt: skip
    settings.ALLOW_PRIVATE_ADDRESSES, settings.PRIVATE_NETWORKS_BY_PERMISSION = for_all, by_permission
    people: list[User | None] = [holder, charlie, None]
    expected = [with_right, without, platform]
    assert [reaches_private(one) for one in people] == expected
    assert [owner_reaches_private(one.pk if one else None) for one in people] == expected
    assert [saves(one, "http://127.0.0.1:8080/") for one in people if one] == expected[:2]


@pytest.mark.parametrize(
    ("by_permission", "way"), [(False, "ALLOW_PRIVATE_ADDRESSES=1"), (True, "the permission “reach private networks”")]
)
def test_a_refusal_names_the_way_that_is_open_here(settings: Settings, by_permission: bool, way: str) -> None:
    settings.PRIVATE_NETWORKS_BY_PERMISSION = by_permission
    with pytest.raises(NotAllowed, match=way):
        check_url("http://10.0.0.1/", allow_private=False)


def test_who_was_disabled_reaches_nothing(holder: User, settings: Settings) -> None:
    settings.PRIVATE_NETWORKS_BY_PERMISSION = True
    User.objects.filter(pk=holder.pk).update(is_active=False)
    assert not owner_reaches_private(holder.pk)


def test_a_run_reaches_the_inside_by_the_right_that_its_owner_has_now(
    holder: User, service: Service, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES, settings.PRIVATE_NETWORKS_BY_PERMISSION = False, True
    payload = {"url": service.url("/text")}
    assert call_handler("http_request", payload, context(holder))["status"] == 200
    asked = len(service.asked)
    holder.user_permissions.clear()
    with pytest.raises(Permanent, match="ssrf_blocked"):
        call_handler("http_request", payload, context(holder))
    assert len(service.asked) == asked


def test_without_the_right_nothing_inside_is_called(charlie: User, trap: Trap, settings: Settings) -> None:
    settings.PRIVATE_NETWORKS_BY_PERMISSION = True
    with pytest.raises(Permanent, match="ssrf_blocked"):
        call_handler("http_request", {"url": f"http://127.0.0.1:{trap.port}/"}, context(charlie))


def test_a_credential_goes_inside_on_behalf_of_its_owner(holder: User, charlie: User, settings: Settings) -> None:
    settings.PRIVATE_NETWORKS_BY_PERMISSION = True
    fields: dict[str, Any] = {"kind": "bearer", "hosts": ["10.0.0.1"], "secret": "a-secret-token", "actor": "tests"}
    credential = credential_create(owner=holder, name="inside", **fields)
    assert check_target(credential, "https://10.0.0.1/")
    with pytest.raises(Invalid):
        credential_create(owner=charlie, name="inside", **fields)
    holder.user_permissions.clear()
    with pytest.raises(CredentialRefused):
        check_target(credential, "https://10.0.0.1/")
