"""Single runs and every few days or weeks, in plain words; in Berlin."""

import pytest

from tests.core.recurrence.texts import meaning, rows

TABLE = {
    "every 3 days from 1970-01-01T05:00:00Z": ("every 3 days at 6",),
    "every 2 days from 1970-01-01T06:00:00Z": ("every other day at 7",),
    "every 14 days from 1970-01-06T09:00:00Z": ("every other Tuesday at 10",),
    "every 14 days from 1970-01-05T05:15:00Z + every 14 days from 1970-01-08T05:15:00Z": (
        "every 2 weeks on Monday and Thursday at 6:15",
    ),
    "every 21 days from 1970-01-11T11:00:00Z": ("every three weeks on Sunday at noon",),
    "every 14 days from 1970-01-05T08:00:00Z": (
        "biweekly on Monday at 9",
        "fortnightly on Monday at 9",
        "every 2nd week on Monday at 9",
        "every other Monday at 9",
        "every 2 weeks on Mon at 9",
        "every 2 weeks on Mondays at 9",
        "every fortnight on Monday at 9",
        "every second week on Monday at 9",
        "bi-weekly on Monday at 9",
        "every Monday every other week at 9",
        "every alternate Monday at 9",
        "on alternate Mondays at 9",
    ),
    "every 14 days from 2027-03-02T09:00:00Z": ("every other Tuesday at 10 starting 2 March 2027",),
    "once 2027-03-03T11:00:00Z": (
        "on 3 March 2027 at noon",
        "Once, on 3 March 2027 at 12:00",
        "once on 3 March 2027 at noon",
        "once, on 3 March 2027, at 12:00",
    ),
    "once 2027-03-03T11:30:00Z": ("on March 3, 2027 at 12:30",),
    "once 2027-03-03T13:00:00Z": (
        "2027-03-03 at 14:00",
        "2027-03-03 14:00",
        "3.3.2027 14:00",
        "2027-03-03T14:00",
    ),
    "once 2027-12-31T08:00:00Z": (
        "31/12/2027 9:00",
        "12/31/2027 9:00",
    ),
    "once 2027-12-31T08:30:00Z": ("31.12.2027 at 9.30",),
    "every 14 days from 1970-01-10T08:00:00Z + every 14 days from 1970-01-11T08:00:00Z": ("every other weekend at 9",),
    "every 2 days from 1970-01-01T08:00:00Z": (
        "every second day at 9",
        "every alternate day at 9",
    ),
    "every 5 hours from 2026-01-01T00:00:00Z": ("Every 5 hours, counted from 1 January 2026 at 01:00",),
    "every 14 days from 2026-03-03T09:00:00Z": ("Every 14 days at 10:00, counted from 3 March 2026",),
    "every 14 days from 1970-01-01T08:00:00Z": ("every 14 days at 9",),
    "once 2027-03-03T08:00:00Z": (
        "on Wednesday 3 March 2027 at 9",
        "at 9 on 3 March 2027",
        "3rd March 2027 at 9",
        "3rd of March 2027 at 9",
        "the 3rd of March, 2027 at 9",
        "March 3rd, 2027 at 9am",
        "Mar 3 2027 9:00",
        "3 Mar 2027, 09:00",
        "Wed, 3 Mar 2027 9:00",
        "Wednesday, March 3, 2027 at 9:00 AM",
        "2027/03/03 9:00",
        "2027-3-3 9:00",
        "2027-03-03T09:00",
    ),
    "once 2027-03-03T08:00:00Z + once 2027-03-05T08:00:00Z": ("3 and 5 March 2027 at 9",),
    "every 2 days from 1970-01-01T05:00:00Z": (
        "once every 2 days at 6",
        "every 2 days at 6",
        "every two days at 6am",
        "every 2nd day at 6",
    ),
    "every 10 days from 1970-01-01T11:00:00Z": ("every 10 days at noon",),
    "every 3 days from 2027-03-02T05:00:00Z": (
        "every 3 days at 6 starting 2 March 2027",
        "every 3 days at 6 from 2027-03-02",
    ),
    "every 2 days from 1970-01-01T06:00:00Z + every 2 days from 1970-01-01T18:00:00Z": ("every other day at 7 and 19",),
    "every 14 days from 1970-01-05T08:00:00Z + every 14 days from 1970-01-07T08:00:00Z": ("every other Mon, Wed at 9",),
    "every 14 days from 1970-01-09T16:00:00Z": (
        "every two weeks on Friday at 17",
        "once every two weeks on Friday at 17",
    ),
    "every 28 days from 1970-01-05T08:00:00Z": ("every 4 weeks on Monday at 9",),
    "once 2027-03-03T08:00:30Z": ("2027-03-03 09:00:30",),
    "once 2027-12-25T08:00:00Z": ("25.12.2027 9:00",),
    "every 14 days from 2027-03-05T16:00:00Z": (
        "every 2 weeks on Friday at 5pm starting March 5, 2027",
        "every 2 weeks on Friday from 2027-03-05 at 17:00",
        "every other Friday starting 2027-03-05, 17:00",
    ),
    "every 10 days from 2027-01-01T07:00:00Z": ("every 10 days starting 1 January 2027 at 8",),
    "every 21 days from 2027-03-04T08:00:00Z + every 21 days from 2027-03-22T08:00:00Z": (
        "every 3 weeks on Mon and Thu at 9 counted from 4 March 2027",
    ),
    "every 7 days from 1970-01-01T08:00:00Z": ("every 7 days at 9",),
    "every 3660 days from 1970-01-01T08:00:00Z": ("every 3660 days at 9",),
    "every 3 days from 1970-01-01T08:00:00Z": (
        "every 3 days - 9:00",
        "every third day at 9",
    ),
}


@pytest.mark.parametrize(("text", "expected"), rows(TABLE))
def test_a_date_is_understood(text: str, expected: str) -> None:
    assert meaning(text) == expected
