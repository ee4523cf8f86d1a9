"""What the first requests would load otherwise, and the garbage collector would look through ever after."""

from pathlib import Path

from django.conf import settings
from django.template.loader import get_template
from django.urls import get_resolver


def pages() -> None:
    """Load every address and every page's template, in a fifth of a second; a template that is broken raises."""
    _ = get_resolver().url_patterns
    for directory in map(Path, settings.TEMPLATES[0]["DIRS"]):
        for path in sorted(directory.rglob("[!.]*.html")):  # what an editor leaves beside them is none
            get_template(path.relative_to(directory).as_posix())
