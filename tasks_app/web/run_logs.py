"""The log of a run: narrowed by level and words, followed, and taken away as text."""

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from tasks_app.kinds.streamed import streamed
from tasks_app.models import TaskRun
from tasks_app.selectors.run_logs import LEVELS, LogFilter, log_find, log_pages
from tasks_app.web import query
from tasks_app.web.objects import run_or_404
from tasks_app.web.page import Request, page, render

LINES = 500
_NUMBER_LENGTH = 10
_SAID = {"info": "Info and worse", "warning": "Warnings and worse", "error": "Errors"}


def log_filter(request: Request) -> LogFilter:
    """Read how the log is narrowed from the address."""
    level = query.text(request.GET, "level")
    return LogFilter(level if level in LEVELS else "", query.text(request.GET, "find"))


def log_context(request: Request, run: TaskRun) -> dict[str, Any]:
    """What the page of a run shows of its log."""
    wanted, after, end = log_filter(request), _after(request), max(0, run.log_lines - LINES)
    # Who watches a run wants its last words; who looks back begins where it began.
    if "after" not in request.GET and not run.is_final and not wanted.is_any:
        after = end
    lines = _lines(run, wanted, after)
    return {
        **lines,
        "log_shown": len(lines["logs"]),
        "log_after": after,
        "log_end": end,
        "log_levels": query.select(request.GET, "level", "Any level", _SAID.items()),
    }


@require_safe
@page
def run_log(request: Request, run_id: uuid.UUID) -> HttpResponse:
    """The log lines behind `after` that match, for appending, how many there are now, and whether more match.

    `shown` says how many stand in the page already.
    """
    run = run_or_404(request, run_id)
    lines = _lines(run, log_filter(request), _after(request))
    shown = (query.whole(request.GET, "shown") or 0) + len(lines["logs"])
    return render(request, "parts/log-news.html", {"run": run, "log_shown": shown, **lines})


@require_safe
@page
def run_log_download(request: Request, run_id: uuid.UUID) -> StreamingHttpResponse:
    """The lines that match as text, one a line: instant, level, message."""
    run = run_or_404(request, run_id)
    pieces = _pieces(run, log_filter(request))
    return streamed(request, pieces, name=f"run-{run.pk}.log", content_type="text/plain; charset=utf-8")


def _lines(run: TaskRun, wanted: LogFilter, after: int) -> dict[str, Any]:
    """The lines behind `after` that match, how far the log was looked through, and whether there is more of it."""
    found = log_find(run, wanted, after=after, limit=LINES)
    asked = {name: value for name, value in vars(wanted).items() if value}
    return {
        "logs": found.lines,
        "log_filter": wanted,
        "log_query": urlencode(asked),
        "more_logs": found.is_more,
        "log_reached": found.reached,
    }


def _pieces(run: TaskRun, wanted: LogFilter) -> Iterator[bytes]:
    for lines in log_pages(run, wanted):
        text = "".join(f"{at} {level.upper():<8} {message}\n" for at, level, message in lines)
        yield text.encode("utf-8", "replace")


def _after(request: Request) -> int:
    raw = request.GET.get("after", "0")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < _NUMBER_LENGTH else 0
