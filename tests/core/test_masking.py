"""What a class marks or a name gives away is hidden; a mask that comes back is the stored value, or a fault."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

import pytest
from pydantic import BaseModel, Field, SecretStr

from tasks_app.handlers.masking import MASK, Masked, is_secret_name, mask_faults, masked, secrets_in
from tasks_app.handlers.places import references
from tasks_app.handlers.unmasking import unmasked

Headers = Annotated[dict[str, str], Masked(by_name=True, tied_to="url")]


class Step(BaseModel):
    name: str
    password: Annotated[str, Masked()] = ""


class Token(BaseModel):
    kind: Literal["token"]
    token: SecretStr


class Open(BaseModel):
    kind: Literal["open"]
    key: str


class Own(BaseModel):
    kind: Literal["own"] = "own"
    token: SecretStr


class Away(BaseModel):
    kind: Literal["away"]
    url: str
    token: SecretStr


class Declared(BaseModel):
    to: Annotated[Own | Away, Field(discriminator="kind")] | None = None
    more: list[Annotated[Own | Away, Field(discriminator="kind")]] = []


class Undeclared(BaseModel):
    to: Own | Away | None = None
    more: list[Own | Away] = []


class Sample(BaseModel):
    url: str = ""
    headers: Headers = {}
    pin: SecretStr | None = None
    steps: list[Step] = []
    inner: Step | None = None
    by_id: dict[str, Step] = {}
    way: Annotated[Token | Open, Field(discriminator="kind")] | None = None
    key: str = ""
    anything: Any = None
    body: dict[str, Any] = {}
    credential: Annotated[str, Field(json_schema_extra={"x-choices": "credentials"})] | None = None


STORED: dict[str, Any] = {
    "url": "https://api.example.com/a",
    "headers": {"Authorization": "one", "Accept": "text/plain", "x-SESSION-token": "two", "X-Empty-Key": ""},
    "pin": "three",
    "steps": [{"name": "a", "password": "four"}, {"name": "b", "password": "five"}, {"name": "c"}],
    "inner": {"name": "i", "password": "six"},
    "by_id": {"x": {"name": "d", "password": "seven"}},
    "way": {"kind": "token", "token": "eight"},
    "key": "plain",
    "anything": {"token": "plain", "deep": [{"password": "plain"}]},
    "body": {"password": "plain", "deep": {"password": "plain"}},
}
SHOWN: dict[str, Any] = {
    **STORED,
    "headers": {"Authorization": MASK, "Accept": "text/plain", "x-SESSION-token": MASK, "X-Empty-Key": ""},
    "pin": MASK,
    "steps": [{"name": "a", "password": MASK}, {"name": "b", "password": MASK}, {"name": "c"}],
    "inner": {"name": "i", "password": MASK},
    "by_id": {"x": {"name": "d", "password": MASK}},
    "way": {"kind": "token", "token": MASK},
}


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "PROXY-AUTHORIZATION", "Cookie", "set-cookie", "X-Api-Key", "apikey", "x-auth", "X-Token"),
        *("client_secret", "Password", "passwd", "X-Hub-Signature-256", "Idempotency-Key", "accessToken"),
        *("sig", "X-Session-Id", "db_pwd", "X-JWT", "pass", "user_pass", "sid", "otp", "PIN"),
    ],
)
def test_names_of_secrets_are_known_in_any_case(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["Accept", "Content-Type", "author", "X-Author", "User-Agent", "Host", "", "passenger", "side", "design"]
)
def test_other_names_are_not(name: str) -> None:
    assert not is_secret_name(name)


def test_what_is_marked_is_hidden_and_nothing_else() -> None:
    before = repr(STORED)
    assert masked(Sample, STORED) == SHOWN
    assert repr(STORED) == before


def test_what_is_shown_comes_back_as_what_is_stored() -> None:
    assert unmasked(Sample, SHOWN, STORED) == STORED
    assert mask_faults(Sample, STORED) == {}


def test_a_mask_without_a_stored_value_is_named_at_its_place() -> None:
    new = unmasked(Sample, {**SHOWN, "headers": {"X-Other-Token": MASK, "Cookie": f"a={MASK}"}}, {})
    assert set(mask_faults(Sample, new)) == {
        "headers.X-Other-Token",
        "headers.Cookie",
        "pin",
        "steps.0.password",
        "steps.1.password",
        "inner.password",
        "by_id.x.password",
        "way.token",
    }


def test_a_part_of_a_mask_keeps_nothing() -> None:
    shown = {"headers": {"Authorization": f"Bearer {MASK}"}}
    assert unmasked(Sample, shown, STORED) == shown
    assert set(mask_faults(Sample, shown)) == {"headers.Authorization"}


@pytest.mark.parametrize("url", ["https://api.example.com/b?c=1", "HTTPS://API.example.com/a", STORED["url"]])
def test_a_secret_stays_with_its_host(url: str) -> None:
    shown = {"url": url, "headers": {"Authorization": MASK}}
    assert unmasked(Sample, shown, STORED)["headers"] == {"Authorization": "one"}


@pytest.mark.parametrize(
    "url",
    [
        *("https://evil.example.net/a", "https://api.example.com:8443/a", "http://api.example.com/a", "", None, 5),
        *("https://api.example.com@evil.example.net/", "https://evil.example.net\\@api.example.com/", "https://[/a"),
    ],
)
def test_a_secret_does_not_move_to_another_host(url: Any) -> None:
    shown = {"url": url, "headers": {"Authorization": MASK}}
    assert unmasked(Sample, shown, STORED) == shown
    assert set(mask_faults(Sample, shown)) == {"headers.Authorization"}


def test_rows_find_their_secret_wherever_they_stand() -> None:
    rows = SHOWN["steps"]
    for order in ([1, 0], [1], [2, 1], [0, 0]):
        back = unmasked(Sample, {"steps": [rows[n] for n in order]}, STORED)
        assert back["steps"] == [STORED["steps"][n] for n in order]


def test_a_row_that_has_changed_keeps_none() -> None:
    shown = {"steps": [{"name": "new", "password": MASK}]}
    assert unmasked(Sample, shown, STORED) == shown


TWINS: dict[str, Any] = {"steps": [{"name": "a", "password": "1"}, {"name": "b"}, {"name": "a", "password": "2"}]}
TWIN = {"name": "a", "password": MASK}


def test_rows_that_look_alike_keep_their_secrets_in_their_order_while_all_are_there() -> None:
    for rows in ([TWIN, {"name": "b"}, TWIN], [TWIN, TWIN, {"name": "b"}], [{"name": "z"}, TWIN, TWIN]):
        back = unmasked(Sample, {"steps": rows}, TWINS)["steps"]
        assert [row["password"] for row in back if row["name"] == "a"] == ["1", "2"]


def test_of_rows_that_look_alike_none_is_guessed_once_one_has_gone_or_come() -> None:
    for rows in ([TWIN], [TWIN, {"name": "b"}], [TWIN, TWIN, TWIN]):
        back = unmasked(Sample, {"steps": rows}, TWINS)
        assert back == {"steps": rows}
        assert len(mask_faults(Sample, back)) == rows.count(TWIN)


def test_a_row_is_known_again_whatever_a_program_makes_of_its_numbers() -> None:
    stored = [{"token": "s1", "n": 1.0, "in": [{"a": 1, "b": 2}]}, {"token": "s2", "n": 2.0, "in": []}]
    given = [{"n": 2, "in": [], "token": MASK}, {"in": [{"b": 2, "a": 1}], "token": MASK, "n": 1}]
    assert [row["token"] for row in unmasked(None, {"rows": given}, {"rows": stored})["rows"]] == ["s2", "s1"]


def test_a_row_that_says_where_it_comes_from_keeps_that_secret() -> None:
    origins: dict[tuple[str, ...], str | None] = {("steps", "0"): "2", ("steps", "1"): None, ("steps", "2"): "0"}
    edited = [{"name": "other", "password": MASK}, TWIN, TWIN]
    back = unmasked(Sample, {"steps": edited}, TWINS, origins)["steps"]
    assert back == [{"name": "other", "password": "2"}, TWIN, {"name": "a", "password": "1"}]


def test_what_stands_behind_a_name_keeps_its_secret_under_another_name() -> None:
    moved = {"by_id": {"x": {"name": "n", "password": MASK}, "y": {"name": "d", "password": MASK}}}
    back = unmasked(Sample, moved, STORED, {("by_id", "y"): "x", ("by_id", "x"): None})
    assert [row["password"] for row in back["by_id"].values()] == [MASK, "seven"]


@pytest.mark.parametrize("model", [Declared, Undeclared])
def test_a_secret_does_not_move_to_another_kind_of_a_union(model: type[BaseModel]) -> None:
    stored = {"to": {"kind": "own", "token": "s1"}, "more": [{"kind": "own", "token": "s2"}]}
    same = {"to": {"kind": "own", "token": MASK}, "more": [{"kind": "own", "token": MASK}]}
    assert unmasked(model, same, stored) == stored
    assert unmasked(model, {"to": same["to"]}, {"to": {"token": "s1"}}) == {"to": stored["to"]}, "the usual one"
    moved = {"kind": "away", "url": "https://elsewhere.example/", "token": MASK}
    meant = unmasked(model, {"to": moved, "more": [moved]}, stored, {("more", "0"): "0"})
    assert meant == {"to": moved, "more": [moved]}
    assert list(mask_faults(model, meant)) == ["to.token", "more.0.token"]


def test_a_payload_of_a_type_that_has_gone_is_judged_by_its_names() -> None:
    stored = {"headers": {"Authorization": "a", "Accept": "b"}, "rows": [{"token": "c", "n": 1}], "note": "d", "key": 5}
    shown = masked(None, stored)
    assert shown == {
        "headers": {"Authorization": MASK, "Accept": "b"},
        "rows": [{"token": MASK, "n": 1}],
        "note": "d",
        "key": MASK,
    }
    assert unmasked(None, shown, stored) == stored


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ({"headers": "Authorization: one"}, {"headers": MASK}),
        ({"headers": [["Authorization", "one"]]}, {"headers": MASK}),
        (
            {"headers": {"Cookie": {"a": "b"}, "Accept": {"token": "c"}}},
            {"headers": {"Cookie": MASK, "Accept": {"token": MASK}}},
        ),
        ({"old_token": "a", "old": {"password": "b", "n": 1}}, {"old_token": MASK, "old": {"password": MASK, "n": 1}}),
        ({"steps": {"password": "a"}}, {"steps": {"password": MASK}}),
        ({"url": {"secret": "a"}}, {"url": {"secret": MASK}}),
        ({"steps": None, "headers": None, "pin": None}, {"steps": None, "headers": None, "pin": None}),
        ({"headers": "", "steps": ["a", 5]}, {"headers": "", "steps": ["a", 5]}),
        ([], []),
        ("text", "text"),
        (None, None),
    ],
)
def test_a_payload_that_fits_no_more_is_hidden_rather_than_shown(stored: Any, shown: Any) -> None:
    assert masked(Sample, stored) == shown
    assert unmasked(Sample, shown, stored) == stored


def test_the_schema_carries_the_mark_for_other_readers() -> None:
    node = Sample.model_json_schema()["properties"]["headers"]
    assert node["x-masked"] == {"by_name": True, "tied_to": "url"}


def test_names_in_a_payload_are_found_by_their_schema() -> None:
    kinds = frozenset({"credentials"})
    assert list(references(Sample, {"credential": "crm", "key": "x"}, kinds)) == [("credential", "crm")]
    assert list(references(Sample, {"credential": None, "steps": [5]}, kinds)) == []


class Hook(BaseModel):
    url: str = Field(json_schema_extra={"format": "uri"})


HOOK = "https://hooks.example.com/in?id=7&X-Amz-Signature=a%2Fb&token=t1#part"
SHOWN_HOOK = f"https://hooks.example.com/in?id=7&X-Amz-Signature={MASK}&token={MASK}#part"


def test_secrets_in_the_query_of_a_url_are_masked_and_come_back() -> None:
    stored = {"url": HOOK}
    assert masked(Hook, stored) == {"url": SHOWN_HOOK}
    assert unmasked(Hook, {"url": SHOWN_HOOK}, stored) == stored
    encoded = {"url": SHOWN_HOOK.replace(MASK, quote(MASK)).replace("id=7", "id=8")}
    assert unmasked(Hook, encoded, stored) == {"url": HOOK.replace("id=7", "id=8")}
    assert secrets_in(Hook, stored) == ["a%2Fb", "t1"]


def test_no_secret_of_a_url_moves_to_another_host() -> None:
    elsewhere = {"url": SHOWN_HOOK.replace("hooks.", "evil.")}
    assert unmasked(Hook, elsewhere, {"url": HOOK}) == elsewhere
    assert set(mask_faults(Hook, elsewhere)) == {"url"}
