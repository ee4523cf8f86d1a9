"""An authenticator app in somebody's hand."""

import time
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils import timezone

from tasks_app.models import SecondFactor
from tasks_app.services.second_factor import STEP_SECONDS, code_at, factor_begin, recovery_codes_make


@dataclass(frozen=True)
class App:
    """The app and the printed recovery codes."""

    secret: str
    recovery: list[str]

    def code(self, later: int = 0) -> str:
        """The code that it shows now, or so many steps later."""
        return code_at(self.secret, int(time.time()) // STEP_SECONDS + later)


def turn_on(user: User) -> App:
    """Give the user a second factor of which no code was used."""
    secret = factor_begin(user=user)
    SecondFactor.objects.filter(user=user).update(confirmed_at=timezone.now())
    return App(secret, recovery_codes_make(user=user))
