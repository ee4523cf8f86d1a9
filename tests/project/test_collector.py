"""What a process has loaded is left out of the garbage collector's rounds."""

import gc
import os
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
from django.template import Engine
from django.template.loaders.cached import Loader

from scheduler_project import collector, preload
from scheduler_project.settings import BASE_DIR

# The border is where the package that serves takes over: what it would then wait for is not there.
PROGRAM = """
import gc, sys
import celery.apps.beat, celery.apps.worker, uvicorn

def serve(self):
    print(gc.isenabled(), gc.get_freeze_count(), *sys.modules)
    raise SystemExit

uvicorn.Server.run = celery.apps.worker.Worker.start = celery.apps.beat.Beat.start_scheduler = serve
from scheduler_project import start
start.main(sys.argv[1:])
"""


def test_nothing_is_collected_while_a_process_loads_and_all_of_it_is_left_alone_afterwards() -> None:
    with collector.loading():
        assert not gc.isenabled()
        before = gc.get_freeze_count()
    assert gc.isenabled()
    assert gc.get_freeze_count() > before
    assert not gc.get_objects(generation=2)


class Round:
    """Refers to itself, so that only the collector ends it."""

    def __init__(self) -> None:
        self.about = self


def test_what_was_garbage_when_the_loading_ended_is_gone() -> None:
    with collector.loading():
        garbage = weakref.ref(Round())
        assert garbage() is not None
    assert garbage() is None


def test_a_fault_while_loading_leaves_the_collector_at_work() -> None:
    with pytest.raises(ImportError), collector.loading():
        raise ImportError
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("kind", "loaded"),
    [
        ("web", {"scheduler_project.asgi", "tasks_app.api.tasks", "tasks_app.admin.tasks"}),
        ("worker", {"tasks_app.worker", "tasks_app.kinds.send_email"}),
        ("beat", {"tasks_app.scheduler", "tasks_app.services.firing"}),
    ],
)
def test_each_process_has_loaded_itself_before_it_serves(kind: str, loaded: set[str], tmp_path: Path) -> None:
    own = {
        "VAR_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "scheduler_project.settings",
        "ENVIRONMENT": "development",
    }
    words = [sys.executable, "-c", PROGRAM, kind]
    done = subprocess.run(words, cwd=BASE_DIR, env=os.environ | own, capture_output=True, text=True, check=True)
    is_enabled, frozen, *modules = done.stdout.split()
    assert is_enabled == "True"
    assert int(frozen) > 10_000
    assert loaded <= {*modules}


def test_a_page_that_nobody_has_asked_for_yet_is_loaded_with_the_process() -> None:
    (loader,) = (one for one in Engine.get_default().template_loaders if isinstance(one, Loader))
    loader.reset()
    preload.pages()
    loaded = set(loader.get_template_cache)
    assert {"pages/home.html", "parts/run-row.html", "admin/index.html"} <= loaded
