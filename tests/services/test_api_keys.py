"""API keys: shown once, stored as a digest, worthless when expired, revoked or their person is gone."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tasks_app.errors import Invalid
from tasks_app.models import ApiKey
from tasks_app.services.api_keys import api_key_create, api_key_find, api_key_revoke

pytestmark = pytest.mark.django_db


def create(user: User, **fields: Any) -> tuple[ApiKey, str]:
    """Make a key."""
    return api_key_create(user=user, **{"name": "ci", "scope": "run", **fields})


def test_a_key_is_found_by_its_plain_text_which_is_not_stored(alice: User) -> None:
    key, plain = create(alice)
    assert plain.startswith("crn_")
    assert len(plain) > 40
    assert key.prefix == plain[:12]
    row = ApiKey.objects.values().get()
    assert not any(plain[12:] in str(value) for value in row.values())
    found = api_key_find(plain)
    assert found is not None
    assert (found.id, found.user, found.scope) == (key.id, alice, "run")


def test_keys_differ(alice: User) -> None:
    assert create(alice)[1] != create(alice)[1]


@pytest.mark.parametrize(
    "change",
    [
        lambda plain: plain[:-1],
        lambda plain: plain + "a",
        lambda plain: plain.swapcase(),
        lambda plain: plain.removeprefix("crn_"),
        lambda plain: "",
        lambda plain: "crn_" + "ä" * 30,
        lambda plain: "crn_" + "a" * 100_000,
        lambda plain: f"{plain}\x00",
    ],
)
def test_anything_else_finds_nothing(change: Any, alice: User) -> None:
    _, plain = create(alice)
    assert api_key_find(change(plain)) is None


def test_a_revoked_key_is_worthless_at_once_and_keeps_its_first_date(alice: User) -> None:
    key, plain = create(alice)
    api_key_revoke(key=key)
    key.refresh_from_db()
    first = key.revoked_at
    assert first is not None
    assert api_key_find(plain) is None
    api_key_revoke(key=key)
    key.refresh_from_db()
    assert key.revoked_at == first


def test_an_expired_key_is_worthless(alice: User) -> None:
    key, plain = create(alice, expires_at=timezone.now() + timedelta(hours=1))
    assert api_key_find(plain) is not None
    ApiKey.objects.filter(id=key.id).update(expires_at=timezone.now())
    assert api_key_find(plain) is None


def test_the_key_of_a_person_who_may_not_sign_in_is_worthless(alice: User) -> None:
    _, plain = create(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert api_key_find(plain) is None


def test_use_is_noted_at_most_once_a_minute(alice: User) -> None:
    key, plain = create(alice)
    api_key_find(plain)
    key.refresh_from_db()
    first = key.last_used_at
    assert first is not None
    api_key_find(plain)
    key.refresh_from_db()
    assert key.last_used_at == first
    ApiKey.objects.filter(id=key.id).update(last_used_at=first - timedelta(seconds=61))
    api_key_find(plain)
    key.refresh_from_db()
    assert key.last_used_at is not None
    assert key.last_used_at >= first


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": " "}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"scope": "root"}, "scope"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "expires_at"),
    ],
)
def test_each_fault_is_named_at_its_field(fields: dict[str, Any], path: str, alice: User) -> None:
    with pytest.raises(Invalid) as refusal:
        create(alice, **fields)
    assert set(refusal.value.fields) == {path}
    assert not ApiKey.objects.exists()
