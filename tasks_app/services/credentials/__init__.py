"""Secrets that tasks use by name: kept encrypted, written and never read back, sent to their own hosts alone.

A handler asks `headers_for(credential, url)` or `signature_for(…)` for the request that it is about to send, and never
sees the secret itself. On a 401 it may call `forget_token` and ask once more.
"""

from tasks_app.services.credentials.hosts import CredentialRefused, check_target
from tasks_app.services.credentials.tokens import TokenUnavailable, forget_token
from tasks_app.services.credentials.using import AUTHORISING, SIGNING, headers_for, signature_for
from tasks_app.services.credentials.writing import credential_create, credential_delete, credential_update

__all__ = [
    "AUTHORISING",
    "SIGNING",
    "CredentialRefused",
    "TokenUnavailable",
    "check_target",
    "credential_create",
    "credential_delete",
    "credential_update",
    "forget_token",
    "headers_for",
    "signature_for",
]
