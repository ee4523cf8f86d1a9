"""The components of the pages: state, time, duration, progress, icons, JSON, live regions."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from html import escape as plain_escape
from typing import Any

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from tasks_app.models import TaskRun
from tasks_app.selectors.access import Thing, deeds_with
from tasks_app.selectors.effects import ShownEffect
from tasks_app.states import Status
from tasks_app.templatetags import word_filters
from tasks_app.web import say, words
from tasks_app.web.addresses import address
from tasks_app.web.forms.field import Field
from tasks_app.web.once import FIELD, new_word
from tasks_app.web.traceback_view import TracePart

register = template.Library()
register.filters |= word_filters.register.filters
register.filter(say.way_back)
register.simple_tag(address)

_STANDS = SafeString("")
_TICKS = SafeString(" data-relative")
_GOES_ON = SafeString(" data-since")


@register.simple_tag
@lru_cache(maxsize=1024)
def icon(name: str, css: str = "icon") -> SafeString:
    """An icon from our one sprite; always decorative, the word stands beside it."""
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"></use></svg>', css, static("carillon/img/icons.svg"), name
    )


@register.simple_tag
@lru_cache(maxsize=1024)
def state(status: str, reason: str = "", css: str = "") -> SafeString:
    """A state: one colour, one shape, one word. `live.js` changes all three in place."""
    note = words.REASONS.get(str(reason), str(reason))
    small = format_html(" <small>{}</small>", note) if note else ""
    return format_html(
        '<span class="state is-{} {}" data-state>{}<span data-word>{}</span>{}</span>',
        status,
        css,
        icon(f"st-{status}"),
        status,
        small,
    )


@register.simple_tag(takes_context=True)
def deeds(context: dict[str, Any], thing: Thing) -> dict[str, bool]:
    """What the reader may do with a task, run or batch: no button is shown that would be refused."""
    return deeds_with(context["request"].user, thing)


@register.simple_tag
def once() -> SafeString:
    """The word by which a form that is sent twice does its work once."""
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, new_word())


@register.simple_tag
def slot_state(word: str) -> SafeString:
    """What a slot has: the state of its run, or that it has none."""
    if word in set(Status):
        return state(word)
    style = {"planned": ("scheduled", "still planned")}.get(word, ("none", word))
    return format_html('<span class="state is-{}">{}{}</span>', style[0], icon(f"slot-{word}"), style[1])


@register.simple_tag
def effect_state(shown: ShownEffect) -> SafeString:
    """What is known of a side effect, in the shapes and colours of the states."""
    style, word = {
        "done": ("succeeded", "happened"),
        "not_done": ("cancelled", "did not happen"),
        "unknown": ("failed", "nobody knows"),
        "intent": ("skipped", "not confirmed") if shown.can_settle else ("running", "under way"),
    }[shown.state]
    return format_html('<span class="state is-{}">{}{}</span>', style, icon(f"st-{style}"), word)


@register.simple_tag
def slot_mark(run: TaskRun, *, is_dated: bool = False) -> SafeString:
    """A run in a grid: its shape and colour; the slot and the word are read out, and shown on hover.

    `is_dated`: the slot stands there, too.
    """
    at = words.exact(run.scheduled_for) if run.scheduled_for else ""
    seen = planned_time(timezone.localtime(run.scheduled_for)) if is_dated and run.scheduled_for else ""
    return format_html(
        '<a href="{}" class="is-{}" title="{}: {}" data-run="{}" data-version="{}">{}{}</a>',
        reverse("run-detail", args=[run.pk]),
        run.status,
        at,
        run.status,
        run.pk,
        run.version,
        seen or format_html('<span class="sr">{}: </span>', at),
        state(run.status),
    )


@register.simple_tag
def when(instant: datetime | None, style: str = "relative", empty: str = "–", zone: str = "") -> SafeString:
    """A `<time>`: relative (ticking), brief clock text, the same with seconds; the exact instant on hover.

    With the zone of a task, its own clock is on hover too, where it shows something else.
    """
    if instant is None:
        return SafeString(escape(empty))
    now = timezone.now()
    text = {"relative": words.relative, "clock": words.clock, "seconds": words.clock_seconds}.get(style)
    shown = text(instant, now) if text else words.exact(instant)
    return time_of(instant, shown, zone=zone, attributes=_TICKS if style == "relative" else _STANDS)


@register.simple_tag
def until(instant: datetime, start: datetime) -> SafeString:
    """The end of a range that begins at `start`, with its day where that is another one."""
    return time_of(instant, words.clock_after(instant, start, timezone.now()))


def time_of(instant: datetime, shown: str, *, zone: str = "", attributes: SafeString = _STANDS) -> SafeString:
    """A `<time>` that says `shown`, and the exact instant on hover."""
    at = instant.astimezone(timezone.get_default_timezone()).isoformat()
    title = plain_escape(words.exact(instant, zone))
    return SafeString(f'<time datetime="{at}" title="{title}"{attributes}>{plain_escape(shown)}</time>')


@register.simple_tag
def run_name(run: Any) -> str:
    """What a run is called: its task's name, or its type in words when it has no task."""
    return str(run.task.name) if run.task else words.type_title(run.type)


@register.simple_tag(takes_context=True)
def field_attributes(context: dict[str, Any], field: Field) -> SafeString:
    """What every control of a field carries: its id and name, limits, what explains it, and the focus if it is first of
    those with something to mend."""
    found = {"id": field.id, "name": field.path, **field.attributes}
    if field.errors:
        found["aria-invalid"] = "true"
    if field.described_by:
        found["aria-describedby"] = field.described_by
    if field.errors and context.get("focus") == field.path:
        found["autofocus"] = ""
    required = mark_safe(" required") if field.is_required else ""
    return format_html("{}{}", format_html_join(" ", '{}="{}"', found.items()), required)


@register.filter
def inside_textarea(value: object) -> str:
    """A text as it stands in a `<textarea>`: browsers take the line end right behind the tag away."""
    text = str(value)
    return f"\n{text}" if text.startswith(("\n", "\r")) else text


@register.simple_tag
def planned_time(local: datetime, beside: datetime | None = None) -> SafeString:
    """A planned instant on some clock, with the year where it is not this one, and its offset where the clock repeats.

    `beside` is the same instant on another clock: what that says already, the day or the year, is left out.
    """
    known = timezone.localdate() if beside is None else beside.date()
    year = "" if local.year == known.year else f" {local.year}"
    day = "" if beside is not None and local.date() == known else f"{local:%a} {local.day} {local:%b}{year}, "
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    clock += words.which_pass(local)
    return format_html('<time datetime="{}" title="{}">{}{}</time>', local.isoformat(), words.exact(local), day, clock)


@register.simple_tag
def trace(parts: Sequence[TracePart]) -> SafeString:
    """A traceback, its library lines in a quieter colour."""
    rows = (("ours" if part.is_ours else "theirs", part.text) for part in parts)
    return format_html_join("\n", '<span class="{}">{}</span>', rows)


@register.simple_tag
def log_time(instant: str) -> SafeString:
    """The time of a log line, to the millisecond; the exact instant on hover."""
    local = timezone.localtime(datetime.fromisoformat(instant))
    shown = f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"
    return format_html('<time datetime="{}" title="{}">{}</time>', instant, words.exact(local), shown)


@register.simple_tag
def since(instant: datetime | None) -> SafeString:
    """The time that something has been going on, ticking; the exact instant of its begin on hover."""
    if instant is None:
        return SafeString("–")
    spent = words.duration(max((timezone.now() - instant) / timedelta(seconds=1), 0))
    return time_of(instant, spent, attributes=_GOES_ON)


@register.inclusion_tag("parts/progress.html")
def progress(run: Any) -> dict[str, Any]:
    """A running run's progress: a bar when it says how much there is, a moving one when it does not."""
    said = run.progress or {}
    done, total = said.get("done"), said.get("total")
    percent = min(100, round(100 * done / total)) if total and done is not None else None
    return {"run": run, "done": done, "total": total, "percent": percent, "message": said.get("message", "")}


@register.simple_tag(takes_context=True)
def live(context: template.Context, name: str, topic: str, version: int | None = None) -> SafeString:
    """Make the element a live region: `live.js` has htmx fetch it again from this page when a frame says so.

    The view answers with this fragment alone when the request's HX-Target is `name`. Where it must know more of the
    page than its address says, it gives another address as `live_path`.
    """
    attributes = format_html(
        'id="{}" data-live="{}" hx-get="{}" hx-trigger="live" hx-target="this" hx-swap="outerHTML"',
        name,
        topic,
        context.get("live_path") or context["request"].get_full_path(),
    )
    return attributes if version is None else format_html('{} data-version="{}"', attributes, version)
