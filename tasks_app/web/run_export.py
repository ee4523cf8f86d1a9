"""What the list of runs shows, as a file."""

from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from tasks_app.kinds.streamed import FORMATS, streamed_table
from tasks_app.selectors.run_export import COLUMNS, MOST, WALK, export_pages, is_cut
from tasks_app.selectors.run_walk import run_find
from tasks_app.services import audit
from tasks_app.services.limiter import Limit
from tasks_app.web.page import Request, page
from tasks_app.web.run_filters import NAMES, all_filters_of, faults_of

LIMIT = Limit("run-export", most=10, seconds=60)


@require_safe
@page
def run_export(request: Request) -> HttpResponse | StreamingHttpResponse:
    """Stream the runs that match, newest first: at most 100,000, and the name of the file says when there are more."""
    format = request.GET.get("format", "csv")
    if format not in FORMATS:
        raise SuspiciousOperation("It is CSV or JSON lines.")
    if LIMIT.wait(request.user.pk):
        return HttpResponse("Too many exports in a minute; try again in a moment.", "text/plain", status=429)
    filters = all_filters_of(request.GET)
    if faults := faults_of(request.GET, filters):
        said = " ".join(["The search was not understood, so nothing is exported.", *(one.said for one in faults)])
        return HttpResponse(said, "text/plain", status=400)
    found = run_find(request.user, filters, most=WALK)
    cut = f"-newest-{MOST}" if is_cut(found.rows) else "-newest" if found.floor else ""
    asked = {name: value for name in NAMES if (value := request.GET.get(name, "").strip())}
    audit.note("run.export", kind="runs", name=format, after=asked)
    name = f"runs-{timezone.now():%Y-%m-%dT%H%M%SZ}{cut}"
    return streamed_table(request, name=name, format=format, columns=COLUMNS, pages=export_pages(found.rows))
