"""What is logged holds no secret, for people and for machines, in messages and in tracebacks."""

import io
import json
import logging
import logging.config

import pytest
from django.conf import settings

from scheduler_project.logs import logging_config
from tasks_app.handlers.masking import MASK
from tasks_app.handlers.secrecy import SecretFilter, known, redact

SECRETS = [
    ("sent Authorization: Bearer abcdef0123456789 to it", "abcdef0123456789"),
    ("headers={'Authorization': 'Basic dXNlcjpwYXNzd29yZA=='}", "dXNlcjpwYXNzd29yZA=="),
    ("the key crn_Zm9vYmFyYmF6 was used", "crn_Zm9vYmFyYmF6"),
    ("subprotocol bearer.crn_Zm9vYmFyYmF6", "crn_Zm9vYmFyYmF6"),
    ("cannot reach redis://:hunter2@10.0.0.1:6379/0", "hunter2"),
    ("cannot reach postgres://carillon:p%40ss@db/carillon", "p%40ss"),
    ("GET /hook?token=abc123&x=1", "abc123"),
    ("GET /hook?api_key=abc123", "abc123"),
    ('{"password": "two words", "x": 1}', "two words"),
    ("{'client_secret': 'abc'}", "'abc'"),
    ("Cookie: carillon_session=abc123", "abc123"),
    ("SECRET_KEY=abc123", "abc123"),
    ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
    ('password="a\\"b"', 'a\\"b'),
]
PLAIN = [
    "worker carillon@host started",
    "http://localhost:8000/tasks/?page=2",
    "a bearer of good news",
    "basic authentication is not set up",
    "key 3 of the list",
    "the token service answered 401",
]


@pytest.mark.parametrize(("line", "secret"), SECRETS)
def test_what_looks_like_a_secret_is_masked(line: str, secret: str) -> None:
    assert secret not in redact(line)
    assert MASK in redact(line)


@pytest.mark.parametrize("line", PLAIN)
def test_ordinary_words_are_left_alone(line: str) -> None:
    assert redact(line) == line


def test_a_long_line_is_read_in_no_time() -> None:
    for piece in ("password=", "bearer ", '"token": "', "a://", "eyJ", "x" * 50):
        assert redact(piece * 20_000)


def test_the_platforms_own_keys_are_known_wherever_they_appear() -> None:
    for secret in (settings.SECRET_KEY, settings.FIELD_KEYS[0], settings.FLOWER_SECRET):
        assert redact(f"so {secret} it is") == f"so {MASK} it is"


@pytest.mark.parametrize("style", ["console", "json"])
def test_no_format_shows_one(style: str) -> None:
    config = logging_config(style)
    stream = io.StringIO()
    config["handlers"]["stderr"]["stream"] = stream
    config["root"] = {"level": "WARNING"}
    config["loggers"] = {"tests.secrets": {"level": "INFO", "handlers": ["stderr"], "propagate": False}}
    logging.config.dictConfig(config)
    logger = logging.getLogger("tests.secrets")
    known.begin(lambda: ["the-known-one"])
    try:
        raise RuntimeError("refused: the-known-one") from ValueError("redis://:hunter2@host/0")
    except RuntimeError:
        logger.exception("it used %s with %s", "token=abc123", "the-known-one", stack_info=True)
    finally:
        known.begin()
        logging.config.dictConfig(settings.LOGGING)
    text = stream.getvalue()
    assert not any(secret in text.replace(__file__, "") for secret in ("abc123", "hunter2"))
    assert "the-known-one" not in "\n".join(
        line for line in text.splitlines() if "begin(" not in line and "raise" not in line
    )
    assert "RuntimeError: refused:" in text
    if style == "json":
        assert MASK in json.loads(text)["traceback"]


def test_a_record_that_cannot_be_written_is_not_lost() -> None:
    record = logging.LogRecord("x", logging.INFO, "x", 1, "%d things", ("many",), None)
    assert SecretFilter().filter(record)
    assert record.msg == "%d things"
