"""`cleanup`: delete what is no longer wanted, by rules that each have a bound."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from tasks_app.errors import FieldError, Invalid
from tasks_app.handlers import Payload, RunContext, handler
from tasks_app.kinds.cleanup_rules import AnyRule, OwnRule, Rule, RunsRule
from tasks_app.models import ScheduledTask, db_now

PERMISSION = "tasks_app.clean_up_platform"


class Cleanup(Payload):
    """What goes, and after how long."""

    rules: list[AnyRule] = Field(min_length=1, max_length=20, description="What to delete, rule by rule, in order.")
    dry_run: bool = Field(False, title="Try it first", description="Only count what would go; delete nothing.")

    def check(self) -> None:
        """See that no rule means everything."""
        fields: dict[str, list[FieldError]] = {}
        for index, rule in enumerate(self.rules):
            try:
                rule.check_bound()
            except Invalid as error:
                fields |= {f"rules.{index}.{path}": [*faults] for path, faults in error.fields.items()}
        if fields:
            raise Invalid("No rule may mean everything; see the fields.", fields=fields)

    def check_owner(self, owner: Any) -> None:
        """See that the rules keep to what the owner has, or that they may do more."""
        for index, rule in enumerate(self.rules):
            if rule.is_for_all and not (owner is None or (owner.is_active and owner.has_perm(PERMISSION))):
                path = f"rules.{index}.{'everybody' if isinstance(rule, OwnRule) else 'what'}"
                text = "You may clean up your own things only; an administrator can give you the permission for this."
                raise Invalid(text, fields={path: [FieldError("not_allowed", text)]})
            if isinstance(rule, RunsRule) and not _knows_task(rule, owner):
                raise Invalid.at(f"rules.{index}.task", "unknown", "You have no such task.")

    def check_editor(self, editor: Any, before: Mapping[str, Any]) -> None:
        """See that nobody deletes by somebody else's task what is not theirs."""
        raise Invalid.at("rules", "not_allowed", "It deletes things of its task's owner, so only the owner says which.")


def _knows_task(rule: RunsRule, owner: Any) -> bool:
    """A deleted task still has its runs, so it may be named."""
    if rule.task is None:
        return True
    tasks = ScheduledTask.objects.filter(id=rule.task)
    return tasks.exists() if rule.everybody or owner is None else tasks.filter(owner_id=owner.pk).exists()


@handler("cleanup", payload=Cleanup, title="Clean up", queue="low-priority", timeout=4 * 3600)
def cleanup(ctx: RunContext, payload: Cleanup) -> dict[str, Any]:
    """Deletes old runs, logs, files, records and leftovers by rules of yours, in small steps beside other work."""
    total = len(payload.rules)
    ctx.progress(0, total, "Begins")
    done: list[dict[str, Any]] = []
    for number, rule in enumerate(payload.rules, 1):
        count = _follow(ctx, payload, rule, number)
        done.append({"what": rule.what, "count": count})
        ctx.log(f"Rule {number}, {rule.what}: {_words(count, dry_run=payload.dry_run)}")
        ctx.progress(number, total, f"{number} of {total} rules done")
    count = sum(entry["count"] for entry in done)
    summary = _summary(done, dry_run=payload.dry_run)
    return {"summary": summary, "dry_run": payload.dry_run, "rules": done, "count": count}


def _follow(ctx: RunContext, payload: Cleanup, rule: Rule, number: int) -> int:
    """Clean by one rule; what is deleted when a stop is asked for stays deleted, and the rest is for another time."""
    ctx.check_stop()
    count = 0
    for deleted in rule.clean(ctx.owner_id, db_now(), dry_run=payload.dry_run):
        count += deleted
        words = _words(count, dry_run=payload.dry_run)
        ctx.progress(number - 1, len(payload.rules), f"Rule {number} of {len(payload.rules)}: {words}")
        ctx.check_stop()
    return count


def _words(count: int, *, dry_run: bool) -> str:
    return f"{count:,} would be deleted" if dry_run else f"{count:,} deleted"


def _summary(done: list[dict[str, Any]], *, dry_run: bool) -> str:
    counts: Counter[str] = Counter()
    for entry in done:
        counts[entry["what"]] += entry["count"]
    words = _words(counts.total(), dry_run=dry_run)
    parts = [f"{what} {count:,}" for what, count in counts.items() if count]
    return f"{words}: {', '.join(parts)}" if parts else words
