"""What proves who somebody is beside a password, and the sign-ins of programs that use tokens."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from tasks_app.models.ids import new_id


class SecondFactor(models.Model):
    """A person's authenticator app (TOTP, RFC 6238). It counts from the moment it was confirmed with a code.

    `sealed` is its secret, encrypted. `last_step` is the 30 s step of the last code taken: no code counts twice.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="second_factor"
    )
    sealed = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"second factor of {self.user}"


class RecoveryCode(models.Model):
    """A code that stands in for the authenticator app once. Only its SHA-256 is kept."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes", db_index=False
    )
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_unique")]

    def __str__(self) -> str:
        return f"recovery code of {self.user}"


class TokenSignIn(models.Model):
    """One sign-in that goes on by tokens: an access token for minutes, and a refresh token that is used once.

    `refresh_id` names the refresh token that is good now. One used a second time has been stolen, from its owner or
    by them: that ends the sign-in. `epoch` is the owner's when it began; raising theirs ends all of them.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="token_sign_ins")
    refresh_id = models.UUIDField()
    epoch = models.PositiveIntegerField()
    address = models.CharField(max_length=45, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"token sign-in of {self.user}"
