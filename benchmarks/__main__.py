"""Runs the benchmarks: `python -m benchmarks [name …]`; QUICK=1 takes less of everything."""

import importlib
import os
import pkgutil
import sys

import benchmarks


def main(names: list[str]) -> int:
    """Run those of the names, or every module of this package that has a `main`."""
    found = names or sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    quick = os.environ.get("QUICK", "") not in ("", "0")
    for name in found:
        if name.startswith("_"):
            continue
        run = getattr(importlib.import_module(f"benchmarks.{name}"), "main", None)
        if run is not None:
            run(quick)
        elif names:
            print(f"There is no benchmark {name!r}.", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
