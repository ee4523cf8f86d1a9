"""What somebody meets who is signed out, or another than before: nothing typed is thrown away, or sent for others."""

import re
from collections.abc import Container

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse

PERSON = "_person"
"""Says in each form for whom it was drawn, beside its token (`templatetags/forms.py`)."""
_NOT_KEPT = re.compile(
    r"code|(.*[._-])?passw(or)?ds?\d?|payload\..*(passphrase|pwd|token|authorization|cookie)s?"
    r"|(.*[._-])?(secret|((api|access|private|signing|client)[_-]?)keys?)",
    re.IGNORECASE,
)
"""Fields that no page holds, by their names."""
_MARKED = ".__secret"
"""What a form sends beside a control to say that it holds a secret, whatever its name is (`parts/field.html`)."""


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead to the sign-in and back; a fragment only says so to the page, and a form comes back to be sent again."""
    if request.headers.get("HX-Request"):
        # The page shows its notice (signed-out.js) and stays: somebody may be typing in it.
        return HttpResponse(status=204, headers={"HX-Trigger": "signed-out"})
    if request.method == "POST":
        return _kept(request)
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


def _kept(request: HttpRequest) -> HttpResponse:
    """Give what was sent back as a form, or, where it would lack something, to read: "left empty" would mean "keep it".

    The check for forgery has passed: a page of ours has sent it.
    """
    sent = {name: texts for name, texts in request.POST.lists() if name not in ("csrfmiddlewaretoken", PERSON)}
    kept = {name: texts for name, texts in sent.items() if not (any(texts) and _is_secret(name, sent))}
    fields = [(name, text) for name, texts in kept.items() for text in texts]
    context = {
        "site_name": settings.SITE_NAME,
        "action": request.get_full_path(),
        "person": request.POST.get(PERSON, ""),
        "fields": fields,
        "typed": [(name, text) for name, text in fields if text.strip() and not _is_note(name)],
        "lacks": len(kept) < len(sent) or bool(request.FILES),
    }
    content = render_to_string("pages/signed-out.html", context, request)
    answer = HttpResponse(content.encode("utf-8", "replace"), status=401)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _is_secret(name: str, sent: Container[str]) -> bool:
    return name + _MARKED in sent or _NOT_KEPT.fullmatch(name) is not None


def _is_note(name: str) -> bool:
    """Say whether a form says it of itself, so that nobody has typed it."""
    return name.startswith("_") or name.endswith(_MARKED)
