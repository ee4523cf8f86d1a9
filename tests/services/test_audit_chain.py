"""The chain of the audit log: no gap, no twin, and whoever changes an entry is found out."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.models import QuerySet
from django.utils import timezone
from pytest_django import Settings

from tasks_app.models import AuditEntry, Lease
from tasks_app.selectors.audit_chain import ANCHOR, HEAD, UNSEALED_FOR, Broken, audit_log, mark_of, verify
from tasks_app.services import audit
from tasks_app.services.audit_sealing import STEP, audit_prune, audit_seal

Rows = QuerySet[AuditEntry]


def rows() -> Rows:
    """The rows as somebody has them who goes to the database itself."""
    return QuerySet(AuditEntry)


def write(count: int) -> None:
    """Make entries."""
    AuditEntry.objects.bulk_create(audit.entry("queue.pause", name=f"q{number}") for number in range(count))


def seal() -> int:
    """Seal all there is, round by round; gives the number of entries."""
    count = 0
    while done := audit_seal("tests"):
        count += done
    return count


def positions() -> list[int | None]:
    return list(AuditEntry.objects.order_by("position").values_list("position", flat=True))


@pytest.fixture
def chain(db: None) -> None:
    """Ten entries, sealed."""
    write(10)
    assert seal() == 10


@pytest.mark.django_db
def test_positions_have_no_gap_however_many_steps_it_takes() -> None:
    write(STEP + 7)
    assert seal() == STEP + 7
    write(3)
    assert audit_seal("tests") == 3
    assert audit_seal("tests") == 0
    assert positions() == list(range(1, STEP + 11))
    assert verify().position == STEP + 10
    assert audit_log().ok


@pytest.mark.django_db(transaction=True)
def test_many_upkeeps_at_once_give_each_position_once() -> None:
    write(STEP * 2 + 50)

    def one(_: int) -> int:
        try:
            return audit_seal("tests")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        done = sum(pool.map(one, range(4), timeout=100))
    done += seal()  # those who found the head held have left it to the one who held it
    assert done == STEP * 2 + 50
    assert positions() == list(range(1, STEP * 2 + 51))
    assert verify().position == STEP * 2 + 50


def _change(field: str, value: object) -> Callable[[], object]:
    return lambda: rows().filter(position=4).update(**{field: value})


def _swap() -> None:
    rows().filter(position=4).update(position=99)
    rows().filter(position=5).update(position=4)
    rows().filter(position=99).update(position=5)


def _renumber() -> None:
    rows().filter(position=4).delete()
    for position in range(5, 11):
        rows().filter(position=position).update(position=position - 1)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (_change("actor", "user:mallory"), "position 4 "),
        (_change("user_id", 7), "position 4 "),
        (_change("address", "192.0.2.1"), "position 4 "),
        (_change("at", timezone.now()), "position 4 "),
        (_change("after", {"x": 1}), "position 4 "),
        (_change("outcome", "refused"), "position 4 "),
        (_change("digest", "0" * 64), "position 4 "),
        (_change("position", None), "position 4 is missing"),
        (lambda: rows().filter(position=4).delete(), "position 4 is missing"),
        (lambda: rows().filter(position=1).delete(), "position 1 is missing"),
        (lambda: rows().filter(position__gte=8).delete(), "position 8 is missing"),
        (lambda: rows().all().delete(), "position 1 is missing"),
        (_swap, "position 4 "),
        (_renumber, "position 4 "),
        (lambda: Lease.objects.filter(name=HEAD).delete(), "which is the newest"),
        (lambda: Lease.objects.filter(name=HEAD).update(holder="9:0:0"), "was not signed"),
        (lambda: Lease.objects.create(name=ANCHOR, holder="x", expires_at=timezone.now()), "cannot be read"),
    ],
)
def test_whatever_is_done_to_the_rows_is_found_at_the_first_position(
    chain: None, harm: Callable[[], object], said: str
) -> None:
    harm()
    with pytest.raises(Broken, match=said):
        verify()
    assert not audit_log().ok
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("audit_verify", stdout=out)
    assert said in out.getvalue()


def test_the_end_cannot_be_moved_back_without_the_key(chain: None) -> None:
    """Whoever has the database has the digest of every entry, but no signature for an earlier end."""
    head = Lease.objects.get(name=HEAD)
    rows().filter(position__gte=8).delete()
    seventh = AuditEntry.objects.get(position=7)
    head.holder = f"7:{seventh.digest}:{head.holder.rpartition(':')[2]}"
    head.save()
    with pytest.raises(Broken, match="was not signed"):
        verify()


def test_an_end_put_back_whole_is_found_by_what_was_noted_elsewhere(chain: None) -> None:
    head = Lease.objects.get(name=HEAD)
    place = verify()
    write(5)
    audit_seal("tests")
    later = verify()
    rows().filter(position__gt=10).delete()
    Lease.objects.filter(name=HEAD).update(holder=head.holder)
    assert verify() == place, "the chain alone cannot know"
    call_command("audit_verify", expect=[f"{place.position}:{place.digest}"], stdout=StringIO())
    with pytest.raises(SystemExit):
        call_command("audit_verify", expect=[f"{later.position}:{later.digest}"], stdout=StringIO())


def test_sealing_goes_on_behind_a_foreign_entry_and_doctor_tells_of_it(chain: None) -> None:
    foreign = audit.entry("queue.pause", name="foreign")
    foreign.at, foreign.digest = timezone.now() - UNSEALED_FOR * 2, "f" * 64
    foreign.save()
    write(3)
    assert audit_seal("tests") == 3
    assert AuditEntry.objects.get(id=foreign.id).position is None
    assert verify().position == 13
    assert "not written by this platform" in audit_log().detail


def test_a_changed_entry_is_not_sealed(db: None) -> None:
    write(2)
    rows().filter(object_name="q0").update(actor="user:mallory")
    assert audit_seal("tests") == 1
    assert AuditEntry.objects.get(position=1).object_name == "q1"


def test_entries_that_nobody_seals_are_a_fault(db: None) -> None:
    _at(timezone.now() - UNSEALED_FOR * 2, "q").save()
    assert "wait to be sealed" in audit_log().detail


def test_an_empty_log_holds(db: None) -> None:
    assert audit_log().ok
    assert verify().position == 0


def test_the_retention_leaves_a_chain_that_holds(chain: None, settings: Settings) -> None:
    settings.AUDIT_RETENTION_DAYS = 30
    assert audit_prune("tests") == 0
    old = timezone.now() - timedelta(days=31)
    AuditEntry.objects.bulk_create(_at(old, f"old{number}") for number in range(4))
    audit_seal("tests")
    assert audit_prune("tests") == 0, "an old entry behind a younger one waits for it"
    _rewind(10, old)
    assert audit_prune("tests") == 14
    assert positions() == []
    assert verify().position == 14
    write(2)
    audit_seal("tests")
    assert positions() == [15, 16]
    assert verify().position == 16
    rows().filter(position=15).delete()
    with pytest.raises(Broken, match="position 15 is missing"):
        verify()


def _at(moment: datetime, name: str) -> AuditEntry:
    entry = audit.entry("queue.pause", name=name)
    entry.at = moment
    entry.digest = mark_of(entry)
    return entry


def _rewind(count: int, moment: datetime) -> None:
    """Age the first entries, for which nothing asks the chain."""
    rows().filter(position__lte=count).update(at=moment)


def test_another_key_is_another_chain_unless_the_first_is_a_fallback(chain: None, settings: Settings) -> None:
    first = settings.SECRET_KEY
    settings.SECRET_KEY = "another key, as long as a key of the platform has to be, and longer"
    with pytest.raises(Broken, match="was not signed"):
        verify()
    write(1)
    assert audit_seal("tests") == 0, "nothing is sealed onto a chain that cannot be read"
    settings.SECRET_KEY_FALLBACKS = [first]
    assert audit_seal("tests") == 1
    assert verify().position == 11


def test_the_digest_depends_on_every_column_that_tells_something(chain: None) -> None:
    told = {field.name for field in AuditEntry._meta.get_fields()} - {"position", "digest", "id"}
    for name in told:
        entry = AuditEntry.objects.get(position=5)
        value = getattr(entry, name)
        setattr(entry, name, _other(value))
        rows().filter(position=5).update(**{name: getattr(entry, name)})
        with pytest.raises(Broken):
            verify()
        rows().filter(position=5).update(**{name: value})
        assert verify().position == 10


def _other(value: object) -> object:
    if isinstance(value, dict):
        return {**value, "more": json.dumps(1)}
    if isinstance(value, str):
        return "refused" if value == "done" else f"{value}x"[:40]
    return timezone.now() if hasattr(value, "year") else 5


def test_after_a_change_of_the_key_the_chain_is_verified_and_sealed_anew(
    chain: None, settings: Settings, tmp_path: Path
) -> None:
    write(3)
    key = tmp_path / "key"
    key.write_text(f"{settings.SECRET_KEY}\n")
    settings.SECRET_KEY = "another key, as long as a key of the platform has to be, and longer"
    call_command("audit_reseal", str(key), stdout=StringIO())
    assert verify().position == 10
    assert seal() == 4, "what waited, and the sealing itself"
    assert audit_log().ok
    assert AuditEntry.objects.get(action="audit.reseal").actor == "command:audit_reseal"


def test_a_broken_chain_is_never_sealed_anew(chain: None, settings: Settings, tmp_path: Path) -> None:
    rows().filter(position=4).update(actor="user:mallory")
    digests = list(AuditEntry.objects.order_by("position").values_list("digest", flat=True))
    key = tmp_path / "key"
    key.write_text(settings.SECRET_KEY)
    settings.SECRET_KEY = "another key, as long as a key of the platform has to be, and longer"
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("audit_reseal", str(key), stdout=out)
    assert "position 4 " in out.getvalue()
    assert list(AuditEntry.objects.order_by("position").values_list("digest", flat=True)) == digests
