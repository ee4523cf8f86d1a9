"""Serves the static files, by WhiteNoise, from the web process itself."""

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # WhiteNoise has no types
    """WhiteNoise's, answering with whole files: its streams are synchronous, which under ASGI draws a warning each."""

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        """Answer with the file, a part of it, "not modified", or that it was taken away since the start."""
        try:
            found = static_file.get_response(request.method, request.META)
        except FileNotFoundError:
            return HttpResponse("This file is here no more.", content_type="text/plain", status=404)
        content, headers = b"", dict(found.headers)
        if found.file is not None:
            with found.file as file:
                content = file.read()
            # Lengths are those of the start; a file that was replaced since would be cut off, or refused by the server.
            headers["Content-Length"] = str(len(content))
        return HttpResponse(content, status=int(found.status), headers=headers)
