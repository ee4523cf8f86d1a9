"""Every table of ours is to be seen in the admin, and none of its secrets."""

from collections.abc import Callable

import pytest
from django.apps import apps
from django.contrib.admin import site
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from tasks_app.admin.elsewhere import SHOWN_ELSEWHERE
from tasks_app.models import (
    ScheduledTask,
    SyncedChange,
    SyncedCollection,
    SyncedRecord,
    TaskShare,
    TokenSignIn,
    new_id,
)
from tests.admin.conftest import CANARY_ID, Exhibits
from tests.admin.pages import address, read
from tests.admin.test_lists import queries

OURS = [model for app in ("tasks_app", "notifications") for model in apps.get_app_config(app).get_models()]
PAGES = site._registry
INLINED = {inline.model for page in PAGES.values() for inline in page.inlines}


def test_every_table_has_a_page_stands_in_one_or_is_named_with_the_reason() -> None:
    assert {model for model in OURS if model not in PAGES and model not in INLINED} == set(SHOWN_ELSEWHERE)
    assert all(SHOWN_ELSEWHERE.values())


def test_the_side_list_leads_to_every_page(desk: Client) -> None:
    html = read(desk, "/admin/")
    assert [model.__name__ for model in PAGES if f'href="{address(model, "changelist")}"' not in html] == []


@pytest.mark.parametrize("person", ["viewer", "admin"])
def test_the_side_list_shows_what_opens_and_nothing_else(person: str, admin: User, deputy: Client) -> None:
    if person == "viewer":
        admin.groups.set([Group.objects.get(name="Viewer")])
    html = read(deputy, "/admin/")
    for model in OURS:
        if model in PAGES:
            opens = deputy.get(address(model, "changelist")).status_code == 200
            assert (f'href="{address(model, "changelist")}"' in html) is opens, model


def test_no_page_shows_a_secret_or_what_is_its_owners(desk: Client, exhibits: Exhibits) -> None:
    for model in OURS:
        if model in PAGES:
            row = exhibits.rows[model]
            for url in (address(model, "changelist"), address(model, "change", row.pk)):
                asked = " ".join(sql.partition(" FROM ")[0] for sql in queries(desk, url))
                html = read(desk, url)
                assert "canary" not in html, url
                assert CANARY_ID not in html, url
                for column in ("sealed", "sealed_token", "refresh_id"):
                    assert f'."{column}"' not in asked, url


def _share(task: ScheduledTask, number: int) -> None:
    TaskShare.objects.create(task=task, user=User.objects.create(username=f"u{number}"))


def _sign_in(task: ScheduledTask, number: int) -> None:
    user = User.objects.create(username=f"u{number}")
    TokenSignIn.objects.create(user=user, refresh_id=new_id(), epoch=0, expires_at=timezone.now())


def _change(task: ScheduledTask, number: int) -> None:
    now = timezone.now()
    place = SyncedCollection.objects.create(owner=task.owner, name=f"c{number}")
    seen = {"data": {}, "digest": "", "first_seen_at": now, "changed_at": now}
    record = SyncedRecord.objects.create(collection=place, key=f"r{number}", **seen)
    SyncedChange.objects.create(collection=place, record=record, run_id=new_id(), kind="new", at=now)


@pytest.mark.parametrize(
    ("model", "make"),
    [(TaskShare, _share), (TokenSignIn, _sign_in), (SyncedRecord, _change), (SyncedChange, _change)],
)
def test_these_lists_ask_no_more_for_more_rows(
    model: type[Model], make: Callable[[ScheduledTask, int], None], desk: Client, task: ScheduledTask
) -> None:
    make(task, 0)
    few = queries(desk, address(model, "changelist"))
    for number in range(1, 8):
        make(task, number)
    assert len(queries(desk, address(model, "changelist"))) == len(few) <= 6
