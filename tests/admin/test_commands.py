"""Allowed commands in the admin: superusers only, and nothing is saved that could not run or not be bounded."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from tasks_app.models import AllowedCommand
from tests.admin.pages import address, read, told

GOOD = {
    "name": "rebuild-index",
    "is_enabled": "on",
    "command": '["ls", "-l"]',
    "arguments": "[a-z]+|--since=[0-9-]+",
    "most_arguments": "3",
    "directory": "/tmp",
    "environment": '{"LEVEL": "full"}',
}


def test_a_command_is_added_changed_and_deleted(desk: Client) -> None:
    told(desk.post(address(AllowedCommand, "add"), GOOD))
    row = AllowedCommand.objects.get(name="rebuild-index")
    assert (row.command, row.environment, row.most_arguments) == (["ls", "-l"], {"LEVEL": "full"}, 3)
    changed = {
        **GOOD,
        "name": "another",
        "command": '["tar -c \\"$1\\" | gzip"]',
        "uses_shell": "on",
        "environment": "",
    }
    told(desk.post(address(AllowedCommand, "change", row.pk), changed))
    row.refresh_from_db()
    assert (row.uses_shell, row.environment) == (True, {})
    assert not AllowedCommand.objects.filter(name="another").exists(), "a command keeps its name"
    told(desk.post(address(AllowedCommand, "delete", row.pk), {"post": "yes"}))
    assert not AllowedCommand.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Rebuild Index"),
        ("name", "../x"),
        ("name", ""),
        ("command", ""),
        ("command", "ls"),
        ("command", '"ls"'),
        ("command", "[]"),
        ("command", "[" * 30_000 + "]" * 30_000),
        ("command", '["ls", 1]'),
        ("command", '["no-such-program"]'),
        ("command", '["./ls"]'),
        ("command", '["/usr/bin/../bin/ls"]'),
        ("command", '["bin/ls"]'),
        ("command", '[""]'),
        ("command", '["ls", "\\u0000"]'),
        ("command", '["ls", "\\ud800"]'),
        ("command", f'["ls", "{"x" * 9000}"]'),
        ("arguments", "("),
        ("arguments", "(?=a)"),
        ("arguments", "a{1000}"),
        ("arguments", "x" * 301),
        ("most_arguments", "101"),
        ("most_arguments", "-1"),
        ("directory", "tmp"),
        ("directory", "/tmp/../etc"),
        ("directory", "/tmp/"),
        ("environment", '["a"]'),
        ("environment", '{"A": NaN}'),
        ("environment", '{"A": 1}'),
        ("environment", '{"A B": "x"}'),
        ("environment", '{"CARILLON_RUN_ID": "x"}'),
        ("environment", '{"A": "\\u0000"}'),
    ],
)
def test_what_could_not_run_is_refused_at_its_field(desk: Client, field: str, value: str) -> None:
    response: Any = desk.post(address(AllowedCommand, "add"), {**GOOD, field: value})
    assert response.status_code == 200
    assert set(response.context["adminform"].form.errors) == {field}
    assert not AllowedCommand.objects.exists()


def test_with_a_shell_the_command_is_one_line(desk: Client) -> None:
    response: Any = desk.post(address(AllowedCommand, "add"), {**GOOD, "uses_shell": "on"})
    assert set(response.context["adminform"].form.errors) == {"command"}


def test_the_list_says_when_no_command_runs_at_all(desk: Client, settings: Any) -> None:
    assert "ALLOW_SHELL_COMMANDS is 0" in read(desk, address(AllowedCommand, "changelist"))
    settings.ALLOW_SHELL_COMMANDS = True
    assert "ALLOW_SHELL_COMMANDS is 0" not in read(desk, address(AllowedCommand, "changelist"))


def test_staff_with_every_permission_but_not_superusers_see_nothing_of_it(db: None) -> None:
    AllowedCommand.objects.create(name="secret", command=["true"], environment={"TOKEN": "very-secret"})
    user = User.objects.create_user("vera", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(user)
    urls = [address(AllowedCommand, "changelist"), address(AllowedCommand, "add")]
    urls += [address(AllowedCommand, view, "secret") for view in ("change", "delete", "history")]
    assert {client.get(url).status_code for url in urls} == {403}
    assert client.post(address(AllowedCommand, "add"), GOOD).status_code == 403
    assert "allowedcommand" not in read(client, reverse("admin:index"))
    assert AllowedCommand.objects.count() == 1
