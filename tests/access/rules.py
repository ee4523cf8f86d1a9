"""What a door may ask of a person, in terms of the ten people and of alice's things."""

from dataclasses import dataclass

STRANGERS = frozenset({"anonymous", "disabled"})
SIGNED_IN = frozenset({"stranger", "view", "run", "manage", "viewer", "operator", "admin", "owner"})
SHARED = frozenset({"view", "run", "manage"})
SEE_ALL = frozenset({"viewer", "operator", "admin", "owner"})
SEE_TASK = SHARED | SEE_ALL


@dataclass(frozen=True)
class Rule:
    """`allowed` get through; those who only `see` the thing are refused with 403; for others it does not exist."""

    allowed: frozenset[str]
    sees: frozenset[str] = frozenset()
    is_open: bool = False
    is_gone: bool = False
    is_hidden: bool = False

    def expected(self, person: str) -> str:
        """Say what the person meets: passes, sign-in, 403 or 404."""
        if self.is_gone:
            return "404"
        if self.is_open or person in self.allowed:
            return "passes"
        if person in STRANGERS:
            return "404" if self.is_hidden else "sign-in"
        return "403" if person in self.sees else "404"


def _of(words: str) -> frozenset[str]:
    return frozenset(words.split())


OPEN = Rule(frozenset(), is_open=True)
"""Everybody, signed in or not."""
SIGNED = Rule(SIGNED_IN)
"""Everybody who has signed in; what a list holds is narrowed to what they may see."""
VIEW = Rule(SEE_TASK)
RUN = STOP = Rule(_of("run manage operator admin owner"), SEE_TASK)
PAUSE = Rule(_of("manage operator admin owner"), SEE_TASK)
MANAGE = Rule(_of("manage admin owner"), SEE_TASK)
"""VIEW to MANAGE: of a task, and of its runs and batches."""
OF_TASK = Rule(_of("admin owner"), SEE_TASK)
"""To change what comes with a shared task and is its owner's."""
FOUND = Rule(SEE_ALL)
CHANGE = Rule(_of("admin owner"), SEE_ALL)
"""What is owned and not shared."""
MINE = Rule(_of("owner"))
"""Nobody else's business, administrators included."""
OPERATE = Rule(_of("operator admin"), SIGNED_IN)
QUEUES = Rule(_of("operator admin"))
QUEUE_MAKERS = Rule(_of("admin"), _of("operator admin"))
"""The pages of queues and workers; for others they do not exist."""
RULES_OF_TYPES = Rule(_of("admin"), SIGNED_IN)
STAFF = PEOPLE = Rule(_of("admin"))
NONE = Rule(frozenset())
"""The thing that the address names does not exist: 404 for all who have signed in."""
HIDDEN = Rule(_of("operator admin"), is_hidden=True)
"""What exists for operators only, and asks nobody to sign in."""
GONE = Rule(frozenset(), is_gone=True)
"""404 for strangers, too."""
