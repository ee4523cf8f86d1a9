"""Who calls is known to everything below, to the logs too, and to nothing afterwards."""

import json
import logging
import sys
import threading

from scheduler_project.logs import JsonFormatter, StrangersFilter, logging_config
from tasks_app import caller
from tasks_app.caller import Caller, CallerFilter, Who


def line(style: str) -> str:
    """A log line as the platform writes it."""
    config = logging_config(style)
    record = logging.LogRecord("tasks_app", logging.INFO, "", 0, "done", None, None)
    CallerFilter().filter(record)
    plain = logging.Formatter(config["formatters"]["console"]["format"])
    return (JsonFormatter() if style == "json" else plain).format(record)


def test_every_log_line_of_a_request_has_its_id() -> None:
    with caller.acting(Caller(request_id="req-1")):
        assert line("console") == "INFO    tasks_app: [req-1] done"
        assert json.loads(line("json"))["request_id"] == "req-1"
    assert line("console") == "INFO    tasks_app: done"
    assert "request_id" not in json.loads(line("json"))


def test_the_filter_stands_before_every_handler() -> None:
    config = logging_config("json")
    assert config["filters"]["caller"]["()"] == f"{CallerFilter.__module__}.{CallerFilter.__name__}"
    assert config["handlers"]
    assert all("caller" in handler["filters"] for handler in config["handlers"].values())


def test_a_request_for_a_strange_host_is_a_warning_of_one_line() -> None:
    try:
        raise ValueError("strange")
    except ValueError:
        where = ("django.security.DisallowedHost", logging.ERROR, "", 0, "Invalid HTTP_HOST header: 'evil'.", None)
        record = logging.LogRecord(*where, sys.exc_info())
    assert StrangersFilter().filter(record)
    told = json.loads(JsonFormatter().format(record))
    assert (told["level"], told["message"]) == ("warning", "Invalid HTTP_HOST header: 'evil'.")
    assert "traceback" not in told
    handlers = logging_config("json")["handlers"].values()
    assert all(handler["filters"][0] == "strangers" for handler in handlers)


def test_who_it_is_is_asked_when_it_is_needed() -> None:
    found = [Who(), Who("user:alice", 1, "session")]
    with caller.acting(Caller(find=found.pop)) as mine:
        assert mine.who.actor == "user:alice"
        assert mine.who.actor == ""


def test_a_run_is_somebodys_and_nobody_asks_for_what_it_does() -> None:
    with caller.acting(Caller(find=lambda: Who("run:1", 1, "run"), is_asked=False)):
        assert caller.current() is not None
        assert caller.asked() is None


def test_nothing_is_left_behind_and_nothing_goes_into_other_threads() -> None:
    seen = []
    with caller.acting(Caller(request_id="req-1")):
        other = threading.Thread(target=lambda: seen.append(caller.current()))
        other.start()
        other.join()
    caller.enter(Caller(request_id="req-2"))
    caller.leave()
    assert seen == [None]
    assert caller.current() is None
