"""Cookies are input like any other: no value of one is an error of ours."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from notifications.signin import credentials

NAMES = ["carillon_session", "carillon_csrf", "carillon_device", "messages", "theme", "timezone"]
VALUES = ['"\\000abcdefghijklmnop"', '"\\377\\376abcdefghijk"', "\xff" * 40, "a" * 5000, '"\\', "a:b:c", ""]


@pytest.mark.usefixtures("empty_redis", "db")
@pytest.mark.parametrize("path", ["/", "/sign-in/", "/sign-in/code/", "/api/me"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", VALUES)
def test_no_value_of_a_cookie_is_an_error(name: str, value: str, path: str) -> None:
    client = Client(raise_request_exception=False)
    response = client.get(path, headers={"Cookie": f"{name}={value}"})
    assert response.status_code in (200, 302, 401)
    response = client.post(path, headers={"Cookie": f"{name}={value}"})
    assert response.status_code < 500


@pytest.mark.django_db
@pytest.mark.parametrize("value", VALUES)
def test_nor_is_it_one_for_a_socket(value: str) -> None:
    scope = {"headers": [(b"cookie", f"carillon_session={value}".encode("latin-1"))], "subprotocols": []}
    assert credentials(scope).user() is None


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["\0crn_" + "a" * 40, "a.b.c", "a.\0.c", "\xff.\xfe.\xfd", "crn_\0"])
def test_nor_a_bearer_of_a_socket(value: str, alice: User) -> None:
    assert credentials({"headers": [], "subprotocols": [f"bearer.{value}"]}).user() is None
