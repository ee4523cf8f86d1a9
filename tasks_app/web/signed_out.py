"""What somebody meets who is signed out, or another than before: nothing typed is thrown away, or sent for others.

So it is where what a form is about has been deleted meanwhile.
"""

import re
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.csrf import csrf_failure

PERSON = "_person"
"""Says in each form for whom it was drawn, beside its token (`templatetags/forms.py`)."""
_NOT_KEPT = re.compile(
    r"code|(.*[._-])?passw(or)?ds?\d?|payload\..*(passphrase|pwd|token|authorization|cookie)s?"
    r"|(.*[._-])?(secret|((api|access|private|signing|client)[_-]?)keys?)",
    re.IGNORECASE,
)
"""Fields that no page holds, by their names."""
_NOTES = frozenset({"once", "version", "seen"})
_MARKED = ".__secret"
"""What a form sends beside a control to say that it holds a secret, whatever its name is (`parts/field.html`)."""


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead to the sign-in and back; a fragment only says so to the page, and a form comes back to be sent again."""
    if request.headers.get("HX-Request"):
        # The page shows its notice (signed-out.js) and stays: somebody may be typing in it.
        return HttpResponse(status=204, headers={"HX-Trigger": "signed-out"})
    if request.method == "POST":
        return kept(request, status=401)
    return redirect_to_login(request.get_full_path(), reverse("sign-in"))


def is_somebody_elses(request: HttpRequest) -> bool:
    """Say whether a form was drawn for another person than who is signed in now.

    Who signs in gets another token, so that older forms are refused. A script renews it in those of a page that goes on
    after its person has signed in again, and cannot be sure who that was.
    """
    own = str(request.user.pk)
    return request.method == "POST" and request.POST.get(PERSON, own) != own


def to_nobody(request: HttpRequest) -> HttpResponse:
    """Do nothing for whom the form was not drawn, and say so."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Trigger": "somebody-else"})
    content = render_to_string("pages/somebody-else.html", {"site_name": settings.SITE_NAME}, request)
    return HttpResponse(content, status=409, headers={"Cache-Control": "no-store"})


def expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Give a form back whose token is that of an earlier session of the same person; any other is refused for good.

    No token says now that a page of ours has sent it; the browser does, and nothing is done before a person has looked.
    """
    if _is_from_here(request) and request.user.is_authenticated and request.POST.get(PERSON) == str(request.user.pk):
        return kept(request, status=403)
    return csrf_failure(request, reason)


def _is_from_here(request: HttpRequest) -> bool:
    """Say whether a page of ours has sent it, by what no other page can have a browser say. Admin has its own forms."""
    match, origin = request.resolver_match, request.headers.get("Origin", "")
    is_page = match is not None and not match.namespaces and not request.headers.get("HX-Request")
    is_ours = origin in (f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS)
    return is_page and is_ours and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


def kept(
    request: HttpRequest,
    *,
    status: int,
    template: str = "pages/signed-out.html",
    **about: Any,
) -> HttpResponse:
    """Give what was sent back as a form, or, where it would lack something, to read: "left empty" would mean "keep it".

    It is certain that a page of ours has sent it. `about` is what the template says beside, such as a name; in it,
    `changed` gives the label and text of each field that was typed in.
    """
    sent = {name: texts for name, texts in request.POST.lists() if name not in ("csrfmiddlewaretoken", PERSON)}
    told = {name: texts for name, texts in sent.items() if not (any(texts) and _is_secret(name, sent))}
    fields = [(name, text) for name, texts in told.items() for text in texts]
    seen = {name: texts for name, texts in told.items() if not _is_note(name)}
    changed: Callable[[Mapping[str, Sequence[str]]], list[tuple[str, str]]] = about.pop("changed", _typed)
    context = {
        **about,
        "site_name": settings.SITE_NAME,
        "action": request.get_full_path(),
        "person": request.POST.get(PERSON, ""),
        "fields": fields,
        "typed": changed(seen),
        "lacks": len(told) < len(sent) or bool(request.FILES),
    }
    content = render_to_string(template, context, request)
    answer = HttpResponse(content.encode("utf-8", "replace"), status=status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _is_secret(name: str, sent: Container[str]) -> bool:
    return name + _MARKED in sent or _NOT_KEPT.fullmatch(name) is not None


def _typed(seen: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    return [(name, text) for name, texts in seen.items() for text in texts if text.strip()]


def _is_note(name: str) -> bool:
    """Say whether a form says it of itself, so that nobody has typed it."""
    return name in _NOTES or name.startswith("_") or ".__" in name
