"""The sealed part of a credential: opened here alone, and only by what is about to use it."""

import json

from tasks_app.handlers.secrecy import known
from tasks_app.models import Credential
from tasks_app.services.credentials.hosts import CredentialRefused
from tasks_app.services.sealing import Unsealable, seal, unseal


def put_away(credential: Credential, secret: str) -> str:
    """Seal a secret for this credential's row; in another row it can't be opened."""
    return seal(json.dumps({"id": str(credential.pk), "secret": secret}))


def take_out(credential: Credential, sealed: str) -> str:
    """Open what was sealed for this row; raise CredentialRefused when no key opens it."""
    try:
        held = json.loads(unseal(sealed))
    except Unsealable as error:
        raise CredentialRefused(error.message) from None
    if held["id"] != str(credential.pk):
        raise CredentialRefused("A stored secret belongs to another credential.")
    secret: str = held["secret"]
    known.learn(secret)
    return secret
