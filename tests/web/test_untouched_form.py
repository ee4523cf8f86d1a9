"""A form that nobody touches gives back exactly the payload that is stored, whatever that holds."""

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Annotated, Any, Literal

from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils import timezone as zones
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, JsonValue, SecretStr

from tasks_app.handlers.masking import MASK
from tasks_app.handlers.schema import form_schema
from tasks_app.handlers.spec import HandlerSpec
from tasks_app.web.forms.draw import draw_payload
from tasks_app.web.forms.fold import Fold
from tasks_app.web.forms.read import Reader
from tests.web.reading import filled_in

Day = Literal["mon", "tue", "wed"]
Long = Annotated[str, Field(max_length=500)]


class Row(BaseModel):
    name: str
    weight: int = 1
    note: str | None = None
    tags: list[str] = []
    labels: dict[str, str] = {}


class Mail(BaseModel):
    kind: Literal["mail"] = "mail"
    to: str


class File(BaseModel):
    kind: Literal["file"] = "file"
    path: str
    keep_days: int = 7


class Every(BaseModel):
    """Every kind of field there is."""

    needed: str
    since: int | None
    text: str = ""
    prefix: str = "run-"
    maybe: str | None = None
    long: Long = ""
    url: str = Field("", json_schema_extra={"format": "uri"})
    count: int = 3
    ratio: float | None = None
    limit: int | None = 10
    is_loud: bool = False
    is_sure: bool | None = None
    is_quiet: bool = Field(default_factory=lambda: True)
    method: Literal["GET", "POST"] = "GET"
    level: Literal["low", "high"] | None = None
    size: Literal[1, 2] = 1
    at: datetime | None = None
    day: date | None = None
    clock: time | None = None
    secret: SecretStr | None = None
    either: int | str = 1
    days: list[Day] = []
    order: list[Day] = Field([], json_schema_extra={"x-ordered": True})
    lines: list[str] = []
    words: list[str] | None = None
    numbers: list[int] = []
    mixed: list[int | str] = []
    moments: list[datetime] = []
    gaps: list[int | None] = []
    suffixes: list[str] = Field(default_factory=lambda: ["jpg"])
    labels: dict[str, str] = {}
    counts: dict[str, int] = {}
    switches: dict[str, bool] = {}
    levels: dict[str, Day] = {}
    table: list[list[str]] = []
    points: list[tuple[str, float, bool | None]] = []
    pair: tuple[str, int] | None = None
    texts: list[Long] = []
    keys: list[SecretStr] = []
    rows: list[Row] = []
    base: list[Row] = [Row(name="d", weight=2)]
    servers: dict[str, Row] = {}
    inner: Row | None = None
    fixed: Row = Row(name="x")
    target: Annotated[Mail | File, Field(discriminator="kind")] | None = None
    other: Mail | File | None = None
    anything: Any = None
    free: dict[str, JsonValue] = {}


SCHEMA = form_schema(HandlerSpec(name="every", function=print, payload=Every, title="Every"))
_ODD = [
    "",
    " ",
    " x",
    "a: b",
    "a\nTown: b",
    "\nx",
    "x\r\ny",
    "x\ry",
    "\n",
    "1",
    "1.0",
    "true",
    '"',
    "{",
    "a,b",
    "\x0b",
    "<b>&amp;",
]
texts = st.one_of(
    st.sampled_from(_ODD), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
)
integers = st.integers(-99, 99)
floats = st.one_of(integers, st.floats(-1e20, 1e20, allow_nan=False))
offsets = st.sampled_from([None, UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=1))])
# Of the hour that Berlin has twice, and of others.
walls = st.one_of(st.datetimes(datetime(2026, 10, 24, 23), datetime(2026, 10, 25, 4)), st.datetimes())
moments = st.builds(
    lambda wall, zone, cut: wall.replace(tzinfo=zone, **cut).isoformat().replace("+00:00", "Z"),
    walls,
    offsets,
    st.sampled_from([{}, {"microsecond": 0}, {"microsecond": 500_000}, {"second": 0, "microsecond": 0}]),
)
days, levels = st.sampled_from(["mon", "tue", "wed"]), st.sampled_from(["low", "high"])


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, max_size=3)


def named(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(texts, values, max_size=3)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), floats, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(texts, inner, max_size=2)),
    max_leaves=4,
)
rows = st.fixed_dictionaries(
    {"name": texts},
    optional={
        "weight": integers,
        "note": st.none() | texts,
        "tags": some(texts),
        "labels": named(texts),
    },
)
mails = st.fixed_dictionaries({"kind": st.just("mail"), "to": texts})
files = st.fixed_dictionaries({"kind": st.just("file"), "path": texts}, optional={"keep_days": integers})
untold = st.fixed_dictionaries({"path": texts}, optional={"keep_days": integers})
payloads = st.fixed_dictionaries(
    {"needed": texts, "since": st.none() | integers},
    optional={
        "text": texts,
        "prefix": texts,
        "maybe": st.none() | texts,
        "long": texts,
        "url": st.sampled_from(["", "https://example.org/?a=b"]),
        "count": integers,
        "ratio": st.none() | floats,
        "limit": st.none() | integers,
        "is_loud": st.booleans(),
        "is_sure": st.none() | st.booleans(),
        "is_quiet": st.booleans(),
        "method": st.sampled_from(["GET", "POST"]),
        "level": st.none() | levels,
        "size": st.sampled_from([1, 2]),
        "at": st.none() | moments,
        "day": st.none() | st.dates(date(1900, 1, 1)).map(str),
        "clock": st.none() | st.times().map(str),
        "secret": st.sampled_from([None, MASK]),
        "either": integers | texts,
        "days": some(days),
        "order": some(days),
        "lines": some(texts),
        "words": st.none() | some(texts),
        "numbers": some(integers),
        "mixed": some(integers | texts),
        "moments": some(moments),
        "gaps": some(st.none() | integers),
        "suffixes": some(texts),
        "labels": named(texts),
        "counts": named(integers),
        "switches": named(st.booleans()),
        "levels": named(days),
        "table": some(some(texts)),
        "points": some(st.tuples(texts, floats, st.none() | st.booleans()).map(list)),
        "pair": st.none() | st.tuples(texts, integers).map(list),
        "texts": some(texts),
        "keys": some(st.just(MASK)),
        "rows": some(rows),
        "base": some(rows),
        "servers": named(rows),
        "inner": st.none() | rows,
        "fixed": rows,
        "target": st.none() | mails | files,
        "other": st.none() | mails | files | untold,
        "anything": json_values,
        "free": named(json_values),
    },
)


def again(payload: dict[str, Any]) -> dict[str, Any]:
    """What comes back of a form that a browser has drawn, and sends as it stands."""
    fields = draw_payload(SCHEMA, payload, {})
    html = render_to_string("parts/payload-fields.html", {"form": {"payload": payload}, "payload_fold": Fold(fields)})
    data = QueryDict(mutable=True)
    for name, values in filled_in(f"<main>{html}</main>").items():
        data.setlist(name, values)
    reader = Reader(SCHEMA, data, payload)
    found = reader.payload()
    assert reader.errors == {}
    return found


def exactly(payload: dict[str, Any]) -> str:
    """In JSON 1, 1.0 and true are not the same."""
    return json.dumps(payload, sort_keys=True, indent=1)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(payload=payloads)
def test_a_form_that_nobody_touches_gives_back_what_is_stored(payload: dict[str, Any]) -> None:
    Every.model_validate_json(json.dumps(payload), strict=True)
    with zones.override("Europe/Berlin"):
        assert exactly(again(payload)) == exactly(payload)
