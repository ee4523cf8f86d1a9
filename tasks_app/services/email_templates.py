"""Making, editing and rendering mail templates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from tasks_app.errors import Conflict, FieldError, Forbidden, Invalid, Stale
from tasks_app.models import EmailTemplate
from tasks_app.selectors.access import Person, manages_all
from tasks_app.selectors.email_templates import can_edit_template, tasks_using
from tasks_app.services import audit
from tasks_app.services.audit_values import values_of
from tasks_app.services.mail_text import MailText, TextFault, is_one_line, read_text
from tasks_app.services.validation import Problems, check_text

FIELDS = ("name", "subject", "text", "html", "is_shared")
LIMITS = {"name": 100, "subject": 200, "text": 50_000, "html": 100_000}
_REQUIRED = ("name", "subject", "text")
_LONGEST_SUBJECT = 500
_LONGEST_VALUE = 5_000


@dataclass(frozen=True)
class Mail:
    """A mail with its values put in."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class MailBody:
    """Subject, text and HTML that have been read."""

    subject: MailText
    text: MailText
    html: MailText

    @property
    def names(self) -> frozenset[str]:
        """Every placeholder in them."""
        return self.subject.names | self.text.names | self.html.names

    def render(self, values: Mapping[str, str]) -> Mail:
        """Put the values in; raise MissingValues, or TextFault for values that have no place there."""
        subject = self.subject.render(values)
        if not is_one_line(subject) or len(subject) > _LONGEST_SUBJECT:
            raise TextFault(f"The subject must be one line of at most {_LONGEST_SUBJECT} characters, values included.")
        return Mail(subject, self.text.render(values), self.html.render(values))


def read_body(subject: str, text: str, html: str) -> MailBody:
    """Read the three parts of a mail; raise Invalid with the faults at `subject`, `text` and `html`."""
    problems = Problems()
    read = {}
    for path, content in (("subject", subject), ("text", text), ("html", html)):
        try:
            read[path] = read_text(content, is_html=path == "html")
        except TextFault as error:
            problems.add(path, "placeholder", str(error))
    if not is_one_line(subject):
        problems.add("subject", "one_line", "Must be one line.")
    if problems:
        raise Invalid("The mail was not accepted; see the fields.", fields=problems.fields)
    return MailBody(**read)


def placeholders_of(template: EmailTemplate) -> list[str]:
    """Give the names of the placeholders; none where a text cannot be read."""
    try:
        return sorted(read_body(template.subject, template.text, template.html).names)
    except Invalid:
        return []


@transaction.atomic
def email_template_create(*, owner: Any, values: Mapping[str, Any]) -> EmailTemplate:
    """Make a template of `owner`'s; raises Invalid at each field, Forbidden for sharing without being staff."""
    fields = {"html": "", "is_shared": False, **values}
    template = EmailTemplate(owner_id=owner.pk, **_checked(owner, fields))
    _saved(template, force_insert=True)
    audit.note("email_template.create", template, after=values_of(template, FIELDS))
    return template


@dataclass(frozen=True)
class Shown:
    """A template as its reader would see it, and the placeholders that had no value."""

    mail: Mail
    missing: list[str]


def email_template_preview(*, subject: str, text: str, html: str, values: Mapping[str, str]) -> Shown:
    """Show a mail with values, and placeholders by their names where there are none; raises Invalid as saving does."""
    problems = Problems()
    for path, content in (("subject", subject), ("text", text), ("html", html)):
        check_text(problems, path, content, most=LIMITS[path])
    for name, value in values.items():
        check_text(problems, f"values.{name[:80]}", value, most=_LONGEST_VALUE)
    if problems:
        raise Invalid("The preview cannot be shown; see the fields.", fields=problems.fields)
    body = read_body(subject, text, html)
    missing = sorted(body.names - values.keys())
    stand_ins = {name: f"https://example.com/{name}" if name in body.html.links else f"[{name}]" for name in missing}
    try:
        return Shown(body.render({**values, **stand_ins}), missing)
    except TextFault as error:
        raise Invalid.at("values", "bad_value", str(error)) from None


@transaction.atomic
def email_template_update(
    *, template: EmailTemplate, by: Person, changes: Mapping[str, Any], expected_version: int | None = None
) -> EmailTemplate:
    """Edit a template. Raises Stale when `expected_version` is not its own; Conflict when tasks would lose it."""
    template = _editable(template, by)
    if expected_version is not None and template.version != expected_version:
        raise Stale("The template has changed since you read it; read it again and repeat your edit.")
    before = {name: getattr(template, name) for name in FIELDS}
    after = _checked(by, {**before, **changes}, was_shared=template.is_shared)
    if after == before:
        return template
    if after["name"] != before["name"]:
        _refuse_if_used(template, "be renamed")
    if before["is_shared"] and not after["is_shared"]:
        others = tasks_using(template).exclude(owner_id=template.owner_id)
        _refuse_if_used(template, "be kept from others", tasks=others)
    for name, value in after.items():
        setattr(template, name, value)
    template.version = template.version + 1
    audit.note("email_template.update", template, before=before, after=after)
    return _saved(template)


@transaction.atomic
def email_template_delete(*, template: EmailTemplate, by: Person) -> None:
    """Remove a template that no task sends; raises Conflict with their number otherwise."""
    template = _editable(template, by)
    _refuse_if_used(template, "be deleted")
    audit.note("email_template.delete", template, before=values_of(template, FIELDS))
    template.delete()


def _editable(template: EmailTemplate, by: Person) -> EmailTemplate:
    if not can_edit_template(by, template):
        raise Forbidden("This template is shared with you; only its owner and administrators change it.")
    return EmailTemplate.objects.select_for_update().get(id=template.id)


def _refuse_if_used(template: EmailTemplate, what: str, *, tasks: Any = None) -> None:
    count = (tasks_using(template) if tasks is None else tasks).count()
    if count:
        uses = "task sends" if count == 1 else "tasks send"
        raise Conflict(f"{count} {uses} “{template.name}”, so it can't {what}; change the tasks first.")


def _checked(by: Person, values: Mapping[str, Any], *, was_shared: bool = False) -> dict[str, Any]:
    problems = Problems()
    checked = {
        name: check_text(problems, name, values.get(name, ""), most=most, is_required=name in _REQUIRED)
        for name, most in LIMITS.items()
    }
    if not is_one_line(checked["name"]):
        problems.add("name", "one_line", "Must be one line.")
    if not problems:
        try:
            read_body(checked["subject"], checked["text"], checked["html"])
        except Invalid as error:
            problems.merge(error.fields)
    if problems:
        raise Invalid("The template was not saved; see the fields.", fields=problems.fields)
    if values["is_shared"] and not was_shared and not manages_all(by):
        raise Forbidden("Only administrators share templates with everybody.")
    return {**checked, "is_shared": bool(values["is_shared"])}


def _saved(template: EmailTemplate, **how: Any) -> EmailTemplate:
    try:
        with transaction.atomic():
            template.save(**how)
    except IntegrityError:
        taken = "There is a template of this name already, yours or one that is shared."
        raise Invalid("The template was not saved.", fields={"name": [FieldError("taken", taken)]}) from None
    return template
