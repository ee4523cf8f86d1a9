"""The policies of a task: folded away, because the defaults are good."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import QueryDict

from tasks_app.models import OnExhausted, Overlap
from tasks_app.web.forms.field import Choice, Errors, Field, messages, messages_below

NUMBERS = {
    "max_retries": ("Retries", "Empty: as the type says. 0: none."),
    "timeout_seconds": (
        "Time limit of each run, in seconds",
        "After it the run is ended. Empty: as the type says. 0: no limit.",
    ),
    "soft_timeout_seconds": ("Soft time limit, in seconds", "The handler is told to stop. Empty: as the type says."),
    "pause_after_failures": ("Pause after so many failures in a row", "Empty: never."),
}
MISFIRES = {
    "latest": "Run the latest missed one",
    "skip": "Skip what was missed",
    "all": "Run each missed one",
}


def whole(raw: object) -> Any:
    """A number where it is one, None where it is blank, and otherwise what was typed, for the rules to refuse."""
    text = str(raw).strip()
    if not text:
        return None
    return int(text) if re.fullmatch(r"-?[0-9]{1,12}", text) else text


def read(data: QueryDict) -> dict[str, Any]:
    """Give the policy fields of a TaskSpec as they were typed."""
    misfire = {
        "policy": data.get("misfire.policy", "latest"),
        **{name: whole(data.get(f"misfire.{name}", "")) for name in ("grace_seconds", "window_seconds", "max")},
    }
    return {
        **{name: whole(data.get(name, "")) for name in NUMBERS},
        "priority": whole(data.get("priority", "5")),
        "queue": str(data.get("queue", "")) or None,
        "overlap": data.get("overlap", Overlap.SKIP.value),
        "on_exhausted": data.get("on_exhausted", OnExhausted.KEEP.value),
        "misfire": _given_misfire(misfire),
        "retry": _retry(data),
        "notify_on_failure": "notify_on_failure" in data,
    }


def _given_misfire(misfire: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is empty; the usual policy alone says nothing."""
    found = {name: value for name, value in misfire.items() if value is not None}
    return {} if found == {"policy": "latest"} else found


def _retry(data: QueryDict) -> dict[str, Any] | None:
    style = data.get("retry.style", "")
    if style == "delays":
        parts = [part for part in re.split(r"[,;\s]+", str(data.get("retry.delays", ""))) if part]
        return {"delays": [_number(part) for part in parts]}
    if style == "backoff":
        given = {name: str(data.get(f"retry.{name}", "")).strip() for name in ("base_seconds", "factor", "cap_seconds")}
        return {name: _number(text) for name, text in given.items() if text} or None
    return None


def _number(text: str) -> Any:
    if re.fullmatch(r"[0-9]{1,12}", text):
        return int(text)
    return float(text) if re.fullmatch(r"[0-9]{0,12}\.[0-9]{1,12}|[0-9]{1,12}\.", text) else text


def fields(values: Mapping[str, Any], errors: Errors, *, queues: Sequence[str]) -> dict[str, list[Field]]:
    """Give the policy fields in their groups."""
    return {
        "retries": [_numeric("max_retries", values, errors), *_retry_fields(values, errors)],
        "failures": [
            _choice("on_exhausted", "When no retry is left", OnExhausted.choices, values, errors),
            _numeric("pause_after_failures", values, errors),
        ],
        "limits": [_numeric("timeout_seconds", values, errors), _numeric("soft_timeout_seconds", values, errors)],
        "queue": [
            _choice("queue", "Queue", [("", "As the type says"), *((name, name) for name in queues)], values, errors),
            _choice("priority", "Priority", [(str(n), _priority(n)) for n in range(9, -1, -1)], values, errors),
        ],
        "timing": [
            _choice("overlap", "While an earlier run has not ended", Overlap.choices, values, errors),
            *_misfire_fields(values, errors),
        ],
    }


def _priority(number: int) -> str:
    return {9: "9, first", 5: "5, usual", 0: "0, last"}.get(number, str(number))


def _numeric(name: str, values: Mapping[str, Any], errors: Errors) -> Field:
    label, help_text = NUMBERS[name]
    value = values.get(name)
    shown = "" if value is None else str(value)
    return Field(path=name, label=label, kind="int", value=shown, help=help_text, errors=messages(errors, name))


def _choice(
    path: str, label: str, options: Sequence[tuple[str, str]], values: Mapping[str, Any], errors: Errors
) -> Field:
    chosen = str(values.get(path) if values.get(path) is not None else "")
    return Field(
        path=path,
        label=label,
        kind="enum",
        is_required=True,
        choices=[Choice(key, text, key == chosen) for key, text in options],
        errors=messages_below(errors, path),
    )


def _retry_fields(values: Mapping[str, Any], errors: Errors) -> list[Field]:
    retry = values.get("retry") or {}
    style = "delays" if "delays" in retry else "backoff" if retry else ""
    options = [("", "As the type says"), ("delays", "A list of delays"), ("backoff", "Growing delays")]
    listed = ", ".join(str(delay) for delay in retry.get("delays", []))
    return [
        Field(
            path="retry.style",
            label="Time between attempts",
            kind="enum",
            is_required=True,
            choices=[Choice(key, text, key == style) for key, text in options],
            errors=messages(errors, "retry"),
        ),
        Field(
            path="retry.delays",
            label="Delays, in seconds",
            value=listed,
            help="The last one repeats, for example: 60, 300, 900",
            errors=messages_below(errors, "retry.delays", counted=("Delay",)),
        ),
        *(
            Field(
                path=f"retry.{name}",
                label=label,
                kind="number",
                value=str(retry.get(name, "")),
                attributes={"step": "any", "placeholder": default},
                errors=messages(errors, f"retry.{name}"),
            )
            for name, label, default in (
                ("base_seconds", "First, in seconds", "2"),
                ("factor", "Then times", "2"),
                ("cap_seconds", "At most, in seconds", "900"),
            )
        ),
    ]


def _misfire_fields(values: Mapping[str, Any], errors: Errors) -> list[Field]:
    misfire = values.get("misfire") or {}
    chosen = misfire.get("policy", "latest")
    numbers = (
        ("grace_seconds", "Late counts as missed after, in seconds", "60"),
        ("window_seconds", "Look back at most, in seconds", "no limit"),
        ("max", "Run at most so many", "10"),
    )
    return [
        Field(
            path="misfire.policy",
            label="After an outage",
            kind="enum",
            is_required=True,
            choices=[Choice(key, text, key == chosen) for key, text in MISFIRES.items()],
            errors=messages(errors, "misfire.policy"),
        ),
        *(
            Field(
                path=f"misfire.{name}",
                label=label,
                kind="int",
                value="" if misfire.get(name) is None else str(misfire[name]),
                attributes={"placeholder": default},
                errors=messages(errors, f"misfire.{name}"),
            )
            for name, label, default in numbers
        ),
    ]
