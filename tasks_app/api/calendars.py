"""Calendars of days off: the caller's own and those that are shared."""

import uuid

from tasks_app.api.calendar_shapes import (
    Calendar,
    CalendarChanges,
    CalendarIn,
    CalendarPage,
    Country,
    CountryPage,
    DayOffPage,
    DaysQuery,
    ImportIn,
    ImportOut,
    LeftOut,
    calendar_out,
    countries,
    day_off,
)
from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import by_number
from tasks_app.api.parameters import PageQuery
from tasks_app.errors import Conflict
from tasks_app.selectors.calendar_days import days_off_between
from tasks_app.selectors.calendars import calendar_get, visible_calendars, with_uses
from tasks_app.services.calendars import calendar_create, calendar_delete, calendar_import, calendar_update


class CalendarList(Endpoint):
    """The calendars that the caller may use."""

    @operation("calendar_list")
    def get(self, call: Call, query: PageQuery) -> CalendarPage:
        """List your calendars and the shared ones; staff see everybody's."""
        rows = with_uses(visible_calendars(call.user))
        return CalendarPage(**by_number(call, rows, query, lambda row: calendar_out(call, row)))

    @operation("calendar_create", status=201)
    def post(self, call: Call, body: CalendarIn) -> Calendar:
        """Make a calendar."""
        return calendar_out(call, calendar_create(owner=call.user, values=body.model_dump()))


class CalendarObject(Endpoint):
    """One calendar."""

    @operation("calendar_get")
    def get(self, call: Call, calendar_id: uuid.UUID) -> Calendar:
        """Give a calendar."""
        return calendar_out(call, calendar_get(call.user, calendar_id))

    @operation("calendar_update", if_match=True)
    def patch(self, call: Call, body: CalendarChanges, calendar_id: uuid.UUID) -> Calendar:
        """Edit a calendar. What is due by it as it was still happens; then the tasks that keep it are planned anew."""
        done = calendar_update(
            calendar=calendar_get(call.user, calendar_id),
            by=call.user,
            changes=body.model_dump(exclude_unset=True),
            actor=call.actor,
            expected_version=call.if_match,
        )
        return calendar_out(call, done)

    @operation("calendar_delete", status=204)
    def delete(self, call: Call, calendar_id: uuid.UUID) -> None:
        """Remove a calendar; 409 while active or paused tasks keep it."""
        calendar_delete(calendar=calendar_get(call.user, calendar_id), by=call.user)


class CalendarDays(Endpoint):
    """The days off of a calendar."""

    @operation("calendar_days")
    def get(self, call: Call, query: DaysQuery, calendar_id: uuid.UUID) -> DayOffPage:
        """List the days off in a span of two years at most, with why each is one; 409 where one cannot be read."""
        first, last = query.span()
        calendar = calendar_get(call.user, calendar_id)
        try:
            days = [day_off(one) for one in days_off_between(calendar, first, last)]
        except ValueError as error:
            raise Conflict(f"{error} Mend it first.") from None
        return DayOffPage(results=days, next=None, previous=None, count=len(days), count_is_exact=True)


class CalendarImport(Endpoint):
    """Days off out of a file."""

    @operation("calendar_import", if_match=True)
    def post(self, call: Call, body: ImportIn, calendar_id: uuid.UUID) -> ImportOut:
        """Put the whole-day events of an iCalendar file in the place of the days that an earlier one brought."""
        calendar, found = calendar_import(
            calendar=calendar_get(call.user, calendar_id),
            by=call.user,
            content=body.ical,
            actor=call.actor,
            expected_version=call.if_match,
        )
        left_out = [LeftOut(reason=one.reason, count=one.count, examples=one.examples) for one in found.left_out]
        return ImportOut(calendar=calendar_out(call, calendar), found=len(found.days), left_out=left_out)


class CountryList(Endpoint):
    """The countries whose public holidays are known."""

    @operation("calendar_countries")
    def get(self, call: Call) -> CountryPage:
        """List the countries whose public holidays are known, by name, with their parts."""
        known: list[Country] = countries()
        return CountryPage(results=known, next=None, previous=None, count=len(known), count_is_exact=True)
