"""A report of an error says where, and not what was in the variables."""

import sys

import pytest
from django.test import RequestFactory
from django.views.debug import ExceptionReporter, get_default_exception_reporter_filter
from pytest_django import Settings

CANARY = "canary-8e02"


@pytest.mark.parametrize("debug", [True, False])
def test_no_report_holds_variables_cookies_or_what_was_posted(debug: bool, settings: Settings) -> None:
    settings.DEBUG = debug
    get_default_exception_reporter_filter.cache_clear()  # type: ignore[attr-defined]  # it is cached
    request = RequestFactory().post("/sign-in/", {"anything": CANARY}, headers={"Authorization": CANARY})
    request.COOKIES["carillon_session"] = CANARY
    harmless = CANARY
    try:
        raise RuntimeError(f"{len(harmless)} characters")
    except RuntimeError:
        reporter = ExceptionReporter(request, *sys.exc_info())
    pages = reporter.get_traceback_html() + reporter.get_traceback_text()
    assert "RuntimeError" in pages
    assert "11 characters" in pages
    assert settings.SECRET_KEY not in pages
    assert pages.replace('CANARY = "canary-8e02"', "").replace("canary-8e02&quot;", "").count(CANARY) == 0
