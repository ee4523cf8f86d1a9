"""How people sign in: how often a wrong password may be tried, who needs a second factor, how long tokens hold."""

from dataclasses import dataclass

from scheduler_project.env import Env

RESET_LINK_SECONDS = 3600
PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]


@dataclass(frozen=True)
class SignIn:
    """The settings of the section, read and checked."""

    tries: int
    tries_per_address: int
    window_seconds: int
    second_factor: str
    access_seconds: int
    refresh_days: int


def read(env: Env) -> SignIn:
    """Read them from the environment."""
    env.section("Signing in")
    return SignIn(
        tries=env.number(
            "SIGN_IN_TRIES",
            5,
            low=2,
            high=100,
            help="Wrong passwords, or wrong codes, for one name within the window before it has to wait.",
        ),
        tries_per_address=env.number(
            "SIGN_IN_TRIES_PER_ADDRESS", 30, low=2, high=10_000, help="The same for one network address."
        ),
        window_seconds=env.number(
            "SIGN_IN_WINDOW_SECONDS",
            300,
            low=30,
            high=3600,
            help="That window; one try comes back after the window divided by the number of tries.",
        ),
        second_factor=env.text(
            "REQUIRE_SECOND_FACTOR",
            "none",
            choices=("none", "staff", "all"),
            help="Who must have an authenticator app to go on: nobody, those who may enter the admin, or everybody.",
        ),
        access_seconds=env.number(
            "ACCESS_TOKEN_SECONDS", 600, low=60, high=3600, help="How long an access token of the API holds."
        ),
        refresh_days=env.number(
            "REFRESH_TOKEN_DAYS", 14, low=1, high=365, help="How long a sign-in by tokens lasts after its last refresh."
        ),
    )
