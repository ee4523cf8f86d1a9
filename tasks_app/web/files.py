"""Downloads: by a signed link, or by the owner who is signed in."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tasks_app.downloads import attachment, unstored
from tasks_app.errors import NotFound
from tasks_app.models import StoredFile
from tasks_app.selectors.files import file_get
from tasks_app.services.files import LinkExpired, file_from_token


@require_safe
def file_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """Hand out the file of a signed link; the link itself is the permission."""
    try:
        return _answer(request, file_from_token(token))
    except LinkExpired:
        return unstored(render(request, "pages/link_expired.html", status=410))
    except NotFound as error:
        raise Http404(error.message) from None


@require_safe
@login_required
def file_download(request: HttpRequest, file_id: UUID) -> HttpResponseBase:
    """Hand out a file to its owner or to staff; for anybody else it does not exist."""
    try:
        return _answer(request, file_get(request.user, file_id))
    except NotFound as error:
        raise Http404(error.message) from None


def _answer(request: HttpRequest, file: StoredFile) -> HttpResponseBase:
    try:
        return attachment(request, file)
    except OSError:
        return unstored(render(request, "pages/storage_away.html", status=503))
