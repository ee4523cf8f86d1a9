"""The charts: pictures that the server draws, each with the same said in words for those who do not see it."""

from collections.abc import Sequence
from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from tasks_app.web.batches import Shown
from tasks_app.web.heat_map import Month
from tasks_app.web.lanes import Lane
from tasks_app.web.load_chart import Chart
from tasks_app.web.minute_bars import MinuteBars
from tasks_app.web.run_time_bars import RunTimeBars
from tasks_app.web.run_times import Stretch
from tasks_app.web.spark import Spark
from tasks_app.web.spread import Landing
from tasks_app.web.strip import BarRun, NamedRun, draw, small

register = template.Library()
Drawn = dict[str, object]


@register.inclusion_tag("parts/strip.html")
def strip(runs: Sequence[NamedRun], slots: Sequence[datetime] = ()) -> Drawn:
    """The last fifty runs, now, and the next ten slots."""
    return {"strip": draw(runs, slots, now=timezone.now())}


@register.inclusion_tag("parts/strip.html")
def past_strip(runs: Sequence[NamedRun]) -> Drawn:
    """Runs up to one of them, which stands at the line."""
    return {"strip": draw(runs, (), now=timezone.now(), is_past_alone=True)}


@register.simple_tag
def small_strip(runs: Sequence[BarRun], slots: Sequence[datetime] = ()) -> SafeString:
    """The same in a row of a list."""
    return small(runs, slots, now=timezone.now())


@register.inclusion_tag("parts/minute-bars.html")
def minute_bars(chart: MinuteBars) -> Drawn:
    """How many runs ended in each minute or hour, and how: bars from zero, and a table behind a click."""
    return {"chart": chart}


@register.inclusion_tag("parts/run-time-bars.html")
def run_time_bars(chart: RunTimeBars) -> Drawn:
    """How many runs took how long: bars from zero, and a table behind a click."""
    return {"chart": chart}


@register.inclusion_tag("parts/load-chart.html")
def load_chart(chart: Chart) -> Drawn:
    """How many runs will start, and when it is crowded."""
    return {"chart": chart}


@register.inclusion_tag("parts/lane.html")
def lane(one: Lane, chart: Chart) -> Drawn:
    """When one task will start, under the load of all."""
    return {"lane": one, "chart": chart}


@register.inclusion_tag("parts/landings.html")
def landings(found: Sequence[Landing], minutes: int) -> Drawn:
    """In which minutes tasks would start that are spread over some."""
    return {"landings": found, "minutes": minutes}


@register.inclusion_tag("parts/heat-map.html")
def heat_map(month: Month) -> Drawn:
    """A month of runs, a cell per day that leads to its runs."""
    return {"month": month}


@register.inclusion_tag("parts/spark.html")
def sparkline(spark: Spark) -> Drawn:
    """How something went over the last hour, in a cell of a table."""
    return {"spark": spark}


@register.inclusion_tag("parts/stretches.html")
def stretches(parts: Sequence[Stretch]) -> Drawn:
    """The time that a run spent in each state."""
    return {"stretches": parts}


@register.inclusion_tag("parts/batch-bar.html")
def batch_bar(shown: Shown) -> Drawn:
    """How far a batch is."""
    return {"shown": shown}
