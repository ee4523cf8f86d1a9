"""Among very many files the newest are searched, and what was not looked at is said."""

import re
from html import unescape
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tasks_app.models import StoredFile
from tasks_app.selectors import files
from tests.api.client import Api
from tests.web.reading import Page, text

pytestmark = pytest.mark.django_db


def left(owner: User, name: str, purpose: str = StoredFile.Purpose.REPORT) -> StoredFile:
    return StoredFile.objects.create(
        owner=owner, purpose=purpose, name=name, path=f"x/{uuid4()}", content_type="text/csv", size=1000
    )


def further(response: Page) -> str:
    found = re.search(r'href="([^"]*)">Search further back', response.content.decode())
    assert found is not None
    return reverse("file-list") + unescape(found.group(1))


@pytest.fixture(autouse=True)
def _looks_at_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "READ", 3)
    monkeypatch.setattr(files, "WALK", 4)


@pytest.fixture
def seven(alice: User) -> list[StoredFile]:
    """The oldest is called otherwise, and was uploaded."""
    first = left(alice, "prices.csv", StoredFile.Purpose.UPLOAD)
    return [first, *(left(alice, f"report-{number}.csv") for number in range(6))]


def test_a_search_says_how_far_back_it_has_looked_and_leads_on(as_alice: Client, seven: list[StoredFile]) -> None:
    address = f"{reverse('file-list')}?search=prices"
    for _ in range(2):
        response = as_alice.get(address)
        assert "None of the newest 3 does." in text(response)
        assert "prices.csv" not in text(response)
        address = further(response)
    response = as_alice.get(address)
    assert "prices.csv" in text(response)
    assert "Search further back" not in text(response)


@pytest.mark.parametrize(("asked", "is_led"), [("", True), ("purpose=upload", False), ("search=prices", False)])
def test_what_an_index_leads_to_is_listed_to_the_end(
    as_alice: Client, seven: list[StoredFile], asked: str, is_led: bool
) -> None:
    assert ("prices.csv" in text(as_alice.get(f"{reverse('file-list')}?{asked}"))) == is_led


def test_the_room_that_they_take_is_that_of_the_newest(as_alice: Client, alice: User) -> None:
    for name in ("a", "b"):
        left(alice, name)
    assert "Your files take 2.0 KB" in text(as_alice.get(reverse("file-list")))
    for name in ("c", "d"):
        left(alice, name)
    assert "Your files take more than 2.9 KB" in text(as_alice.get(reverse("file-list")))


def test_the_api_goes_on_step_by_step(alice: User, seven: list[StoredFile]) -> None:
    api, path, pages = Api(alice), "files?search=prices", []
    while path:
        pages.append(api.get(path).body)
        path = (pages[-1]["next"] or "").partition("/api/")[2]
    assert [(page["is_complete"], len(page["results"])) for page in pages] == [(False, 0), (False, 0), (True, 1)]
