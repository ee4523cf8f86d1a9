"""Who edits somebody else's task through a share pulls nothing in that they may not use, and finds nothing out."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tasks_app.models import EmailTemplate, ScheduledTask, StoredFile, TaskShare
from tasks_app.services.calendars import calendar_create
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create, task_update
from tests.api.client import Api
from tests.services.credentials import make_credential
from tests.web.reading import filled

pytestmark = pytest.mark.django_db
MAIL: dict[str, Any] = {"recipients": ["alice@example.org"], "subject": "s", "text": "t"}
TEMPLATED: dict[str, Any] = {"recipients": ["alice@example.org"]}
NOBODYS = str(uuid.UUID(int=7))


@pytest.fixture
def task(alice: User, charlie: User) -> ScheduledTask:
    """A mailing of alice's that charlie may edit."""
    task = task_create(owner=alice, spec=TaskSpec(name="M", type="send_email", payload=MAIL), actor="tests")
    TaskShare.objects.create(task=task, user=charlie, level=TaskShare.Level.MANAGE)
    return task


@pytest.fixture
def theirs(charlie: User) -> Api:
    """The API as charlie uses it."""
    return Api(charlie)


def template(owner: User, name: str, *, is_shared: bool = False) -> EmailTemplate:
    return EmailTemplate.objects.create(owner=owner, name=name, subject="s", text="t", is_shared=is_shared)


def file(owner: User) -> str:
    made = StoredFile.objects.create(owner=owner, name="a.csv", path=f"a{owner.pk}", content_type="text/csv", size=1)
    return str(made.pk)


def refusal(api: Api, task: ScheduledTask, changes: dict[str, Any]) -> dict[str, Any]:
    """Give what is answered to changes that are refused, without what each answer has of its own."""
    answer = api.patch(f"tasks/{task.pk}", changes)
    assert answer.status == 400, answer.body
    error: dict[str, Any] = answer.body["error"]
    return {name: value for name, value in error.items() if name != "request_id"}


def taken(api: Api, task: ScheduledTask, changes: dict[str, Any]) -> None:
    answer = api.patch(f"tasks/{task.pk}", changes)
    assert answer.status == 200, answer.body


def test_a_calendar_of_the_owners_is_as_one_that_is_not_there(
    theirs: Api, task: ScheduledTask, alice: User, charlie: User
) -> None:
    calendar = calendar_create(owner=alice, values={"name": "Private"})
    absent = refusal(theirs, task, {"calendar": NOBODYS})
    assert refusal(theirs, task, {"calendar": str(calendar.pk)}) == absent
    assert refusal(theirs, task, {"calendar": "Private"}) == refusal(theirs, task, {"calendar": "Nothing"}) == absent
    calendar_create(owner=charlie, values={"name": "Private"})
    assert refusal(theirs, task, {"calendar": "Private"}) == absent, "not the one that charlie means"


def test_a_calendar_that_both_may_use_is_taken_and_one_that_is_kept_stays(
    theirs: Api, task: ScheduledTask, alice: User, bob: User
) -> None:
    shared = calendar_create(owner=bob, values={"name": "Works"})
    type(shared).objects.filter(pk=shared.pk).update(is_shared=True)
    taken(theirs, task, {"calendar": "Works"})
    private = calendar_create(owner=alice, values={"name": "Private"})
    task_update(task=task, changes={"calendar": str(private.pk)}, actor="tests")
    taken(theirs, task, {"calendar": str(private.pk), "name": "Renamed"})
    taken(theirs, task, {"calendar": None})


def test_a_template_of_the_owners_is_as_one_that_is_not_there(
    theirs: Api, task: ScheduledTask, alice: User, charlie: User
) -> None:
    template(alice, "private")
    absent = refusal(theirs, task, {"payload": {**TEMPLATED, "template": "nothing"}})
    assert refusal(theirs, task, {"payload": {**TEMPLATED, "template": "private"}}) == absent
    template(charlie, "private")
    assert refusal(theirs, task, {"payload": {**TEMPLATED, "template": "private"}}) == absent
    template(charlie, "own")
    assert refusal(theirs, task, {"payload": {**TEMPLATED, "template": "own"}}) == absent


def test_a_template_that_both_see_is_taken_and_one_that_is_named_stays(
    theirs: Api, task: ScheduledTask, alice: User, bob: User
) -> None:
    template(bob, "shared", is_shared=True)
    taken(theirs, task, {"payload": {**TEMPLATED, "template": "shared"}})
    private = {**TEMPLATED, "template": template(alice, "private").name}
    task_update(task=task, changes={"payload": private}, actor="tests")
    taken(theirs, task, {"payload": private})


def test_a_file_of_the_owners_is_as_one_that_is_not_there(theirs: Api, task: ScheduledTask, alice: User) -> None:
    absent = refusal(theirs, task, {"payload": {**MAIL, "attachments": [NOBODYS]}})
    assert refusal(theirs, task, {"payload": {**MAIL, "attachments": [file(alice)]}}) == absent


def test_files_that_are_named_already_stay(theirs: Api, task: ScheduledTask, alice: User) -> None:
    kept = {**MAIL, "attachments": [file(alice)]}
    StoredFile.objects.update(task=None)
    task_update(task=task, changes={"payload": kept}, actor="tests")
    assert "attachments" in str(refusal(theirs, task, {"payload": {**kept, "subject": "other"}})), "they see it not"
    taken(theirs, task, {"payload": kept, "name": "Renamed"})


def test_a_credential_of_the_owners_is_as_one_that_is_not_there(theirs: Api, task: ScheduledTask, alice: User) -> None:
    make_credential(alice, name="crm", hosts=["api.example.com"])
    call = {"type": "http_request", "payload": {"url": "https://api.example.com/", "credential": "nothing"}}
    absent = refusal(theirs, task, call)
    call["payload"] = {"url": "https://api.example.com/", "credential": "crm"}
    assert refusal(theirs, task, call) == absent


def test_a_task_of_the_owners_is_as_one_that_is_not_there(theirs: Api, task: ScheduledTask, alice: User) -> None:
    def rules(name: str) -> dict[str, Any]:
        rule = {"what": "runs", "older_than_days": 30, "task": name}
        return {"type": "cleanup", "payload": {"rules": [rule]}}

    assert refusal(theirs, task, rules(str(task.pk))) == refusal(theirs, task, rules(NOBODYS))


def test_a_run_with_another_payload_is_held_to_the_same(theirs: Api, task: ScheduledTask, alice: User) -> None:
    answers = [
        theirs.post(f"tasks/{task.pk}/run-now", {"payload": {**MAIL, "attachments": [one]}})
        for one in (file(alice), NOBODYS)
    ]
    assert [answer.status for answer in answers] == [400, 400]
    first, second = ({**answer.body["error"], "request_id": ""} for answer in answers)
    assert first == second


def test_the_owner_names_what_they_have(api: Api, task: ScheduledTask, alice: User) -> None:
    private = calendar_create(owner=alice, values={"name": "Private"})
    taken(api, task, {"calendar": "Private", "payload": {**TEMPLATED, "template": template(alice, "own").name}})
    assert ScheduledTask.objects.get(pk=task.pk).calendar_id == private.pk


def test_the_form_offers_what_both_may_use_and_names_nothing_else(
    client: Client, task: ScheduledTask, alice: User, bob: User, charlie: User
) -> None:
    template(alice, "secret-template"), template(bob, "open-template", is_shared=True)
    calendar_create(owner=alice, values={"name": "Secret calendar"})
    client.force_login(charlie)
    html = client.get(f"/tasks/{task.pk}/edit/").content.decode()
    assert "open-template" in html
    assert "secret-template" not in html
    assert "Secret calendar" not in html


def test_the_form_and_its_preview_tell_no_calendar_from_another(
    client: Client, task: ScheduledTask, alice: User, charlie: User
) -> None:
    calendar = calendar_create(owner=alice, values={"name": "Secret calendar", "days": [{"date": "2030-01-01"}]})
    client.force_login(charlie)
    form = filled(client.get(f"/tasks/{task.pk}/edit/"))
    said = []
    for name in (str(calendar.pk), NOBODYS, "Secret calendar", "Nothing"):
        for more in ({}, {"name": [""]}):
            answer = client.post(f"/tasks/{task.pk}/edit/", {**form, "calendar": [name], **more})
            assert answer.status_code == 400
            said.append([one.errors for one in answer.context["faulty"] if one.path == "calendar"])
        shown = client.post(f"/tasks/preview/?task={task.pk}", {**form, "calendar": [name]})
        said.append([shown.context["preview"].errors])
    assert said[:3] == said[3:6] == said[6:9] == said[9:]
