"""The whole task form: what it holds, how it is filled, and the spec that it asks for."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.http import QueryDict

from tasks_app.catalogue import Example
from tasks_app.errors import CarillonError, FieldError, Invalid
from tasks_app.handlers import registry, schema
from tasks_app.handlers.locks import masked_locks, with_locked
from tasks_app.handlers.unmasking import Origins
from tasks_app.models import ScheduledTask
from tasks_app.selectors.payloads import masked_payload, model_of
from tasks_app.selectors.type_rules import type_rule
from tasks_app.services import specs
from tasks_app.services.specs import TaskSpec
from tasks_app.web.forms import calendar, policies
from tasks_app.web.forms.aside import typed_before, with_typed
from tasks_app.web.forms.draw import draw_payload
from tasks_app.web.forms.field import Field, faulty, messages, messages_below, unplaced
from tasks_app.web.forms.fold import fold
from tasks_app.web.forms.largest import at_largest
from tasks_app.web.forms.locked import lock, take_out
from tasks_app.web.forms.named import numbered
from tasks_app.web.forms.pick import Picker, pick_lists
from tasks_app.web.forms.read import Reader
from tasks_app.web.forms.rows import ROWS_OF, Rows, rows_mark
from tasks_app.web.forms.schedule import SHOWN, ScheduleForm
from tasks_app.web.forms.shape import Shape
from tasks_app.web.forms.ways import brought_home

_ANYTHING = {"type": "object", "additionalProperties": True}


@dataclass(frozen=True)
class TypeInfo:
    """A task type as the form shows it; `is_known` is False when its code has gone.

    `locked`: the payload fields that an administrator has fixed, secrets masked.
    """

    name: str
    title: str
    description: str
    schema: Mapping[str, Any]
    is_sensitive: bool = False
    is_known: bool = True
    locked: Mapping[str, Any] = field(default_factory=dict)


def type_info(name: str) -> TypeInfo:
    """Describe a type; one whose code has gone takes any JSON, and is refused when it is saved."""
    try:
        spec = registry.get(name)
    except KeyError:
        return TypeInfo(name, name, "The code of this type is not installed here.", _ANYTHING, is_known=False)
    locked = masked_locks(spec.payload, type_rule(spec.name).locked)
    return TypeInfo(name, spec.title, spec.description, schema.form_schema(spec), spec.sensitive, locked=locked)


@dataclass
class TaskForm:
    """What is in the form now. `payload` is None when this person may not see it; it is then left as it is.

    Secrets in it are masked; `mean` gives the payload that it stands for. `vet` raises Invalid for a calendar that
    whoever edits may not use.
    """

    type: TypeInfo
    values: dict[str, Any]
    payload: dict[str, Any] | None
    schedule: ScheduleForm
    errors: dict[str, list[FieldError]] = field(default_factory=dict)
    run_now: bool = False
    sent: QueryDict | None = None
    rows: Rows = field(default_factory=Rows)
    left: Mapping[str, str] = field(default_factory=dict)
    as_json: Mapping[str, bool] = field(default_factory=dict)
    mean: Callable[[dict[str, Any], Origins], dict[str, Any]] = lambda payload, _: payload
    vet: Callable[[object], None] = lambda _: None

    @classmethod
    def blank(cls, type: TypeInfo, *, zone: str, name: str = "") -> "TaskForm":
        """A new task, with good defaults."""
        values = {"name": name, "description": "", "tags": "", "priority": 5, "notify_on_failure": True}
        form = cls(type, values, {}, ScheduleForm(kind="daily", zone=zone))
        form.values |= {"overlap": "skip", "on_exhausted": "keep", **calendar.START}
        return form

    @classmethod
    def example(cls, type: TypeInfo, example: Example, *, zone: str) -> "TaskForm":
        """A new task as the catalogue has it; its blanks are empty."""
        form = cls.blank(type, zone=zone, name=example.name)
        form.values |= {"description": example.description, "queue": example.queue}
        form.payload = deepcopy(dict(example.payload))
        form.schedule = ScheduleForm.of(example.schedule, zone)
        return form

    @classmethod
    def of(cls, task: ScheduledTask, *, shows_payload: bool) -> "TaskForm":
        """A stored task."""
        names = [*policies.NUMBERS, "name", "description", "queue", "priority", "overlap", "on_exhausted", "misfire"]
        values = {name: getattr(task, name) for name in [*names, "retry", "notify_on_failure"]}
        values |= {"tags": ", ".join(task.tags), **calendar.of(task)}
        payload = masked_payload(task) if shows_payload else None
        form = cls(type_info(task.type), values, payload, ScheduleForm.of_task(task))
        form.rows = Rows(mark=rows_mark(task.payload))
        return form

    @classmethod
    def posted(  # noqa: PLR0913  # whose form it is, and what is stored
        cls,
        type: TypeInfo,
        data: QueryDict,
        *,
        kept: Mapping[str, Any],
        shows_payload: bool = True,
        mark: str = "",
        picker: Picker | None = None,
    ) -> "TaskForm":
        """What somebody sent. `kept` is the stored payload as they were shown it, `mark` the mark of what is stored.

        `picker` finds what is named in it.
        """
        values: dict[str, Any] = {name: str(data.get(name, "")) for name in ("name", "description", "tags")}
        values |= {**policies.read(data), **calendar.read(data)}
        rows = Rows(mark=str(data.get(ROWS_OF, mark)))
        reader = Reader(type.schema, data, kept, is_current=rows.mark == mark, picker=picker)
        payload = reader.payload() if shows_payload else None
        form = cls(type, values, payload, ScheduleForm.posted(data), reader.errors)
        form.run_now, form.sent = data.get("_then") == "run", reader.posted
        form.rows = replace(rows, origins=reader.origins, came_from=reader.came_from)
        form.left, form.as_json = reader.left, reader.as_json
        if payload is not None:
            form.payload = take_out(payload, form.errors, type.locked)
        return form

    def fields(self) -> dict[str, Any]:
        """Give the fields of a TaskSpec, as they stand."""
        tags = specs.split_tags(self.values["tags"])
        found = {**self.values, "tags": tags, **self.schedule.fields_of_spec()}
        self.vet(found["calendar"])
        if self.payload is not None:
            found["payload"] = self.mean(self.payload, self.rows.origins)
        return found

    def refuse(self, error: CarillonError) -> None:
        """Take the errors of a service to the fields where they belong."""
        found = brought_home(at_largest(self.payload, error.fields), self.left, self.errors)
        for path, faults in self.schedule.place(found).items():
            self.errors.setdefault(path, []).extend(fault for fault in faults if fault not in self.errors.get(path, []))
        if not error.fields:
            self.errors.setdefault("", []).append(FieldError(error.error_code, error.message))

    def check(self, owner: AbstractBaseUser) -> None:
        """Find every fault without storing anything: the rest of the form, when the payload could not even be read."""
        try:
            specs.task_fields(TaskSpec(type=self.type.name, **self.fields()), owner=owner)
        except Invalid as error:
            payload_faults = any(path.startswith("payload") for path in self.errors)
            kept = {
                path: faults for path, faults in error.fields.items() if not (payload_faults and path in self.errors)
            }
            self.refuse(Invalid(error.message, fields=kept or {"": ()}))

    def context(
        self, *, queues: list[str], owner: AbstractBaseUser, editor: AbstractBaseUser | None = None
    ) -> dict[str, Any]:
        """Give the template everything that it draws.

        `owner` is whose things the task may use; `editor`, where that is another, sees those only that are theirs too.
        """
        payload, errors = [], numbered(self.type.schema, self.payload, self.errors)
        if self.payload is not None:
            shown = with_locked(model_of(self.type.name), self.payload, self.type.locked)
            drawn = draw_payload(self.type.schema, shown, errors, owner=owner, editor=editor, as_json=self.as_json)
            drawn = self.rows.told(drawn)
            payload = lock(with_typed(drawn, self.sent) if self.sent is not None else drawn, self.type.locked)
        folded = policies.fields(self.values, self.errors, queues=queues)
        schedule, kept = (
            self.schedule.fields(self.errors),
            calendar.fields(self.values, self.errors, owner=owner, editor=editor),
        )
        name, details, policy = self._name(), self._details(), [one for group in folded.values() for one in group]
        every = [name, *kept, *payload, *details, *policy]
        own, wrong = ("schedule", *SHOWN), faulty([name, *schedule["shown"], *kept, *payload, *details, *policy])
        others = {path: faults for path, faults in errors.items() if faults and path.split(".", 1)[0] not in own}
        return {
            "form": self,
            "name": name,
            "details": details,
            "details_open": any(one.value or one.errors for one in details),
            "payload_lists": pick_lists(payload, Picker(owner, editor)),
            "payload_fold": fold(payload, self.type.schema, self.payload or {}),
            "schedule": schedule,
            "calendar": kept,
            "policies": folded,
            "policies_open": any(one.errors for one in policy),
            "notify": bool(self.values.get("notify_on_failure")),
            "unplaced": unplaced(others, every),
            "payload_aside": self._typed_before(payload),
            "faulty": wrong,
            "focus": wrong[0].path if wrong else "",
            "has_errors": any(self.errors.values()),
        }

    def _typed_before(self, payload: list[Field]) -> list[tuple[str, str]]:
        root = Shape(self.type.schema, self.type.schema)
        return typed_before(root, payload, self.sent) if self.sent is not None else []

    def _name(self) -> Field:
        said = messages(self.errors, "name")
        return Field(path="name", label="Name", value=self.values["name"], is_required=True, errors=said)

    def _details(self) -> list[Field]:
        errors, values = self.errors, self.values
        return [
            Field(
                path="description",
                label="Description",
                kind="textarea",
                value=values["description"],
                errors=messages(errors, "description"),
            ),
            Field(
                path="tags",
                label="Tags",
                value=values["tags"],
                help="Separated by commas.",
                errors=messages_below(errors, "tags", counted=("Tag",)),
            ),
        ]
