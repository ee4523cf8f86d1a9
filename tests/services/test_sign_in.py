"""Proving who one is: every name costs the same, and many tries at once are no more than one after the other."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.db import connections
from pytest_django import Settings

from tasks_app.models import TokenSignIn
from tasks_app.services.limiter import TooMany
from tasks_app.services.second_factor import code_use
from tasks_app.services.sign_in import SignInRefused, address_key, password_check
from tasks_app.services.tokens import TokenRefused, sign_in_begin, token_refresh
from tests.second_factor import turn_on

pytestmark = pytest.mark.usefixtures("empty_redis")


class CountingHasher(MD5PasswordHasher):
    """Counts how often it is asked."""

    count = 0

    def encode(self, password: str, salt: str) -> str:
        """Count, and hash."""
        type(self).count += 1
        return super().encode(password, salt)


def cost(username: str) -> int:
    CountingHasher.count = 0
    with pytest.raises(SignInRefused):
        password_check(username=username, password="wrong", address="10.0.0.1")
    return CountingHasher.count


def test_an_unknown_name_costs_as_many_hashes_as_a_known_one(settings: Settings, db: None) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    User.objects.create_user("alice", password="alice-password")
    User.objects.create_user("asleep", password="x", is_active=False)
    User.objects.create_user("unusable")
    assert {name: cost(name) for name in ("alice", "nobody", "asleep", "unusable")} == dict.fromkeys(
        ("alice", "nobody", "asleep", "unusable"), 1
    )


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_an_address_is_counted_by_its_network(address: str, counted: str) -> None:
    assert address_key(address) == counted


def test_a_name_that_has_to_wait_costs_no_hash(settings: Settings, db: None) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    for _ in range(5):
        cost("nobody")
    CountingHasher.count = 0
    with pytest.raises(TooMany):
        password_check(username="nobody", password="wrong", address="10.0.0.1")
    assert CountingHasher.count == 0


@pytest.mark.django_db(transaction=True)
def test_many_tries_at_once_are_no_more_than_one_after_the_other(alice: User, settings: Settings) -> None:
    settings.SIGN_IN = replace(settings.SIGN_IN, tries_per_address=1000)

    def try_it(number: int) -> str:
        try:
            password_check(username="alice", password=f"wrong {number}", address="10.0.0.1")
        except (SignInRefused, TooMany) as refusal:
            return type(refusal).__name__
        finally:
            connections.close_all()
        return "in"

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(try_it, range(40)))
    assert (found.count("SignInRefused"), found.count("TooMany")) == (5, 35)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_use_a_code_or_a_token_at_once_one_gets_in(alice: User) -> None:
    app, pair = turn_on(alice), sign_in_begin(user=alice, address="")
    code = app.code()

    def use(what: str) -> bool:
        try:
            if what == "refresh":
                return bool(token_refresh(refresh=pair.refresh, address=""))
            return code_use(user=alice, code=code if what == "code" else app.recovery[0])
        except TokenRefused:
            return False
        finally:
            connections.close_all()

    for what in ("code", "recovery", "refresh"):
        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(use, [what] * 12)).count(True) == 1, what
    assert TokenSignIn.objects.get().revoked_at is not None
