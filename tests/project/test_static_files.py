"""Static files come from the web process, whole, in part or not at all."""

import asyncio
import gzip
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.utils.module_loading import import_string
from pytest_django import Settings

from scheduler_project.static_files import StaticFilesMiddleware
from scheduler_project.storage_url import storages

ADDRESS = "/static/carillon/css/carillon.css"


@pytest.fixture
def content() -> bytes:
    path = finders.find("carillon/css/carillon.css")
    assert isinstance(path, str)
    with open(path, "rb") as file:
        return file.read()


@pytest.fixture
def production(tmp_path: Path, settings: Settings) -> Path:
    """Where the files of a production server lie, which looks at them when it starts."""
    settings.STATIC_ROOT, settings.WHITENOISE_USE_FINDERS, settings.DEBUG = tmp_path, False, False
    settings.WHITENOISE_AUTOREFRESH = False
    return tmp_path


def test_a_file_is_served_with_its_type(content: bytes) -> None:
    answer = Client().get(ADDRESS)
    assert (answer.status_code, answer.content) == (200, content)
    assert answer["Content-Type"] == 'text/css; charset="utf-8"'
    assert int(answer["Content-Length"]) == len(content)
    assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.parametrize("name", ["css/carillon.css", "js/live.js", "img/icons.svg"])
def test_text_is_compressed_in_development_for_those_who_take_it(name: str) -> None:
    address = f"/static/carillon/{name}"
    plain, small = Client().get(address), Client().get(address, headers={"Accept-Encoding": "gzip, deflate, br"})
    assert (small.status_code, small["Content-Encoding"]) == (200, "gzip")
    assert "Accept-Encoding" in small["Vary"]
    assert int(small["Content-Length"]) == len(small.content) < len(plain.content) / 2
    assert (gzip.decompress(small.content), small["Content-Type"]) == (plain.content, plain["Content-Type"])
    part = Client().get(address, headers={"Accept-Encoding": "gzip", "Range": "bytes=10-19"})
    assert (part.status_code, part.content, "Content-Encoding" in part) == (206, plain.content[10:20], False)


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


def test_a_file_that_was_replaced_since_the_start_is_served_whole(production: Path) -> None:
    style = production / "style.css"
    style.write_text("old")
    server = StaticFilesMiddleware(lambda request: HttpResponse(status=404))
    style.write_text("new and longer")
    answer = server(RequestFactory().get("/static/style.css"))
    assert (answer.content, answer["Content-Length"]) == (b"new and longer", "14")


@pytest.mark.parametrize("gone", ["style.css", "style.css.gz"])
def test_a_file_that_was_taken_away_since_the_start_is_not_there(production: Path, gone: str) -> None:
    (production / "style.css").write_text("long enough to be worth it")
    (production / "style.css.gz").write_bytes(b"short")
    server = StaticFilesMiddleware(lambda request: HttpResponse(status=404))
    (production / gone).unlink()
    ways = {"style.css": {}, "style.css.gz": {"Accept-Encoding": "gzip"}}
    answer = server(RequestFactory().get("/static/style.css", headers=ways[gone]))
    assert (answer.status_code, "Content-Encoding" in answer) == (404, False)


def test_a_production_server_sends_styles_and_scripts_compressed(production: Path) -> None:
    found = finders.find("carillon/js/live.js")
    assert isinstance(found, str)
    source = FileSystemStorage(Path(found).parents[2])
    names = ("carillon/js/live.js", "carillon/js/left.js", "carillon/js/steady.js")
    kind = storages("file:///var/files", is_development=False)["staticfiles"]["BACKEND"]
    storage = import_string(kind)(location=production)
    for name in names:
        with source.open(name) as file:
            storage.save(name, file)
    assert not [done for *_, done in storage.post_process({name: (source, name) for name in names}) if done is not True]
    server = StaticFilesMiddleware(lambda request: HttpResponse(status=404))
    address = f"/static/{storage.stored_name(names[0])}"
    answer = server(RequestFactory().get(address, headers={"Accept-Encoding": "gzip"}))
    plain = server(RequestFactory().get(address))
    assert (answer.status_code, answer["Content-Encoding"]) == (200, "gzip")
    assert len(answer.content) < len(plain.content) / 2
    assert plain.content == Path(found).read_bytes()
