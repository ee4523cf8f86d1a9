"""Task types: what a declaration must look like, and what a payload must look like."""

import datetime
import re
import subprocess
import sys
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from tasks_app.errors import Invalid
from tasks_app.handlers import Payload, RetryPolicy, UnknownType
from tasks_app.handlers.registry import Registry
from tasks_app.handlers.schema import defaults, payload_schema
from tasks_app.handlers.spec import BadHandler, HandlerFunction


class Crop(BaseModel):
    left: int = 0


class Thumbnail(BaseModel):
    image_id: int
    width: int = Field(320, ge=1)
    day: datetime.date | None = None
    crop: Crop = Crop()
    sizes: list[int] = []
    either: int | list[int] | Crop = 1


def draw(ctx: Any, payload: Any) -> None:
    """Draws it
    small.

    Not part of the description.
    """


@pytest.fixture
def registry() -> Registry:
    """A registry of its own, with one type."""
    registry = Registry()
    registry.handler("images.thumbnail", payload=Thumbnail, aliases=("old.thumbnail",))(draw)
    return registry


def errors(registry: Registry, payload: object) -> dict[str, list[tuple[str, str]]]:
    with pytest.raises(Invalid) as caught:
        registry.validate("images.thumbnail", payload)
    return {path: [(e.code, e.message) for e in found] for path, found in caught.value.fields.items()}


def test_a_declaration_leaves_the_function_as_it_is() -> None:
    assert Registry().handler("a")(draw) is draw


def test_a_spec_takes_its_words_from_the_name_and_the_docstring(registry: Registry) -> None:
    spec = registry.get("images.thumbnail")
    assert (spec.title, spec.description) == ("Images thumbnail", "Draws it small.")


def test_an_old_name_still_finds_the_type(registry: Registry) -> None:
    assert registry.get("old.thumbnail") is registry.get("images.thumbnail")
    assert [spec.name for spec in registry.all()] == ["images.thumbnail"]


def test_an_unknown_name_is_a_key_error_with_a_suggestion(registry: Registry) -> None:
    with pytest.raises(UnknownType, match=re.escape("did you mean 'images.thumbnail'?")) as caught:
        registry.get("images.thumbnial")
    assert isinstance(caught.value, KeyError)
    assert caught.value.name == "images.thumbnial"


@pytest.mark.parametrize("name", ["images.thumbnail", "old.thumbnail"])
def test_a_name_is_declared_once(registry: Registry, name: str) -> None:
    with pytest.raises(BadHandler, match=r"declared twice: by .*test_registry\.draw and by .*test_registry\.draw"):
        registry.handler(name)(draw)
    with pytest.raises(BadHandler, match="declared twice"):
        registry.handler("fresh", aliases=(name,))(draw)
    with pytest.raises(UnknownType):
        registry.get("fresh")


async def draw_later(ctx: Any, payload: Any) -> None:
    """Async, which handlers are not."""


@pytest.mark.parametrize(
    ("name", "options", "function", "says"),
    [
        ("Images", {}, draw, "is not a name"),
        ("1st", {}, draw, "is not a name"),
        ("a b", {}, draw, "is not a name"),
        ("", {}, draw, "is not a name"),
        ("a" * 101, {}, draw, "is not a name"),
        ("a", {"aliases": ("A",)}, draw, "is not a name"),
        ("a", {"queue": "not a queue"}, draw, "queue"),
        ("a", {"payload": dict}, draw, "pydantic"),
        ("a", {"payload": Thumbnail(image_id=1)}, draw, "pydantic"),
        ("a", {"timeout": 0}, draw, "timeout"),
        ("a", {"soft_timeout": 0}, draw, "soft_timeout"),
        ("a", {"timeout": 5, "soft_timeout": 5}, draw, "below timeout"),
        ("a", {"retry": RetryPolicy(max_retries=51)}, draw, "max_retries"),
        ("a", {}, draw_later, "async"),
        ("a", {}, lambda: None, "must take"),
        ("a", {}, lambda ctx: None, "must take"),
    ],
)
def test_a_wrong_declaration_is_refused_where_it_stands(
    name: str, options: dict[str, Any], function: HandlerFunction, says: str
) -> None:
    with pytest.raises(BadHandler, match=says):
        Registry().handler(name, **options)(function)


def test_a_good_payload_comes_back_as_model_and_as_it_was_given(registry: Registry) -> None:
    model, stored = registry.validate("images.thumbnail", {"image_id": 7, "day": datetime.date(2026, 11, 22)})
    assert model == Thumbnail(image_id=7, day=datetime.date(2026, 11, 22))
    # No defaults: a later version of the type may change them.
    assert stored == {"image_id": 7, "day": "2026-11-22"}
    assert registry.validate("images.thumbnail", stored) == (model, stored)


def test_a_model_is_taken_for_a_payload(registry: Registry) -> None:
    assert registry.validate("images.thumbnail", Thumbnail(image_id=7))[0] == Thumbnail(image_id=7)


def test_every_fault_is_named_at_its_field(registry: Registry) -> None:
    assert errors(registry, {"widht": 1, "width": 0, "crop": {"top": 1}, "sizes": [1, "2"]}) == {
        "payload.image_id": [("required", "This field is required.")],
        "payload.width": [("greater_than_equal", "Must be greater than or equal to 1.")],
        "payload.widht": [("unknown_field", "Unknown field; did you mean 'width'?")],
        "payload.crop.top": [("unknown_field", "Unknown field.")],
        "payload.sizes.1": [("int_type", "Must be a valid integer.")],
    }


@pytest.mark.parametrize("value", ["30", True, 1.5, None, 10**400])
def test_an_integer_is_nothing_else(registry: Registry, value: object) -> None:
    assert list(errors(registry, {"image_id": value})) == ["payload.image_id"]


def test_a_unions_members_do_not_show_in_paths(registry: Registry) -> None:
    assert list(errors(registry, {"image_id": 1, "either": "x"})) == ["payload.either"]
    assert "payload.either.0" in errors(registry, {"image_id": 1, "either": ["x"]})


@pytest.mark.parametrize("payload", [None, [], "x", 1, True])
def test_a_payload_is_an_object(registry: Registry, payload: object) -> None:
    assert errors(registry, payload) == {"payload": [("not_an_object", "Must be an object.")]}


def nested(levels: int) -> dict[str, Any]:
    return {"x": nested(levels - 1)} if levels else {}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("a\0b", "bad_character"),
        ("\ud800", "bad_character"),
        (float("nan"), "not_finite"),
        (float("inf"), "not_finite"),
        (2**60, "too_large"),
        (nested(30), "too_deep"),
        ({"\0": 1}, "bad_character"),
        (object(), "not_json"),
    ],
)
def test_what_a_database_could_not_keep_is_refused(registry: Registry, value: object, code: str) -> None:
    found = errors(registry, {"image_id": value})
    assert [faults[0][0] for faults in found.values()] == [code]


def test_bottomless_nesting_is_an_error_and_not_a_crash(registry: Registry) -> None:
    bottomless: dict[str, Any] = {}
    inner = bottomless
    for _ in range(100_000):
        inner["x"] = {}
        inner = inner["x"]
    assert len(errors(registry, bottomless)) == 1


class Range(Payload):
    low: int = 0
    high: int = 9

    def check(self) -> None:
        if self.low > self.high:
            raise Invalid.at("high", "below_low", "Must not be below low.")


def test_a_payload_can_check_what_fields_alone_cannot_say() -> None:
    registry = Registry()
    registry.handler("a", payload=Range)(draw)
    with pytest.raises(Invalid) as caught:
        registry.validate("a", {"low": 10})
    assert [(path, e[0].code) for path, e in caught.value.fields.items()] == [("payload.high", "below_low")]


def test_a_type_without_payload_takes_none() -> None:
    registry = Registry()
    registry.handler("a")(draw)
    assert registry.validate("a", {})[1] == {}
    with pytest.raises(Invalid, match="does not fit"):
        registry.validate("a", {"x": 1})


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    known: int = 1


def test_a_model_that_allows_unknown_fields_keeps_its_word() -> None:
    registry = Registry()
    registry.handler("a", payload=Open)(draw)
    assert registry.validate("a", {"anything": 2})[1] == {"anything": 2}
    assert payload_schema(registry.get("a"))["additionalProperties"] is True


def test_the_schema_refuses_what_validation_refuses(registry: Registry) -> None:
    schema = payload_schema(registry.get("images.thumbnail"))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["image_id"]
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Crop"]["additionalProperties"] is False
    assert schema["properties"]["width"] == {"default": 320, "minimum": 1, "title": "Width", "type": "integer"}


def test_defaults_are_plain_json(registry: Registry) -> None:
    assert defaults(registry.get("images.thumbnail")) == {
        "width": 320,
        "day": None,
        "crop": {"left": 0},
        "sizes": [],
        "either": 1,
    }


def test_declaring_a_handler_needs_no_django() -> None:
    code = "import sys, tasks_app.handlers.testing, tasks_app.handlers.schema; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
