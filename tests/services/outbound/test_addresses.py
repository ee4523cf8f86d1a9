"""Which addresses are the public internet's."""

import pytest

from tasks_app.services.outbound.addresses import is_public
from tests.services.outbound.tricks import PRIVATE, PUBLIC


@pytest.mark.parametrize("address", PRIVATE)
def test_an_inside_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)
