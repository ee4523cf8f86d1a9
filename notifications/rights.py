"""What a user may hear of."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser

from tasks_app.selectors.access import sees_all, shared_task_ids


@dataclass(frozen=True)
class Rights:
    """What decides what a user hears of: who it is, whether they see everything, and what others share with them."""

    user_id: int
    sees_all: bool = False
    shared: frozenset[UUID] = frozenset()

    @classmethod
    def of(cls, user: AbstractBaseUser) -> "Rights":
        """Give a user's rights. Asks the database the first time for a user object, and never again."""
        everything = sees_all(user)
        return cls(user.pk, everything, frozenset() if everything else shared_task_ids(user))
