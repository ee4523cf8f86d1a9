"""What is planted inside the platform of the canary test. Called through the hand, in the platform's own settings."""

from typing import Any

from django.contrib.auth.models import User
from django.db import connection

from tasks_app.models import TaskRun


def people(passwords: dict[str, str]) -> None:
    """Give people their passwords; ada is a superuser, the others are nobody special."""
    for name, password in passwords.items():
        user, _ = User.objects.get_or_create(username=name, defaults={"email": f"{name}@example.org"})
        user.is_staff = user.is_superuser = name == "ada"
        user.set_password(password)
        user.save()


def all_rows() -> str:
    """Write down every row of every table."""
    tables = connection.introspection.table_names()
    found = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [f"{table}: {row}" for row in cursor.fetchall()]
    return "\n".join(found)


def open_runs() -> int:
    """Count the runs that have not ended."""
    return TaskRun.objects.filter(status__in=("waiting", "scheduled", "queued", "running")).count()


def endings() -> list[tuple[Any, ...]]:
    """Say how each run has ended."""
    return list(TaskRun.objects.values_list("type", "status", "reason", "error"))
