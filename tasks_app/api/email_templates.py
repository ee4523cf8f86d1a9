"""Mail templates: the caller's own and those that are shared."""

import uuid
from typing import Annotated, Any

from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import Page, by_number
from tasks_app.api.parameters import PageQuery
from tasks_app.api.shape import Instant, Out, Shape
from tasks_app.errors import NotFound
from tasks_app.models import ApiKey, EmailTemplate
from tasks_app.selectors.email_templates import can_edit_template, visible_templates
from tasks_app.services.email_templates import (
    FIELDS,
    email_template_create,
    email_template_delete,
    email_template_preview,
    email_template_update,
    placeholders_of,
)

Flag = Annotated[bool, Field(description="Everybody may use it; only staff share.")]


class TemplateIn(Shape):
    """A template to be made. `{name}` stands for a value; a brace itself is written twice."""

    name: str = Field(description="What tasks call it by; one's own before a shared one.")
    subject: str = Field(description="One line.")
    text: str
    html: str = Field("", description="Beside the text; values are escaped.")
    is_shared: Flag = False


class TemplateEdit(Shape):
    """What is to change."""

    name: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    is_shared: Flag = False


class PreviewIn(Shape):
    """Values to show a template with; placeholders without one show their own name."""

    values: dict[str, str] = Field({}, description="By placeholder.")


class Template(Out):
    """A mail template."""

    id: str
    name: str
    subject: str
    text: str
    html: str
    is_shared: bool
    owner: str = Field(description="The owner's user name.")
    can_edit: bool
    placeholders: list[str]
    version: int
    created_at: Instant
    updated_at: Instant

    def headers(self) -> dict[str, str]:
        """Give its address, and its version for If-Match."""
        return {"Location": f"/api/email-templates/{self.id}", "ETag": f'"{self.version}"'}


class TemplatePage(Page[Template]):
    """Templates by name."""


class MailPreview(Out):
    """A template with values put in."""

    subject: str
    text: str
    html: str
    missing: list[str] = Field(description="Placeholders that had no value.")


class TemplateList(Endpoint):
    """The templates that the caller may use."""

    @operation("email_template_list")
    def get(self, call: Call, query: PageQuery) -> TemplatePage:
        """List your templates and the shared ones; staff see everybody's."""
        rows = visible_templates(call.user)
        return TemplatePage(**by_number(call, rows, query, lambda row: _template(call, row)))

    @operation("email_template_create", status=201)
    def post(self, call: Call, body: TemplateIn) -> Template:
        """Make a template."""
        return _template(call, email_template_create(owner=call.user, values=body.model_dump()))


class TemplateObject(Endpoint):
    """One template."""

    @operation("email_template_get")
    def get(self, call: Call, template_id: uuid.UUID) -> Template:
        """Give a template."""
        return _template(call, _found(call, template_id))

    @operation("email_template_update", if_match=True)
    def patch(self, call: Call, body: TemplateEdit, template_id: uuid.UUID) -> Template:
        """Edit a template; 409 for a name that tasks rely on."""
        template = email_template_update(
            template=_found(call, template_id),
            by=call.user,
            changes=body.model_dump(exclude_unset=True),
            expected_version=call.if_match,
        )
        return _template(call, template)

    @operation("email_template_delete", status=204)
    def delete(self, call: Call, template_id: uuid.UUID) -> None:
        """Remove a template; 409 while tasks send it."""
        email_template_delete(template=_found(call, template_id), by=call.user)


class TemplatePreview(Endpoint):
    """What a template looks like."""

    @operation("email_template_preview", scope=ApiKey.Scope.READ)
    def post(self, call: Call, body: PreviewIn, template_id: uuid.UUID) -> MailPreview:
        """Show a template with values; nothing is sent."""
        row = _found(call, template_id)
        shown = email_template_preview(subject=row.subject, text=row.text, html=row.html, values=body.values)
        mail = shown.mail
        return MailPreview(subject=mail.subject, text=mail.text, html=mail.html, missing=shown.missing)


def _found(call: Call, template_id: uuid.UUID) -> EmailTemplate:
    template = visible_templates(call.user).filter(id=template_id).first()
    if template is None:
        raise NotFound("There is no such template.")
    return template


def _template(call: Call, row: EmailTemplate) -> Template:
    same: dict[str, Any] = {name: getattr(row, name) for name in (*FIELDS, "version", "created_at", "updated_at")}
    return Template(
        id=str(row.id),
        owner=row.owner.get_username(),
        can_edit=can_edit_template(call.user, row),
        placeholders=placeholders_of(row),
        **same,
    )
