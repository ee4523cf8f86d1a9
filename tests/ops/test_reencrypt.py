"""`reencrypt`: after it, the first key alone opens everything; what can't be opened is said and left alone."""

from collections.abc import Callable
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import call_command
from pytest_django import Settings

from tasks_app.models import Credential
from tasks_app.services import resealing
from tasks_app.services.credentials import headers_for
from tasks_app.services.sealed_check import stored_secrets
from tasks_app.services.sealing import seal
from tasks_app.services.second_factor import factor_begin
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create
from tasks_app.services.type_rules import type_rule_save
from tests.services.credentials import SECRET, make_credential

pytestmark = pytest.mark.django_db
OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))


def reencrypt() -> tuple[int, list[str]]:
    """Run it; gives its exit code and its lines."""
    out = StringIO()
    try:
        call_command("reencrypt", stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


def test_an_empty_platform_has_nothing_to_do(settings: Settings) -> None:
    assert reencrypt() == (0, ["0 secrets are encrypted with the first key"])


def test_the_first_key_opens_everything_afterwards(
    settings: Settings, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "BATCH", 2)
    settings.FIELD_KEYS = [OLD]
    for number in range(5):
        make_credential(alice, name=f"c{number}")
    Credential.objects.filter(name="c3").update(sealed_token=seal("token"))
    settings.FIELD_KEYS = [NEW, OLD]
    for _ in range(2):
        assert reencrypt() == (0, ["6 secrets are encrypted with the first key"])
    settings.FIELD_KEYS = [NEW]
    for credential in Credential.objects.all():
        assert headers_for(credential, "https://api.example.com/") == {"Authorization": f"Bearer {SECRET}"}


def test_what_no_key_opens_has_a_line_and_is_left_alone(settings: Settings, alice: User) -> None:
    settings.FIELD_KEYS = [LOST]
    lost = make_credential(alice)
    settings.FIELD_KEYS = [OLD]
    make_credential(alice, name="kept")
    settings.FIELD_KEYS = [NEW, OLD]
    code, lines = reencrypt()
    assert code == 1
    assert lines[-1] == "1 secret is encrypted with the first key; 1 can't be opened"
    (fault,) = lines[:-1]
    assert str(lost.pk) in fault
    assert "FIELD_KEYS" in fault
    assert SECRET not in fault
    assert Credential.objects.get(pk=lost.pk).sealed == lost.sealed


@pytest.mark.parametrize("what", ["credential", "second factor", "task", "rule"])
def test_doctor_tells_of_a_key_that_is_lost(settings: Settings, alice: User, what: str) -> None:
    settings.FIELD_KEYS = [OLD]
    secret = {"headers": {"Authorization": "Bearer of-mine"}}
    call = TaskSpec(name="Call", type="http_request", payload={"url": "https://example.org/", **secret})
    make: dict[str, Callable[[], object]] = {
        "credential": lambda: make_credential(alice),
        "second factor": lambda: factor_begin(user=alice),
        "task": lambda: task_create(owner=alice, spec=call, actor="tests"),
        "rule": lambda: type_rule_save(
            type="http_request", is_restricted=False, locked={"headers.Authorization": "Bearer x"}, actor="tests"
        ),
    }
    make[what]()
    assert stored_secrets().ok
    settings.FIELD_KEYS = [NEW, OLD]
    assert stored_secrets().ok
    settings.FIELD_KEYS = [LOST]
    found = stored_secrets()
    assert not found.ok
    assert "1 stored secret cannot be read: FIELD_KEYS" in found.detail
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", "--configuration", stdout=out)
    assert "stored secrets: 1 stored secret cannot be read" in out.getvalue()


def test_no_sealed_column_is_forgotten() -> None:
    found = {
        (model, field.name)
        for model in apps.get_app_config("tasks_app").get_models()
        for field in model._meta.get_fields()
        if field.name.startswith("sealed")
    }
    assert found == set(resealing.COLUMNS)
