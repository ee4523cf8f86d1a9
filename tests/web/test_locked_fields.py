"""Fields that an administrator has fixed, on forms, in the API and in the admin."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from tasks_app.handlers.masking import MASK
from tasks_app.models import ScheduledTask, TypeRule
from tasks_app.selectors.catalogue import type_offers
from tasks_app.services.sealed_payloads import opened_locks, opened_payload
from tests import runs
from tests.api.client import Api
from tests.web.conftest import signed_in

NEW = reverse("task-new") + "?type=http_request"
FORM = {
    "name": "Call", "schedule.kind": "manual", "timezone": "Europe/Berlin", "priority": "5", "overlap": "skip",
    "on_exhausted": "keep", "calendar_policy": "skip", "payload.url": "https://example.org/", "payload.method": "GET",
}  # fmt: skip


@pytest.fixture
def rule(db: None) -> TypeRule:
    locked = {"timeout_seconds": 7, "follow_redirects": True, "headers.X-Api-Key": "s3cret"}
    return TypeRule.objects.create(type="http_request", locked=locked)


def test_a_fixed_field_is_shown_and_switched_off(as_alice: Client, rule: TypeRule) -> None:
    html = " ".join(as_alice.get(NEW).content.decode().split())
    field = html.split('id="f-payload-timeout_seconds"')[1].split(">")[0]
    assert 'disabled="disabled"' in field
    assert 'value="7"' in field
    assert "An administrator has fixed this." in html
    assert "Fixed by an administrator: X-Api-Key." in html
    assert "s3cret" not in html
    assert f"X-Api-Key: {MASK}" in html


def test_a_form_without_the_fixed_fields_is_complete(as_alice: Client, rule: TypeRule) -> None:
    response = as_alice.post(NEW, {**FORM, "payload.headers": f"X-Api-Key: {MASK}\nAccept: a/b"})
    assert response.status_code == 302
    payload = opened_payload(ScheduledTask.objects.get())
    assert (payload["timeout_seconds"], payload["follow_redirects"]) == (7, True)
    assert payload["headers"] == {"X-Api-Key": "s3cret", "Accept": "a/b"}


def test_what_was_put_into_a_fixed_field_by_force_is_not_taken(as_alice: Client, rule: TypeRule) -> None:
    assert as_alice.post(NEW, {**FORM, "payload.timeout_seconds": "99"}).status_code == 302
    assert ScheduledTask.objects.get().payload["timeout_seconds"] == 7


def test_a_retry_with_changes_keeps_to_the_rule(as_alice: Client, alice: User, rule: TypeRule) -> None:
    run = runs.make_run(alice, payload={"url": "https://example.org/", "timeout_seconds": 30})
    runs.claim(run)
    runs.fail(run)
    url = reverse("run-retry", args=[run.pk])
    assert 'disabled="disabled"' in as_alice.get(url).content.decode()
    as_alice.post(url, {**FORM, "changed": "1"})
    assert run.reruns.get().payload["timeout_seconds"] == 7


def test_the_api_tells_what_is_fixed_and_masks_secrets(alice: User, rule: TypeRule) -> None:
    types = {one["name"]: one for one in Api(alice).get("task-types").body["results"]}
    locked = {"timeout_seconds": 7, "follow_redirects": True, "headers.X-Api-Key": MASK}
    assert types["http_request"]["locked"] == locked
    assert types["cleanup"]["locked"] == {}


def test_rules_cost_a_list_of_types_one_query(
    alice: User, rule: TypeRule, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    TypeRule.objects.create(type="export_report", is_restricted=True)
    with django_assert_max_num_queries(3):  # the rules, and the user's rights once
        offers = {offer.spec.name: offer.why_not for offer in type_offers(alice)}
    assert offers["export_report"]
    assert not offers["http_request"]


def rule_form(**more: Any) -> dict[str, Any]:
    return {"type": "http_request", "locked": '{"timeout_seconds": 3}', **more}


def test_an_administrator_lays_down_a_rule_in_the_admin(admin: User) -> None:
    client = signed_in(admin)
    add = reverse("admin:tasks_app_typerule_add")
    assert client.post(add, rule_form(locked='{"nothing": 1}')).status_code == 200
    assert not TypeRule.objects.exists()
    assert client.post(add, rule_form(is_restricted="on")).status_code == 302
    rule = TypeRule.objects.get()
    assert (rule.is_restricted, rule.locked, rule.updated_by) == (True, {"timeout_seconds": 3}, "user:ada")


def test_secrets_of_a_rule_are_masked_in_the_admin_and_kept_by_an_edit(admin: User, rule: TypeRule) -> None:
    client, change = signed_in(admin), reverse("admin:tasks_app_typerule_change", args=["http_request"])
    assert "s3cret" not in client.get(change).content.decode()
    assert client.post(change, {"locked": f'{{"headers.X-Api-Key": "{MASK}"}}'}).status_code == 302
    assert opened_locks("http_request", TypeRule.objects.get().locked) == {"headers.X-Api-Key": "s3cret"}


def test_those_who_only_look_see_no_secret_of_a_rule(viewer_user: User, rule: TypeRule) -> None:
    User.objects.filter(pk=viewer_user.pk).update(is_staff=True)
    client, change = signed_in(viewer_user), reverse("admin:tasks_app_typerule_change", args=["http_request"])
    html = client.get(change).content.decode()
    assert "s3cret" not in html
    assert "timeout_seconds = 7" in html
    assert client.post(change, rule_form()).status_code == 403
