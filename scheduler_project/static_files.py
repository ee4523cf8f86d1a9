"""Serves the static files, by WhiteNoise, from the web process itself."""

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.text import compress_string
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

_TEXTS = ("text/", "image/svg+xml")


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # WhiteNoise has no types
    """WhiteNoise's, answering with whole files: its streams are synchronous, which under ASGI draws a warning each."""

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        """Answer with the file, a part of it, "not modified", or that it was taken away since the start."""
        try:
            found = static_file.get_response(request.method, request.META)
        except FileNotFoundError:
            return HttpResponse("This file is here no more.", content_type="text/plain", status=404)
        content, headers, is_whole = b"", dict(found.headers), found.status == HTTPStatus.OK
        if found.file is not None:
            with found.file as file:
                content = file.read()
            if is_whole and _is_to_compress(headers, request):
                content = compress_string(content)
                headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
            # Lengths are those of the start; a file that was replaced since would be cut off, or refused by the server.
            headers["Content-Length"] = str(len(content))
        return HttpResponse(content, status=int(found.status), headers=headers)


def _is_to_compress(headers: dict[str, str], request: HttpRequest) -> bool:
    """In development nothing was compressed beforehand: what is text is compressed here, so that a page is as light."""
    is_plain = "Content-Encoding" not in headers and headers["Content-Type"].startswith(_TEXTS)
    return settings.WHITENOISE_USE_FINDERS and is_plain and "gzip" in request.headers.get("Accept-Encoding", "")
