"""Reading the environment: what is accepted, and the one line for what is not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scheduler_project.env import Env, SettingFault


def number(env: Env) -> Any:
    return env.number("LEASE", 30, low=5, high=3600, help="")


def switch(env: Env) -> Any:
    return env.switch("FLAG", False, help="")


def members(env: Env) -> Any:
    return env.members("QUEUES", ["default"], help="")


def text(env: Env) -> Any:
    return env.text("STYLE", "console", choices=("console", "json"), help="")


@pytest.mark.parametrize(
    ("read", "source", "value"),
    [
        (number, {}, 30),
        (number, {"LEASE": ""}, 30),
        (number, {"LEASE": " 5 "}, 5),
        (number, {"LEASE": "3600"}, 3600),
        (switch, {}, False),
        (switch, {"FLAG": "Yes"}, True),
        (switch, {"FLAG": "off"}, False),
        (members, {}, ["default"]),
        (members, {"QUEUES": "a, b,,c "}, ["a", "b", "c"]),
        (text, {"STYLE": "json"}, "json"),
    ],
)
def test_a_value_within_its_range_is_read(read: Callable[[Env], Any], source: dict[str, str], value: object) -> None:
    assert read(Env(source)) == value


@pytest.mark.parametrize(
    ("read", "source"),
    [
        *((number, {"LEASE": value}) for value in ("4", "3601", "-30", "3.5", "1e3", "٣٠", "thirty", "9" * 400)),
        *((switch, {"FLAG": value}) for value in ("2", "maybe", "ja")),
        *((text, {"STYLE": value}) for value in ("JSON", "xml")),
    ],
)
def test_anything_else_ends_with_one_line_that_names_the_variable(
    read: Callable[[Env], Any], source: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        read(Env(source))
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{next(iter(source))}: ")


def test_a_file_may_hold_the_value(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n", encoding="utf-8")
    env = Env({"KEY_FILE": str(tmp_path / "secret")})
    assert env.text("KEY", "", help="") == "from a file"
    assert env.has("KEY")


@pytest.mark.parametrize("fault", ["absent", "empty", "both", "binary"])
def test_a_file_that_cannot_hold_it_is_named(tmp_path: Path, fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "both").write_text("value", encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    source = {"KEY_FILE": str(tmp_path / fault)} | ({"KEY": "value"} if fault == "both" else {})
    with pytest.raises(SettingFault):
        Env(source).text("KEY", "", help="")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("KEY")


def test_every_read_is_declared_with_its_section() -> None:
    env = Env({})
    env.section("Engine")
    number(env)
    env.text("URL", "sqlite:////var/db", shown="SQLite under var/", help="Where.")
    first, second = env.declared
    assert (first.name, first.kind, first.default, first.value, first.section) == (
        "LEASE",
        "5 to 3600",
        "30",
        "30",
        "Engine",
    )
    assert (second.default, second.value, second.help) == ("SQLite under var/", "", "Where.")
