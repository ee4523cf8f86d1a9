"""The addresses of things, for lists, which write hundreds of them."""

from functools import lru_cache
from uuid import UUID

from django.urls import get_script_prefix, reverse

_NOBODY = UUID(int=0)


def address(page: str, thing: object) -> str:
    """The address of a thing's page: the same as `url` says, for lists, which ask for hundreds."""
    before, after = _around(page, get_script_prefix())
    return f"{before}{thing}{after}"


@lru_cache(maxsize=256)
def _around(page: str, prefix: str) -> tuple[str, str]:
    """Give what stands before the id and after it; the prefix is what `reverse` begins with."""
    before, _, after = reverse(page, args=[_NOBODY]).partition(str(_NOBODY))
    return before, after
