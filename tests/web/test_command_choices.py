"""A task's form offers the allowed commands, to those who may run them."""

from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from tasks_app.models import AllowedCommand


def test_commands_are_offered_to_those_who_may_run_them(alice: User, settings: Settings) -> None:
    AllowedCommand.objects.create(name="rebuild", command=["true"], description="The search index")
    AllowedCommand.objects.create(name="off-command", command=["true"], is_enabled=False)
    alice.user_permissions.add(Permission.objects.get(codename="run_shell_command"))
    client = Client()
    client.force_login(alice)
    page = "/tasks/new/?type=shell_command"
    assert "The search index" not in client.get(page).content.decode(), "commands are switched off"
    settings.ALLOW_SHELL_COMMANDS = True
    html = client.get(page).content.decode()
    assert "rebuild: The search index" in html
    assert "off-command" not in html
    alice.user_permissions.clear()
    assert "The search index" not in client.get(page).content.decode()
