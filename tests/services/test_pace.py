"""Which types are short, and how many of their runs make a group."""

from tasks_app.models.platform import GROUP_MOST
from tasks_app.services.execution.pace import SAMPLE, Pace
from tests.handler_types import declared


def nothing(ctx: object, payload: object) -> None:
    """Do nothing."""


def test_a_type_that_nobody_knows_goes_alone() -> None:
    assert Pace().most("gone") == 1


def test_a_type_is_found_to_be_short_after_a_hundred_short_runs() -> None:
    pace = Pace()
    with declared(nothing) as name:
        for _ in range(SAMPLE - 1):
            pace.note(name, 0.001)
        assert pace.most(name) == 1
        pace.note(name, 0.001)
        assert pace.most(name) == GROUP_MOST


def test_one_long_run_of_a_hundred_is_forgiven_and_two_are_not() -> None:
    pace = Pace()
    with declared(nothing) as name:
        for _ in range(SAMPLE):
            pace.note(name, 0.001)
        pace.note(name, 0.02)
        assert pace.most(name) > 1
        pace.note(name, 0.02)
        assert pace.most(name) == 1
        for _ in range(SAMPLE - 1):
            pace.note(name, 0.001)
        assert pace.most(name) > 1, "the first of them is out of the last hundred"


def test_a_declaration_wins() -> None:
    pace = Pace()
    with declared(nothing, short=True) as short, declared(nothing, short=False) as long:
        for _ in range(SAMPLE):
            pace.note(long, 0.0001)
        assert pace.most(short) == GROUP_MOST
        assert pace.most(long) == 1


def test_a_group_is_a_quarter_of_a_second_of_work() -> None:
    pace = Pace()
    with declared(nothing, short=True) as name:
        for _ in range(10):
            pace.note(name, 0.05)
        assert pace.most(name) == 5
