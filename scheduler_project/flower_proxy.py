"""`/flower/`: Flower behind Django's sign-in.

Flower listens on the loopback address and asks for a password that only this process knows. Each request is asked here
whose it is; nothing of the person's own (cookies, authorization) goes to Flower, and nothing of that kind comes back.
Only reads pass: GET, HEAD, and the one POST by which Flower's page reads its table.
"""

import logging
from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from tasks_app.selectors.access import is_staff

logger = logging.getLogger(__name__)

PREFIX = "/flower/"
USER = "carillon"
READS_BY_POST = frozenset({"tasks/datatable"})
POST_BYTES = 32 * 1024
TO_FLOWER = ("accept", "accept-language", "content-type", "if-none-match", "if-modified-since")
FROM_FLOWER = ("content-type", "cache-control", "etag", "last-modified", "vary")
TIMEOUT = httpx.Timeout(10, connect=2)

# The inline script of Flower's workers page, `var autorefresh = 1;`. A test compares it with the installed Flower.
INLINE_SCRIPT = "sha256-A0YIP5A+DKoseGAUTHRoMPDkKPK5cKzfYH3mjcCKtj8="
POLICY = (
    f"default-src 'none'; script-src 'self' '{INLINE_SCRIPT}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@csrf_exempt  # nothing that passes changes anything
async def flower(request: HttpRequest, rest: str) -> HttpResponseBase:
    """Show Flower to staff; for others it does not exist."""
    user = await request.auser()
    if not user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if not is_staff(user) or ".." in rest.split("/"):
        raise Http404
    if request.method == "POST" and rest in READS_BY_POST:
        if request.content_type == "multipart/form-data":
            return HttpResponse(status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        if int(request.headers.get("Content-Length") or 0) > POST_BYTES:
            return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    elif request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    return await _ask_flower(request)


async def _ask_flower(request: HttpRequest) -> HttpResponseBase:
    client = httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{settings.FLOWER_PORT}",
        auth=(USER, settings.FLOWER_SECRET),
        timeout=TIMEOUT,
        trust_env=False,  # a proxy of the environment must not see the password
        verify=False,  # noqa: S501  # plain HTTP on the loopback address; saves loading certificates
    )
    try:
        answer = await client.send(_request_for(client, request), stream=True)
    except httpx.HTTPError as fault:
        await client.aclose()
        return await _away(request, str(fault) or type(fault).__name__)
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        await _close(client, answer)
        return await _away(request, "it does not accept this platform's password")
    return await _relay(request, client, answer)


def _request_for(client: httpx.AsyncClient, request: HttpRequest) -> httpx.Request:
    given = {name: request.headers.get(name, "") for name in TO_FLOWER}
    headers = {name: value for name, value in given.items() if value and value.isascii()}
    headers["accept-encoding"] = "identity"
    if request.method == "POST":
        return client.build_request("POST", request.get_full_path(), headers=headers, content=request.body)
    return client.build_request("GET", request.get_full_path(), headers=headers)


async def _relay(request: HttpRequest, client: httpx.AsyncClient, answer: httpx.Response) -> HttpResponseBase:
    has_body = request.method != "HEAD" and answer.status_code not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    response: HttpResponseBase
    if has_body:
        response = StreamingHttpResponse(_body(client, answer), status=answer.status_code)
    else:
        await _close(client, answer)
        response = HttpResponse(status=answer.status_code)
    for name in FROM_FLOWER:
        if name in answer.headers:
            response.headers[name] = answer.headers[name]
    if answer.headers.get("location", "").startswith(PREFIX):
        response.headers["Location"] = answer.headers["location"]
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


async def _body(client: httpx.AsyncClient, answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for part in answer.aiter_raw():
            yield part
    except httpx.HTTPError as fault:
        logger.warning("Flower's answer ended early: %s", fault)
    finally:
        await _close(client, answer)


async def _close(client: httpx.AsyncClient, answer: httpx.Response) -> None:
    await answer.aclose()
    await client.aclose()


async def _away(request: HttpRequest, why: str) -> HttpResponse:
    logger.warning("Flower is not reachable: %s", why)
    return await sync_to_async(render)(request, "pages/flower_away.html", status=HTTPStatus.BAD_GATEWAY)
