"""`manage.py reencrypt`: stored secrets, encrypted again with the first of FIELD_KEYS; exit code 1 if some can't be."""

import sys
from typing import Any

from tasks_app.management.one_line import OneLineCommand
from tasks_app.services import audit
from tasks_app.services.resealing import reseal_all


class Command(OneLineCommand):
    """Make older keys superfluous."""

    help = (
        "Encrypt every stored secret again with the first key of FIELD_KEYS. Safe to repeat, also while the platform "
        "runs. One line per secret that no key opens; exit code 1 when there is one."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Say each fault, then the counts."""
        done = faults = 0
        for one in reseal_all():
            if one.fault:
                faults += 1
                self.stdout.write(f"{one.what}: {one.fault}")
            else:
                done += 1
        audit.note("secrets.reencrypt", after={"done": done, "faults": faults})
        secrets = "1 secret is" if done == 1 else f"{done} secrets are"
        self.stdout.write(f"{secrets} encrypted with the first key" + (f"; {faults} can't be opened" if faults else ""))
        if faults:
            sys.exit(1)
