"""Static files come from the web process, whole, in part or not at all."""

import asyncio

import pytest
from django.contrib.staticfiles import finders
from django.test import AsyncClient, Client

ADDRESS = "/static/carillon/css/carillon.css"


@pytest.fixture
def content() -> bytes:
    path = finders.find("carillon/css/carillon.css")
    assert isinstance(path, str)
    with open(path, "rb") as file:
        return file.read()


def test_a_file_is_served_with_its_type(content: bytes) -> None:
    answer = Client().get(ADDRESS)
    assert (answer.status_code, answer.content) == (200, content)
    assert answer["Content-Type"] == 'text/css; charset="utf-8"'
    assert int(answer["Content-Length"]) == len(content)
    assert "Access-Control-Allow-Origin" not in answer


def test_asgi_serves_it_without_a_warning(content: bytes) -> None:
    answer = asyncio.run(AsyncClient().get(ADDRESS))
    assert not answer.streaming
    assert answer.content == content


def test_a_file_that_the_browser_has_is_not_sent_again() -> None:
    first = Client().get(ADDRESS)
    again = Client().get(ADDRESS, headers={"If-Modified-Since": first["Last-Modified"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_part_of_a_file_can_be_asked_for(content: bytes) -> None:
    part = Client().get(ADDRESS, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, content[10:20])


def test_only_the_head_can_be_asked_for(content: bytes) -> None:
    head = Client().head(ADDRESS)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head["Content-Length"]) == len(content)
