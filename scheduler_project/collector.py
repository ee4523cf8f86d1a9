"""Python's garbage collector, told that what a process is made of is no garbage.

A full round looks through every object there is, which takes 100 to 200 ms in a process with all of Django in memory:
some request would wait for it, or a second in which much is due. So what is there when a process has started is left
out for good. Children of a worker go on sharing that memory with their parent, which a look through it would end.
"""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Collect nothing while a process loads what it is made of, once at the end, and never look at what remains."""
    gc.disable()
    try:
        yield
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()
