"""What nobody owns or nobody can use any more."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import Q

from tasks_app import beat_sync
from tasks_app.models import ApiKey, Beat, Credential, Effect, IdempotencyKey, MailCount, TokenSignIn, Worker, db_now
from tasks_app.services.cleaning.pace import Pace, delete_pages, pages
from tasks_app.services.cleaning.runs import rootless
from tasks_app.services.idempotency import KEPT

_SETTLING = timedelta(days=1)
_COUNTS_KEPT = timedelta(days=30)


def clean_tokens(*, before: datetime, dry_run: bool = False) -> Iterator[int]:
    """Delete API keys and sign-ins by tokens that ended before an instant, ended sessions, answers kept for repeated
    requests, and the access tokens of credentials that are over."""
    now, pace = db_now(), Pace()
    keys = ApiKey.objects.filter(Q(expires_at__lt=before) | Q(revoked_at__lt=before))
    yield from delete_pages(ApiKey, pages(keys), pace, dry_run=dry_run)
    sign_ins = TokenSignIn.objects.filter(Q(expires_at__lt=before) | Q(revoked_at__lt=before))
    yield from delete_pages(TokenSignIn, pages(sign_ins), pace, dry_run=dry_run)
    sessions = Session.objects.filter(expire_date__lt=now)
    yield from delete_pages(Session, pages(sessions, "session_key"), pace, dry_run=dry_run, expire_date__lt=now)
    answers = IdempotencyKey.objects.filter(created_at__lt=now - KEPT)
    yield from delete_pages(IdempotencyKey, pages(answers), pace, dry_run=dry_run)
    yield _forget_access_tokens(dry_run=dry_run)


def clean_orphans(*, before: datetime, dry_run: bool = False) -> Iterator[int]:
    """Delete side effects whose runs have gone, schedule rows that no task uses, workers and beats that have been
    silent since an instant, and old counts of mails."""
    pace = Pace()
    yield from delete_pages(Effect, _orphaned_effects(), pace, dry_run=dry_run)
    yield from _orphaned_schedules(pace, before=before, dry_run=dry_run)
    workers, beats = Worker.objects.filter(heartbeat_at__lt=before), Beat.objects.filter(last_tick_at__lt=before)
    yield from delete_pages(Worker, pages(workers, "name"), pace, dry_run=dry_run, heartbeat_at__lt=before)
    yield from delete_pages(Beat, pages(beats, "name"), pace, dry_run=dry_run, last_tick_at__lt=before)
    counts = MailCount.objects.filter(day__lt=(db_now() - _COUNTS_KEPT).date())
    yield from delete_pages(MailCount, pages(counts), pace, dry_run=dry_run)


def _orphaned_effects() -> Iterator[list[Any]]:
    """Find them page by page; those begun today may belong to a deletion that is under way."""
    for page in pages(Effect.objects.filter(begun_at__lt=db_now() - _SETTLING)):
        roots = dict(Effect.objects.filter(id__in=page).values_list("id", "root_run_id"))
        gone = rootless(set(roots.values()))
        yield [effect_id for effect_id in page if roots.get(effect_id) in gone]


def _orphaned_schedules(pace: Pace, *, before: datetime, dry_run: bool) -> Iterator[int]:
    if dry_run:
        yield beat_sync.unused_clocks(before).count()
        return
    while True:
        with pace.turn():
            count = beat_sync.drop_unused_clocks(before, pace.size)
        yield count
        if not count:
            return


def _forget_access_tokens(*, dry_run: bool) -> int:
    over = Credential.objects.filter(token_until__lt=db_now())
    return over.count() if dry_run else over.update(sealed_token="", token_until=None)
