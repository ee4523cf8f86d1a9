"""Sharing on a task's page, and what those with whom it is shared find there."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from tasks_app.models import Batch, ScheduledTask, TaskRun, TaskShare
from tasks_app.services.calendars import calendar_create
from tasks_app.services.email_templates import email_template_create
from tests import runs
from tests.services.credentials import make_credential
from tests.web.conftest import MakeTask, signed_in
from tests.web.reading import text

_TARGET = re.compile(r'(?:action|formaction|href|popovertarget)="([^"#?]+)(?:\?[^"]*)?"')
_REMOVE = re.compile(r'href="([^"]+/shares/remove/[^"]+)"')


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


@pytest.mark.parametrize("kind", ["user", "group"])
def test_a_share_is_taken_back_after_asking(as_alice: Client, task: ScheduledTask, kind: str) -> None:
    name = "a&b c"
    user, group = User.objects.create_user(name), Group.objects.create(name=name)
    TaskShare.objects.create(task=task, user=user)
    TaskShare.objects.create(task=task, group=group)
    found = map(unescape, _REMOVE.findall(html(as_alice, detail(task))))
    address = next(one for one in found if f"kind={kind}&" in one)
    asked = as_alice.get(address)
    assert f"Stop sharing “Nightly” with {name}?" in text(asked)
    assert task.shares.count() == 2
    assert as_alice.post(address)["Location"] == f"{detail(task)}#shares"
    assert [one.receiver for one in task.shares.all()] == [name]
    assert task.shares.filter(**{f"{kind}__isnull": True}).exists()
    assert as_alice.get(address)["Location"] == f"{detail(task)}#shares", "there is nothing to ask any more"


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


def test_the_owners_own_calendar_is_named_and_led_to_for_those_alone_who_see_it(
    as_charlie: Client, as_staff: Client, alice: User, charlie: User, make: MakeTask
) -> None:
    office = calendar_create(owner=alice, values={"name": "Office", "country": "DE"})
    task = make(calendar="Office")
    TaskShare.objects.create(task=task, user=charlie, level="manage")
    page = reverse("calendar-edit", args=[office.pk])
    assert as_charlie.get(page).status_code == 404
    assert page not in html(as_charlie, detail(task))
    assert "Office" in html(as_charlie, detail(task))
    assert page in html(signed_in(alice), detail(task))
    assert page in html(as_staff, detail(task))


@pytest.mark.parametrize("who", ["charlie", "staff"])
def test_a_copy_leaves_out_what_its_new_owner_may_not_use_and_says_so(
    alice: User, charlie: User, staff: User, make: MakeTask, who: str
) -> None:
    calendar_create(owner=alice, values={"name": "Office", "country": "DE"})
    make_credential(alice)
    task = make(calendar="Office", payload={"url": "https://api.example.com/", "credential": "crm"})
    TaskShare.objects.create(task=task, user=charlie, level="manage")
    owner = {"charlie": charlie, "staff": staff}[who]
    said = signed_in(owner).post(reverse("task-duplicate", args=[task.pk]), follow=True)
    copy = ScheduledTask.objects.get(owner=owner)
    assert said.redirect_chain == [(reverse("task-edit", args=[copy.pk]), 302)]
    assert (copy.calendar, copy.payload.get("credential"), copy.status) == (None, None, "paused")
    assert "It is without its calendar and credential, which you cannot use." in text(said)


def test_a_copy_leaves_out_one_after_the_other_and_no_more_than_that(
    as_charlie: Client, alice: User, charlie: User, make: MakeTask
) -> None:
    make_credential(alice)
    make_credential(alice, name="seal", kind="signing")
    task = make(payload={"url": "https://api.example.com/", "credential": "crm", "signing": "seal"})
    upload = {"url": "https://api.example.com/", "credential": "crm"}
    other = make(name="Upload", type="export_report", payload={"source": "runs", "upload": upload})
    for one, lost in ((task, "credential and signing"), (other, "upload.credential")):
        TaskShare.objects.create(task=one, user=charlie, level="manage")
        said = as_charlie.post(reverse("task-duplicate", args=[one.pk]), follow=True)
        assert f"It is without its {lost}, which you cannot use." in text(said)
    copies = ScheduledTask.objects.filter(owner=charlie).order_by("id")
    assert [copy.payload["url"] for copy in copies[:1]] == ["https://api.example.com/"]
    assert copies[1].payload["upload"]["url"] == "https://api.example.com/"


def test_a_copy_that_cannot_be_says_what_is_in_the_way(
    as_charlie: Client, alice: User, charlie: User, make: MakeTask
) -> None:
    email_template_create(owner=alice, values={"name": "Hello", "subject": "Hi", "text": "Hi"})
    mail = {"template": "Hello", "recipients": ["ada@example.org"]}
    task = make(type="send_email", payload=mail)
    TaskShare.objects.create(task=task, user=charlie, level="manage")
    said = text(as_charlie.post(reverse("task-duplicate", args=[task.pk]), follow=True))
    assert "There is no such template" in said
    assert "see the fields" not in said


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
