"""Which tasks name a credential: found by reading the payloads of the owner's tasks whose type has such a field."""

from tasks_app.handlers import registry
from tasks_app.handlers.places import references, refers_to
from tasks_app.models import Credential, ScheduledTask
from tasks_app.states import TaskStatus

REFERENCES = frozenset({"credentials", "signing-keys"})


def uses_of(credential: Credential) -> int:
    """Count the active and paused tasks that name it. Runs that have begun or wait are not looked at."""
    models = {
        name: spec.payload
        for spec in registry.all()
        if refers_to(spec.payload, REFERENCES)
        for name in (spec.name, *spec.aliases)
    }
    tasks = ScheduledTask.objects.filter(
        owner_id=credential.owner_id,
        type__in=models,
        status__in=(TaskStatus.ACTIVE, TaskStatus.PAUSED),
        deleted_at=None,
    )
    return sum(
        any(name == credential.name for _, name in references(models[type_name], payload, REFERENCES))
        for type_name, payload in tasks.values_list("type", "payload").iterator(chunk_size=500)
    )
