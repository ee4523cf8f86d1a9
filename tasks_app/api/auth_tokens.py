"""Signing in without a browser: name, password and code become tokens, which are refreshed and revoked here."""

from typing import Literal

from pydantic import ConfigDict, Field
from rest_framework.permissions import AllowAny

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.shape import Out, Shape
from tasks_app.services.tokens import TokenPair, token_refresh, token_revoke, token_sign_in


class SignInIn(Shape):
    """Who signs in."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"username": "alice", "password": "…", "code": "123456"}]}
    )

    username: str = Field(max_length=254)
    password: str = Field(max_length=4096)
    code: str | None = Field(
        None, max_length=64, description="Of the authenticator app, or a recovery code; for people who have one."
    )


class RefreshIn(Shape):
    """The refresh token, which is used up by this."""

    refresh: str = Field(max_length=4096)


class RevokeIn(Shape):
    """A token of the sign-in that shall end."""

    token: str = Field(max_length=4096, description="The refresh token or an access token.")


class Tokens(Out):
    """Tokens: `access` goes into `Authorization: Bearer`; `refresh` gives new ones, once."""

    access: str
    refresh: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # the name of a kind
    expires_in: int = Field(description="Seconds for which `access` holds.")


class OpenEndpoint(Endpoint):
    """For callers who prove who they are by what they send; a cookie or a header means nothing here."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class TokenSignIns(OpenEndpoint):
    """Sign-ins by tokens."""

    @operation("token_sign_in")
    def post(self, call: Call, body: SignInIn) -> Tokens:
        """Sign in. 401 `second_factor_required`: send `code` too. 429: too many wrong tries, see Retry-After."""
        pair = token_sign_in(username=body.username, password=body.password, code=body.code or "", address=call.address)
        return _tokens(pair)


class TokenRefresh(OpenEndpoint):
    """The next tokens of a sign-in."""

    @operation("token_refresh")
    def post(self, call: Call, body: RefreshIn) -> Tokens:
        """Give new tokens for a refresh token. It counts once: used a second time it ends the whole sign-in."""
        return _refreshed(call, body)


class ShortRefresh(OpenEndpoint):
    """The next tokens of a sign-in, at a shorter address."""

    @operation("token_refresh_short")
    def post(self, call: Call, body: RefreshIn) -> Tokens:
        """Do the same as /api/auth/token/refresh."""
        return _refreshed(call, body)


class TokenRevoke(OpenEndpoint):
    """The end of a sign-in."""

    @operation("token_revoke", status=204)
    def post(self, call: Call, body: RevokeIn) -> None:
        """End a sign-in: all of its tokens are worthless from now on. Done also where the token holds no more."""
        token_revoke(token=body.token)


class ShortRevoke(OpenEndpoint):
    """The end of a sign-in, at a shorter address."""

    @operation("token_revoke_short", status=204)
    def post(self, call: Call, body: RevokeIn) -> None:
        """Do the same as /api/auth/token/revoke."""
        token_revoke(token=body.token)


def _refreshed(call: Call, body: RefreshIn) -> Tokens:
    return _tokens(token_refresh(refresh=body.refresh, address=call.address))


def _tokens(pair: TokenPair) -> Tokens:
    return Tokens(access=pair.access, refresh=pair.refresh, expires_in=pair.expires_in)
