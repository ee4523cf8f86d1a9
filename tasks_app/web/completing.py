"""What a search box is told while somebody types into it."""

from collections.abc import Iterable

from django.http import JsonResponse

from tasks_app.selectors.search_completion import complete
from tasks_app.selectors.search_text import LONGEST, Qualifier
from tasks_app.web import query
from tasks_app.web.page import Request


def completed(request: Request, qualifiers: Iterable[Qualifier]) -> JsonResponse:
    """Give what can stand at the cursor: of all text, `at` characters lie before it."""
    text = request.GET.get("q", "").replace("\0", " ")[:LONGEST]
    at = query.number(request.GET, "at", most=LONGEST) if request.GET.get("at") != "0" else 0
    found = complete(text, at, qualifiers)
    options = [vars(one) for one in found.options]
    return JsonResponse({"start": found.start, "end": found.end, "options": options})
