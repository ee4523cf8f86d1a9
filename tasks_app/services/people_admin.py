"""Inviting people, giving them roles, disabling and enabling them: for those who hold the right to.

`by` is who does it. Nobody changes their own role or disables themselves, nobody reaches above their own rights, and
the last who can manage people stays.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Group, User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import transaction

from tasks_app.errors import Conflict, Forbidden, Invalid
from tasks_app.models import ScheduledTask
from tasks_app.selectors.people_list import ROLES, administrators, manages_people, may_touch, roles_to_give
from tasks_app.services import audit
from tasks_app.services.passwords import sessions_end, sign_ins_end
from tasks_app.services.roles import ADMIN
from tasks_app.services.second_factor import factor_remove
from tasks_app.services.tasks import task_pause
from tasks_app.services.validation import Problems, check_choice, check_text
from tasks_app.states import TaskStatus


@transaction.atomic
def person_invite(*, by: User, username: str, email: str, role: str = "") -> User:
    """Make a user who cannot sign in before they have chosen a password. Raises Invalid with every fault."""
    _require(by)
    problems = Problems()
    name = check_text(problems, "username", username, most=150, is_required=True)
    address = check_text(problems, "email", email, most=254, is_required=True)
    check_email = EmailValidator("This is not an e-mail address.")
    for path, text, check in (("username", name, UnicodeUsernameValidator()), ("email", address, check_email)):
        if path not in problems.fields:
            _check(problems, path, text, check)
    if "username" not in problems.fields and User.objects.filter(username__iexact=name).exists():
        problems.add("username", "taken", "Somebody has this name already.")
    check_choice(problems, "role", role, ["", *ROLES])
    if problems:
        raise Invalid("Nobody was invited; see the fields.", fields=problems.fields)
    person = User(username=name, email=address)
    person.set_unusable_password()
    person.save(force_insert=True)
    audit.note("user.invite", person, **_by(by), after={"username": name, "email": address})
    if role:
        person_role_set(by=by, person=person, role=role)
    return person


@transaction.atomic
def person_role_set(*, by: User, person: User, role: str) -> None:
    """Give one of the roles, or none (""), in place of the one before. Administrators may enter the Django admin."""
    _require(by, person)
    if role not in ("", *ROLES):
        raise Invalid.at("role", "unknown", "There is no such role.")
    if by.pk == person.pk:
        raise Forbidden("Nobody changes their own role; ask another administrator.")
    if role and role not in roles_to_give(by):
        raise Forbidden(f"The role {role} may do more than you; somebody who has it can give it.")
    if role != ADMIN:
        _keep_one(person)
    before = {"role": _take_roles(person), "is_staff": person.is_staff}
    after = {"role": [role] if role else [], "is_staff": role == ADMIN or person.is_superuser}
    if role:
        person.groups.add(Group.objects.get(name=role))
    User.objects.filter(pk=person.pk).update(is_staff=after["is_staff"])
    if before != after:
        audit.note("user.role", person, **_by(by), before=before, after=after)


@transaction.atomic
def person_disable(*, by: User, person: User) -> int:
    """End the person's sessions, keys and tokens, and pause their active tasks; gives how many those are.

    Runs that have begun go on. Whoever is enabled again signs in anew; their keys are valid again, if not revoked.
    """
    check_disable(by=by, person=person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    sign_ins_end(user=person)
    sessions_end(user=person)
    audit.note("user.disable", person, **_by(by))
    active = ScheduledTask.objects.filter(owner=person, status=TaskStatus.ACTIVE, deleted_at=None).order_by("pk")
    for task in active:
        task_pause(task=task, actor=f"user:{by.get_username()}", note=f"{person.get_username()} was disabled")
    return len(active)


@transaction.atomic
def check_disable(*, by: User, person: User) -> None:
    """Raise Forbidden or Conflict where this person is not to be disabled by this one."""
    _require(by, person)
    if by.pk == person.pk:
        raise Forbidden("Nobody disables themselves; ask another administrator.")
    _keep_one(person)


@transaction.atomic
def person_enable(*, by: User, person: User) -> None:
    """Let the person in again. Their tasks stay paused: whoever resumes them has looked at them."""
    _require(by, person)
    sessions_end(user=person)
    User.objects.filter(pk=person.pk).update(is_active=True)
    audit.note("user.enable", person, **_by(by))


@transaction.atomic
def person_factor_remove(*, by: User, person: User) -> bool:
    """Take away the second factor of somebody who has lost their app and codes; says whether it was on."""
    check_factor_remove(by=by, person=person)
    return factor_remove(user=person)


def check_factor_remove(*, by: User, person: User) -> None:
    """Raise Forbidden where this person's second factor is not to be removed by this one."""
    _require(by, person)
    if by.pk == person.pk:
        raise Forbidden("Your own second factor is turned off under Settings, with your password and a code.")


def _require(by: User, person: User | None = None) -> None:
    if not manages_people(by):
        raise Forbidden("You may not manage people.")
    if person is not None and not may_touch(by, person):
        raise Forbidden("This person may do more than you; somebody who may as much can change that.")


def _keep_one(person: User) -> None:
    """Two who disable each other at once meet at the lock: the second finds that nobody else is left."""
    others = [one.pk for one in administrators().select_for_update().order_by("pk") if one.pk != person.pk]
    if not others:
        raise Conflict("This is the last administrator; give somebody else that role first.")


def _take_roles(person: User) -> list[str]:
    held = list(person.groups.filter(name__in=ROLES).order_by("name"))
    person.groups.remove(*held)
    return [group.name for group in held]


def _by(by: User) -> dict[str, Any]:
    """Tell the audit log who does it."""
    return {"actor": f"user:{by.get_username()}", "user_id": by.pk}


def _check(problems: Problems, path: str, text: str, check: Callable[[str], None]) -> None:
    try:
        check(text)
    except ValidationError as error:
        problems.add(path, "invalid", " ".join(error.messages))
