"""Days off out of iCalendar files: what counts, what is left out and why, and what hostile files cost."""

from datetime import date, timedelta

import pytest

from tasks_app.errors import Invalid
from tasks_app.services.ical import MOST_BYTES, MOST_DAYS, Imported, read_ical
from tasks_app.services.ical.days import MOST_LOOKED_AT

TODAY = date(2026, 11, 29)


def file_of(*events: str) -> str:
    """Write a file; each event is its lines but BEGIN and END."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN"]
    for event in events:
        lines += ["BEGIN:VEVENT", *event.strip().split("\n"), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def read(*events: str) -> Imported:
    return read_ical(file_of(*events), today=TODAY)


def days(*events: str) -> list[str]:
    return list(read(*events).days)


def refusal(content: str | bytes) -> tuple[str, str]:
    """Give code and message of the refusal, which is always at the field `ical`."""
    with pytest.raises(Invalid) as caught:
        read_ical(content, today=TODAY)
    ((field, (fault,)),) = caught.value.fields.items()
    assert field == "ical"
    return fault.code, fault.message


def left_out(*events: str) -> dict[str, list[str]]:
    """Give what is left out beside one day that is kept."""
    return {one.reason: one.examples for one in read("DTSTART:20270101", *events).left_out}


def test_a_whole_day_is_a_day_off() -> None:
    found = read("DTSTART;VALUE=DATE:20270514\nSUMMARY;LANGUAGE=en:Bridge day\\, all offices\nTRANSP:TRANSPARENT")
    assert (found.days, found.left_out) == ({"2027-05-14": "Bridge day, all offices"}, [])


def test_a_name_is_folded_and_becomes_one_short_line() -> None:
    (name,) = read("DTSTART:20270514\nSUMMARY:Works\\nouting of the\n  whole compa\n ny " + "x" * 200).days.values()
    assert name.startswith("Works outing of the whole company xxx")
    assert len(name) == 100


@pytest.mark.parametrize(
    ("end", "count"),
    [
        ("DTEND;VALUE=DATE:20270517", 3),
        ("DTEND;VALUE=DATE:20270515", 1),
        ("DTEND;VALUE=DATE:20270514", 1),
        ("DURATION:P2D", 2),
        ("DURATION:P1W", 7),
        ("", 1),
    ],
)
def test_the_end_is_the_first_day_after_it(end: str, count: int) -> None:
    expected = [str(date(2027, 5, 14) + timedelta(n)) for n in range(count)]
    assert days(f"DTSTART;VALUE=DATE:20270514\n{end}") == expected


def test_a_rule_is_looked_at_from_a_year_ago_to_ten_years_ahead() -> None:
    found = days("DTSTART:20000703\nRRULE:FREQ=YEARLY;BYMONTH=7;BYDAY=1MO")
    assert (len(found), found[0], found[1], found[-1]) == (11, "2026-07-06", "2027-07-05", "2036-07-07")


def test_days_that_stay_the_same_are_of_every_year() -> None:
    assert days("DTSTART:20201224\nDTEND:20201227\nRRULE:FREQ=YEARLY") == ["12-24", "12-25", "12-26"]
    assert days("DTSTART:20200501\nRRULE:FREQ=YEARLY;BYMONTH=1,5;BYMONTHDAY=1") == ["01-01", "05-01"]
    assert days("DTSTART:20201230\nDTEND:20210102\nRRULE:FREQ=YEARLY") == ["01-01", "12-30", "12-31"]
    assert days("DTSTART:20200229\nRRULE:FREQ=YEARLY") == ["02-29"]


@pytest.mark.parametrize(
    ("event", "first"),
    [
        ("DTSTART:20201224\nRRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20271224", ["2025-12-24", "2026-12-24", "2028-12-24"]),
        ("DTSTART:20281224\nRRULE:FREQ=YEARLY", ["2028-12-24", "2029-12-24", "2030-12-24"]),
        ("DTSTART:20201224\nRRULE:FREQ=YEARLY;UNTIL=20261224", ["2025-12-24", "2026-12-24"]),
        ("DTSTART:20240228\nDTEND:20240302\nRRULE:FREQ=YEARLY;BYMONTH=2", ["2026-02-28", "2026-03-01", "2026-03-02"]),
    ],
)
def test_days_that_are_not_the_same_every_year_are_written_out(event: str, first: list[str]) -> None:
    assert days(event)[:3] == first


def test_days_are_added_taken_out_and_moved() -> None:
    series = "UID:a\nDTSTART:20270104\nSUMMARY:Closed\nRRULE:FREQ=WEEKLY;COUNT=5"
    more = "RDATE;VALUE=DATE:20270301,20270302\nEXDATE;VALUE=DATE:20270111\nEXDATE:20270125T000000Z"
    moved = "UID:a\nRECURRENCE-ID;VALUE=DATE:20270118\nDTSTART:20270120\nSUMMARY:Closed later"
    cancelled = "UID:a\nRECURRENCE-ID;VALUE=DATE:20270201\nDTSTART:20270201\nSTATUS:CANCELLED"
    found = read(f"{series}\n{more}", moved, cancelled)
    assert list(found.days) == ["2027-01-04", "2027-01-20", "2027-03-01", "2027-03-02"]
    assert found.days["2027-01-20"] == "Closed later"


def test_events_of_one_day_share_it() -> None:
    found = read(
        "DTSTART:20270514\nSUMMARY:Bridge", "DTSTART:20270514\nSUMMARY:Outing", "DTSTART:20270514\nSUMMARY:Bridge"
    )
    assert found.days == {"2027-05-14": "Bridge, Outing"}


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("DTSTART:20270101T100000Z\nDTEND:20270102T100000Z", "has a time of day"),
        ("DTSTART;TZID=Europe/Berlin:20270101T000000\nDTEND;TZID=Europe/Berlin:20270102T000000", "has a time of day"),
        ("DTSTART:20270101\nDURATION:PT36H", "has a time of day"),
        ("DTSTART:20270101\nDTEND:20270102T120000", "has a time of day"),
        ("DTSTART:20270101\nSTATUS:cancelled", "is cancelled"),
        ("DTSTART:20270105\nDTEND:20270101", "ends before it begins"),
        ("DTSTART:20270101\nDURATION:P2000D", "lasts longer than 62 days"),
        ("DTSTART:20240101", "lies before 2025-11-28 or after 2036-11-29"),
        ("DTSTART:20500101", "lies before 2025-11-28 or after 2036-11-29"),
        ("DTSTART:20270101\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "lies before 2025-11-28 or after 2036-11-29"),
        ("DTSTART:20270101\nRRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "repeats by BYSETPOS, which is not read here"),
        ("DURATION:P1D", "has no date"),
    ],
)
def test_what_is_no_day_off_is_left_out_with_its_reason(event: str, reason: str) -> None:
    assert left_out(f"{event}\nSUMMARY:Lunch") == {reason: ["Lunch"]}


def test_reasons_are_counted_with_a_few_examples() -> None:
    lunches = [f"DTSTART:20270101T120000Z\nSUMMARY:Lunch {n}" for n in range(5)]
    (one,) = read("DTSTART:20270101", *lunches).left_out
    assert (one.count, one.examples) == (5, ["Lunch 0", "Lunch 1", "Lunch 2"])


def test_what_is_not_an_event_is_passed_over_unread() -> None:
    zone = "BEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\nDTSTART:nonsense\nRRULE:FREQ=SECONDLY\nEND:STANDARD\nEND:VTIMEZONE"
    alarm = 'DTSTART:20270514\nX-ODD;A="b:c;d":e\nBEGIN:VALARM\nTRIGGER:nonsense\nDTSTART:nonsense\nEND:VALARM'
    todo = "BEGIN:VTODO\nDTSTART:20270101\nEND:VTODO"
    text = file_of(alarm).replace("VERSION:2.0", "\n".join(["VERSION:2.0", zone, todo]))
    assert list(read_ical(text, today=TODAY).days) == ["2027-05-14"]


@pytest.mark.parametrize("breaks", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_lines_end_in_any_of_three_ways_and_a_mark_may_come_first(breaks: str, mark: bytes) -> None:
    content = mark + file_of("DTSTART:20270514\nSUMMARY:Fête").replace("\r\n", breaks).encode()
    assert read_ical(content, today=TODAY).days == {"2027-05-14": "Fête"}


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        ("", "not_ical", "does not begin with BEGIN:VCALENDAR"),
        ("https://example.org/feed.ics", "not_ical", "does not begin"),
        ("<!doctype html>", "not_ical", "does not begin"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n", "no_days", "no event"),
        (file_of("DTSTART:20270101T100000"), "no_days", "“(no name)” has a time of day"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20270101\nEND:VCALENDAR\n", "syntax", "Line 4: END:VCALENDAR does"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "syntax", "Line 2: BEGIN:VEVENT has no END"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\nX:1\n", "syntax", "Line 3: stands behind the end"),
        ("BEGIN:VCALENDAR\n\nfree text\n", "syntax", "Line 3: must read NAME:value; it is “free text”"),
        ("BEGIN:VCALENDAR\nX:a\n b\n=c:d\n", "syntax", "Line 4:"),
        (file_of("DTSTART:tomorrow"), "syntax", "Line 5: DTSTART is no date such as 20270514: “tomorrow”"),
        (file_of("DTSTART:20270230"), "syntax", "Line 5: DTSTART names a day that there is not"),
        (file_of("DTSTART:２０２７０１０１"), "syntax", "Line 5: DTSTART is no date"),
        (file_of("DTSTART:20270101\nDURATION:long"), "syntax", "Line 6: DURATION is no duration"),
        (file_of("DTSTART:20270101\nDURATION:P99999999999D"), "syntax", "Line 6: DURATION is no duration"),
        (file_of("DTSTART:20270101\nRRULE:often"), "syntax", "Line 6: RRULE is no rule"),
        (file_of("DTSTART:20270101\nRRULE:FREQ=DAILY;COUNT=99999999999999999999"), "syntax", "RRULE is no rule"),
        (file_of("DTSTART:20270101\nEXDATE:20270101,x"), "syntax", "Line 6: EXDATE is no date"),
        (file_of("DTSTART;VALUE:20270101"), "syntax", "Line 5: DTSTART cannot be read"),
        (file_of("DTSTART:20270101\nRRULE:FREQ=SECONDLY"), "rule", "cannot repeat by FREQ=SECONDLY"),
        (file_of("DTSTART:20270101\nRRULE:FREQ=DAILY;INTERVAL=0"), "rule", "Line 6: whole days cannot"),
        (file_of("DTSTART:20270101\nSUMMARY:a\x00b"), "characters", "Line 6: must not contain the character U+0000"),
        (file_of("DTSTART:20270101\nSUMMARY:a\x85b"), "characters", "Line 6: must not contain the character U+0085"),
        (file_of("X:1").encode("utf-16"), "encoding", "Line 1: this is not UTF-8"),
        (file_of("SUMMARY:Fête").encode("latin-1"), "encoding", "Line 5: this is not UTF-8"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_at_its_line(content: str | bytes, code: str, words: str) -> None:
    found, message = refusal(content)
    assert (found, words in message) == (code, True), message


def test_a_file_may_be_so_large_and_no_larger() -> None:
    padding = "X-A:" + "a" * 996 + "\r\n"
    text = file_of("DTSTART:20270514").replace("PRODID", padding * 300 + "PRODID")[: MOST_BYTES + 1]
    assert refusal(text)[0] == "too_large"
    assert refusal("é" * (MOST_BYTES // 2 + 1))[0] == "too_large"
    assert refusal(text[:MOST_BYTES])[0] == "syntax", "it is cut in the middle, but not too large"


def test_nesting_is_bounded() -> None:
    assert refusal("BEGIN:VCALENDAR\n" + "BEGIN:X\n" * 20_000)[0] == "too_deep"


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY",
        "FREQ=DAILY;COUNT=1000000000",
        "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO,TU,WE,TH,FR",
        f"FREQ=MONTHLY;BYMONTHDAY={','.join(map(str, range(1, 21)))}",
    ],
)
def test_a_file_gives_so_many_days_and_no_more(rule: str) -> None:
    code, message = refusal(file_of(f"DTSTART:20260101\nRRULE:{rule}"))
    assert (code, message) == ("too_many", "It has more than 2,000 days off.")


def test_single_days_are_counted_too() -> None:
    single = [f"DTSTART:{date(2026, 12, 1) + timedelta(n):%Y%m%d}" for n in range(MOST_DAYS)]
    assert len(days(*single)) == MOST_DAYS
    assert refusal(file_of(*single, "DTSTART:20360101"))[0] == "too_many"


@pytest.mark.parametrize(
    "event",
    [
        "DTSTART:20260101\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "DTSTART:20260101\nRRULE:FREQ=YEARLY;BYMONTH=2;BYDAY=5MO,5TU",
        "DTSTART:00010101\nRRULE:FREQ=DAILY;COUNT=1000000000",
        "DTSTART:20000101\nDURATION:P62D\nRRULE:FREQ=MONTHLY;UNTIL=20301231",
    ],
)
def test_the_days_that_are_looked_at_are_counted_over_the_whole_file(event: str) -> None:
    code, message = refusal(file_of(*[event] * (MOST_LOOKED_AT // 3000)))
    assert (code, message) == ("too_much", "Its rules would take too long to work out; import the days themselves.")


def test_the_ends_of_time_are_no_faults() -> None:
    for event in ("DTSTART:00010101", "DTSTART:99991231\nDURATION:P366D", "DTSTART:00010101\nDTEND:99991231"):
        left_out(event)
    assert days("DTSTART:20270101\nDURATION:P2D\nRDATE:99991231,00010101") == ["2027-01-01", "2027-01-02"]
    assert days("DTSTART:20201224\nDURATION:P2D\nRDATE:99991231\nRRULE:FREQ=YEARLY") == ["12-24", "12-25"]
