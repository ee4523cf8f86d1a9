"""Sharing on a task's page, and what those with whom it is shared find there."""

import re

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from tasks_app.models import Batch, ScheduledTask, TaskRun, TaskShare
from tests import runs
from tests.web.conftest import MakeTask, signed_in

_TARGET = re.compile(r'(?:action|formaction|href|popovertarget)="([^"#?]+)"')


def detail(task: ScheduledTask) -> str:
    return reverse("task-detail", args=[task.pk])


def html(client: Client, url: str) -> str:
    return client.get(url).content.decode()


def doors(client: Client, url: str, thing: ScheduledTask | TaskRun | Batch) -> set[str]:
    """What the page offers to do with the thing: the last words of the addresses of its buttons and links."""
    found = {target for target in _TARGET.findall(html(client, url)) if f"/{thing.pk}/" in target and target != url}
    return {target.split(f"/{thing.pk}/")[1].strip("/") for target in found}


def test_a_task_is_shared_changed_and_taken_back_on_its_page(
    as_alice: Client, charlie: User, task: ScheduledTask
) -> None:
    url = reverse("task-share", args=[task.pk])
    response = as_alice.post(url, {"kind": "user", "name": "charlie", "level": "view"}, follow=True)
    assert "Shared with charlie." in response.content.decode()
    as_alice.post(url, {"kind": "user", "name": "charlie", "level": "run"})
    assert [(share.receiver, share.level) for share in task.shares.all()] == [("charlie", "run")]
    assert 'aria-label="Stop sharing with charlie"' in html(as_alice, detail(task))
    as_alice.post(reverse("task-unshare", args=[task.pk]), {"kind": "user", "name": "charlie"})
    assert not task.shares.exists()


def test_a_group_is_named_as_one(as_alice: Client, task: ScheduledTask) -> None:
    Group.objects.create(name="team")
    as_alice.post(reverse("task-share", args=[task.pk]), {"kind": "group", "name": "team", "level": "manage"})
    assert [share.receiver for share in task.shares.all()] == ["team"]


def test_what_is_wrong_is_said_on_the_page(as_alice: Client, task: ScheduledTask) -> None:
    wrong = {"kind": "group", "name": "no & body", "level": "run"}
    html = as_alice.post(reverse("task-share", args=[task.pk]), wrong, follow=True).content.decode()
    assert "There is no such group to share with." in html[html.index('id="shares"') :]
    assert html.count("There is no such group to share with.") == 1
    assert 'value="no &amp; body"' in html
    assert '<option value="group" selected>' in html
    assert '<option value="run" selected>' in html


@pytest.mark.parametrize("name", ["task-share", "task-unshare"])
def test_only_who_manages_the_task_shares_it(as_charlie: Client, charlie: User, task: ScheduledTask, name: str) -> None:
    wish = {"kind": "user", "name": "charlie", "level": "manage"}
    assert as_charlie.post(reverse(name, args=[task.pk]), wish).status_code == 404
    TaskShare.objects.create(task=task, user=charlie, level="run")
    assert as_charlie.post(reverse(name, args=[task.pk]), wish).status_code == 403
    assert task.shares.get().level == "run"


def test_the_list_says_whose_a_shared_task_is(
    as_charlie: Client, charlie: User, task: ScheduledTask, make: MakeTask
) -> None:
    make("Mine", owner=charlie)
    TaskShare.objects.create(task=task, user=charlie)
    both = html(as_charlie, reverse("task-list"))
    assert "· alice" in both
    assert "· charlie" not in both
    shared = html(as_charlie, reverse("task-list") + "?shared=me")
    assert "Nightly" in shared
    assert "Mine" not in shared


_LOOK, _RUN = set[str](), {"run-now", "backfill"}
_STOP = {"pause", "cancel"}
_MANAGE = {"edit", "duplicate", "delete", "shares", "shares/remove", "versions"}
_LOG = {"log", "log/download"}


@pytest.mark.parametrize(("level", "expected"), [("view", _LOOK), ("run", _RUN), ("manage", _RUN | _STOP | _MANAGE)])
def test_a_share_shows_the_buttons_that_it_allows(
    as_charlie: Client, charlie: User, task: ScheduledTask, level: str, expected: set[str]
) -> None:
    TaskShare.objects.create(task=task, user=charlie, level=level)
    assert doors(as_charlie, detail(task), task) == expected
    rows = html(as_charlie, reverse("task-list"))
    assert (reverse("task-run-now", args=[task.pk]) in rows) == (level != "view")


@pytest.mark.parametrize(
    ("role", "expected"),
    [("Viewer", _LOOK), ("Operator", _RUN | _STOP), ("Admin", (_RUN | _STOP | _MANAGE) - {"shares/remove"})],
)
def test_a_role_shows_the_buttons_that_it_allows(
    charlie: User, task: ScheduledTask, role: str, expected: set[str]
) -> None:
    charlie.groups.add(Group.objects.get(name=role))
    assert doors(signed_in(charlie), detail(task), task) == expected


@pytest.mark.parametrize("level", ["view", "run", "manage"])
def test_a_runs_page_shows_no_button_that_would_be_refused(
    as_charlie: Client, charlie: User, task: ScheduledTask, level: str
) -> None:
    TaskShare.objects.create(task=task, user=charlie, level=level)
    run = runs.make_run(task.owner, task, type="export_report")
    url = reverse("run-detail", args=[run.pk])
    # The question whether to dismiss waits on the page for a failure.
    assert doors(as_charlie, url, run) - _LOG == (set() if level == "view" else {"cancel", "dismiss"})
    runs.claim(run)
    runs.fail(run)
    assert doors(as_charlie, url, run) - _LOG == (set() if level == "view" else {"retry", "dismiss"})
    assert ("Retry with changes" in html(as_charlie, url)) == (level == "manage")
    assert (f"/runs/{run.pk}/retry/" in html(as_charlie, detail(task))) == (level != "view")


@pytest.mark.parametrize(("level", "expected"), [("view", set()), ("run", {"cancel"})])
def test_a_batchs_page_shows_no_button_that_would_be_refused(
    as_charlie: Client, charlie: User, task: ScheduledTask, level: str, expected: set[str]
) -> None:
    TaskShare.objects.create(task=task, user=charlie, level=level)
    span = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "reprocess": "none", "overlap": "allow"}
    batch = Batch.objects.create(
        owner=task.owner, task=task, kind="backfill", total=1, max_concurrency=1, parameters=span
    )
    assert doors(as_charlie, reverse("batch-detail", args=[batch.pk]), batch) == expected


def test_a_viewer_finds_no_button_among_what_needs_a_person(viewer_user: User, task: ScheduledTask) -> None:
    run = runs.make_run(task.owner, task)
    runs.claim(run)
    runs.fail(run)
    home = html(signed_in(viewer_user), "/")
    assert f"/runs/{run.pk}/" in home
    assert f"/runs/{run.pk}/retry/" not in home
    assert f"/runs/{run.pk}/dismiss/" not in home
