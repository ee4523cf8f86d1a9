"""What is done inside the platform, in a process with its settings: `python -m benchmarks._steps STEP JSON`."""

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.contrib.auth.models import Permission, User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from benchmarks import _asked, _belongings, _seed  # noqa: E402
from benchmarks.ours.task_handlers import CLOCK, NOOP  # noqa: E402
from scheduler_project import collector, preload  # noqa: E402
from tasks_app import jobs  # noqa: E402
from tasks_app.kinds.addresses import OUTSIDE  # noqa: E402
from tasks_app.models import ScheduledTask, TaskRun, db_now  # noqa: E402
from tasks_app.services import api_keys, task_counts  # noqa: E402

OWNER, FEW = "bench", "someone"


def prepare() -> None:
    """Bring up an empty database as a first start does, and let an owner exist."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("bootstrap", verbosity=0, stdout=sys.stderr)
    User.objects.create_superuser(OWNER, f"{OWNER}@example.org", OWNER)


def enqueue(type: str, count: int) -> dict[str, float]:
    """Make so many runs in one call; gives the seconds."""
    owner = _owner()
    started = time.perf_counter()
    jobs.enqueue_many(type, [{} for _ in range(count)], owner=owner)
    return {"seconds": time.perf_counter() - started}


def enqueue_singly(type: str, count: int) -> dict[str, float]:
    """Make so many runs, each by a call and a transaction of its own; gives the seconds."""
    owner = _owner()
    jobs.enqueue(type, {}, owner=owner)
    started = time.perf_counter()
    for _ in range(count):
        jobs.enqueue(type, {}, owner=owner)
    return {"seconds": time.perf_counter() - started}


def enqueue_naps(type: str, count: int, every: int, seconds: float) -> dict[str, float]:
    """Make runs of which one in `every` takes so many seconds, and the others none."""
    owner = _owner()
    payloads = [{"seconds": seconds if number % every == every // 2 else 0.0} for number in range(count)]
    started = time.perf_counter()
    jobs.enqueue_many(type, payloads, owner=owner)
    return {"seconds": time.perf_counter() - started}


def task_to_run_now() -> str:
    """Make a task without a schedule that says when its run began."""
    from tasks_app.services import tasks  # noqa: PLC0415
    from tasks_app.services.specs import TaskSpec  # noqa: PLC0415

    return str(tasks.task_create(owner=_owner(), spec=TaskSpec(name="now", type=CLOCK), actor="bench").id)


def api_key() -> str:
    """Make an API key and give its plain text."""
    return api_keys.api_key_create(user=_owner(), name="bench", scope="manage")[1]


def seed(count: int, burst: int, offset: int) -> None:
    """Make so many schedules."""
    _seed.seed(_owner(), count, burst, offset)


def aim(moment: float) -> None:
    """Let the schedules of the burst be due at this second."""
    _seed.aim(moment)


def edit() -> dict[str, float]:
    """Move a task to this very moment; gives when that was committed."""
    moment = {"kind": "once", "run_at": db_now().isoformat()}
    jobs.recurring(_seed.EDITED, NOOP, {}, moment, owner=_owner())
    return {"at": time.time()}


def fill(tasks: int, runs: int) -> dict[str, float]:
    """Let there be so many tasks and runs, of which one who owns few of them has a few; gives the seconds of work."""
    began, few = time.process_time(), max(12, tasks // 1000)
    someone, is_new = User.objects.get_or_create(username=FEW)
    if is_new:
        someone.user_permissions.add(Permission.objects.get(codename=OUTSIDE.rpartition(".")[2]))  # some send mail
        call_command("demo", tasks=few, runs=runs * few // tasks, owner=FEW, stdout=sys.stderr)
    few = ScheduledTask.objects.filter(owner=someone).count()
    call_command("demo", tasks=tasks - few, runs=runs - TaskRun.objects.count(), owner=OWNER, stdout=sys.stderr)
    for owner, share in ((_owner(), 40), (someone, 4_000)):
        _belongings.fill(owner, files=runs // share, records=2 * runs // share)
    task_counts.task_counts_keep("bench")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return {"cpu_seconds": time.process_time() - began}


def ask(calls: int) -> list[dict[str, Any]]:
    """Ask for every page, as one who sees everything and as one who owns few tasks, in a process loaded as web is."""
    with collector.loading():
        importlib.import_module("scheduler_project.asgi")
        preload.pages()
    return _asked.ask({OWNER: [*_asked.PAGES, *_asked.OPERATORS_PAGES], FEW: list(_asked.PAGES)}, calls)


def run_slowly(type: str, count: int, pause: float) -> None:
    """Make runs one by one, with a pause between them."""
    owner = _owner()
    for _ in range(count):
        jobs.enqueue(type, {}, owner=owner)
        time.sleep(pause)


def _owner() -> User:
    return User.objects.get(username=OWNER)


STEPS: dict[str, Callable[..., Any]] = {
    step.__name__: step
    for step in (
        prepare,
        enqueue,
        enqueue_singly,
        enqueue_naps,
        task_to_run_now,
        api_key,
        seed,
        aim,
        edit,
        run_slowly,
        fill,
        ask,
    )
}

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](**json.loads(sys.argv[2]))))
