"""The service, and alice's syncs from it."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from tests.kinds.sync.json_api import JsonApi, json_api
from tests.kinds.sync.kept import STYLES, Kept, things


@pytest.fixture
def api(settings: Settings) -> Iterator[JsonApi]:
    """A service that the platform may call."""
    settings.ALLOW_PRIVATE_ADDRESSES = True
    with json_api(things(25)) as found:
        yield found


@pytest.fixture
def kept(alice: User, api: JsonApi) -> Kept:
    """One list in one answer."""
    return Kept(alice, api)


@pytest.fixture(params=STYLES)
def paged(request: pytest.FixtureRequest, alice: User, api: JsonApi) -> Kept:
    """Each style of pages in turn."""
    return Kept(alice, api, STYLES[request.param])
