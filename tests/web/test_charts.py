"""Charts are drawn by one family of tags, and each says in words what it shows."""

import re
from pathlib import Path

from django.conf import settings

from tasks_app.templatetags.charts import register

TEMPLATES = Path(settings.BASE_DIR) / "templates"
TAGGED = {"strip", "minute-bars", "run-time-bars", "load-chart", "lane", "landings", "spark", "stretches", "batch-bar"}
FIELDS = {"calendar-year"}
"""Pictures in which people choose: parts of a form."""
_PICTURE = re.compile(r"<svg[^>]*?role=\"[^>]*>", re.DOTALL)


def pictures() -> dict[str, list[str]]:
    """Every picture of the templates that is more than an icon, by the template."""
    found = {path.stem: _PICTURE.findall(path.read_text(encoding="utf-8")) for path in TEMPLATES.rglob("*.html")}
    return {name: shown for name, shown in found.items() if shown}


def test_every_chart_has_its_tag_and_its_words() -> None:
    assert set(pictures()) == TAGGED | FIELDS
    for name in TAGGED:
        assert all("aria-label=" in one for one in pictures()[name]), name


def test_no_page_draws_a_chart_past_its_tag() -> None:
    parts = "|".join((*TAGGED, "heat-map"))
    included = re.compile(rf"include \"parts/(?:{parts})\.html")
    assert [path.name for path in TEMPLATES.rglob("*.html") if included.search(path.read_text(encoding="utf-8"))] == []


def test_the_page_of_components_shows_them_by_their_tags() -> None:
    page = "".join((TEMPLATES / name).read_text() for name in ("pages/gallery.html", "parts/gallery-charts.html"))
    shown = {name for name in register.tags if f"{{% {name} " in page}
    assert shown == set(register.tags)
    assert "<svg" not in page
