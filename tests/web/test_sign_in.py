"""Signing in and out."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

PERSON = {"username": "alice", "password": "alice-password"}


def test_the_right_password_leads_home(client: Client, alice: User) -> None:
    response = client.post("/sign-in/", PERSON)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.get("/").status_code == 200


def test_one_comes_back_to_where_one_was(client: Client, alice: User) -> None:
    response = client.post("/sign-in/", {**PERSON, "next": "/runs/?status=failed"})
    assert response["Location"] == "/runs/?status=failed"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x"])
def test_next_never_leads_to_another_host(client: Client, alice: User, elsewhere: str) -> None:
    assert client.post("/sign-in/", {**PERSON, "next": elsewhere})["Location"] == "/"


def test_a_wrong_password_is_said_and_the_name_kept(client: Client, alice: User) -> None:
    response = client.post("/sign-in/", {**PERSON, "password": "wrong"})
    assert response.status_code == 200
    assert 'value="alice"' in response.content.decode()
    assert b'role="alert"' in response.content
    assert "wrong" not in response.content.decode()


def test_signing_out_takes_a_post(as_alice: Client) -> None:
    assert as_alice.get("/sign-out/").status_code == 405
    assert as_alice.post("/sign-out/")["Location"] == "/sign-in/"
    assert as_alice.get("/").status_code == 302


def test_the_theme_is_remembered(as_alice: Client) -> None:
    response = as_alice.post("/theme/", {"theme": "dark", "next": "/runs/"})
    assert response["Location"] == "/runs/"
    assert b'data-theme="dark"' in as_alice.get("/").content
    as_alice.post("/theme/", {"theme": "system"})
    assert b"data-theme=" not in as_alice.get("/").content


def test_an_odd_theme_is_ignored(as_alice: Client) -> None:
    as_alice.cookies["theme"] = '"><script>'
    assert b"<script>" not in as_alice.get("/").content
