"""Taking away the second factor of somebody who has lost their app and their recovery codes."""

from django.contrib import messages as say
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from tasks_app.errors import CarillonError
from tasks_app.selectors.people_list import person_get
from tasks_app.services.people_admin import check_factor_remove, person_factor_remove
from tasks_app.web.objects import missing_or_refused
from tasks_app.web.page import Request, page, render


@require_http_methods(["GET", "POST"])
@page
def person_factor(request: Request, person_id: int) -> HttpResponse:
    """Ask first, because whoever asks for it may not be the person; then do it."""
    with missing_or_refused():
        person = person_get(request.user, person_id)
    back = redirect("person-detail", person_id=person.pk)
    try:
        if request.method == "GET":
            check_factor_remove(by=request.user, person=person)
        else:
            was_on = person_factor_remove(by=request.user, person=person)
            done = "has no second factor any more." if was_on else "had no second factor."
            say.success(request, f"{person.username} {done}")
    except CarillonError as error:
        say.error(request, error.message)
        return back
    if request.method == "POST":
        return back
    context = {
        "title": f"Remove the second factor of {person.username}?",
        "text": "From now on the password alone signs them in, until they set a new one up. They are told by mail. "
        "Make sure that it is they who ask.",
        "verb": "Remove the second factor",
        "back": reverse("person-detail", args=[person.pk]),
    }
    return render(request, "pages/confirm.html", context)
