"""What a page needs before it is drawn is small: the styles and scripts that it links, and all that these import."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders

from tasks_app.models import ScheduledTask
from tests.runs import make_run
from tests.web.conftest import signed_in

MOST = 100_000
PAGES = (
    "/",
    "/tasks/",
    "/tasks/new/",
    "/tasks/{task}/",
    "/tasks/{task}/edit/",
    "/runs/",
    "/runs/{run}/",
    "/runs/groups/",
    "/calendar/",
    "/upcoming/",
    "/queues/",
    "/workers/",
    "/batches/",
    "/settings/",
    "/settings/audit/",
    "/settings/calendars/new/",
)
_LINKED = re.compile(r'(?:src|href)="/static/([^"?]+\.(?:css|js))"')
_IMPORTED = re.compile(r"""(?:\bfrom|\bimport|@import)\s*\(?\s*(?:url\()?["'](\.{1,2}/[^"']+|[^"'/]+\.css)["']""")


def content(name: str) -> bytes:
    found = finders.find(name)
    assert isinstance(found, str), f"{name} is linked, and is not there"
    return Path(found).read_bytes()


def with_imports(names: set[str]) -> set[str]:
    """These files, and all that they import, however deep."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name in found:
            continue
        found.add(name)
        for other in _IMPORTED.findall(content(name).decode()):
            path = (Path("/") / name).parent / other
            left.append(str(path.resolve().relative_to("/")))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_styles_and_scripts_of_a_page_are_small(admin: User, task: ScheduledTask, page: str) -> None:
    client = signed_in(admin)
    run = make_run(admin, None)
    answer = client.get(page.format(task=task.pk, run=run.pk))
    assert answer.status_code == 200
    files = with_imports(set(_LINKED.findall(answer.content.decode())))
    assert {name.rpartition(".")[2] for name in files} == {"css", "js"}
    sizes = {name: len(gzip.compress(content(name), 6)) for name in files}
    assert sum(sizes.values()) <= MOST, sizes
