"""Which default factories always make the same value, so that a form may begin with it."""

import builtins
from types import CodeType, FunctionType
from typing import Any

from pydantic import BaseModel
from typing_extensions import is_typeddict

_PLAIN = (list, dict, set, frozenset, tuple, str, int, float, bool)


def is_constant(factory: Any) -> bool:
    """Say whether a factory is a class of plain values or a model, or a function that does nothing but call such.

    Any other may tell the time, an id or the surroundings: that is for each run to make, and not for a form to keep.
    """
    return _is_fixed(factory) and _succeeds(factory)


def _is_fixed(factory: Any) -> bool:
    if isinstance(factory, type):
        return factory in _PLAIN or is_typeddict(factory) or (issubclass(factory, BaseModel) and _is_same(factory))
    if not isinstance(factory, FunctionType) or _holds_more(factory):
        return False
    known = {**vars(builtins), **factory.__globals__}
    named = [known.get(name) for name in factory.__code__.co_names]
    return all(isinstance(one, type) and _is_fixed(one) for one in named)


def _holds_more(factory: FunctionType) -> bool:
    """Say whether it calls what its own names do not tell: of a function around it, of a default, or within it."""
    code = factory.__code__
    is_around = bool(code.co_freevars or factory.__defaults__ or factory.__kwdefaults__)
    return is_around or any(isinstance(one, CodeType) for one in code.co_consts)


def _is_same(model: type[BaseModel]) -> bool:
    made = [field.default_factory for field in model.model_fields.values() if field.default_factory is not None]
    return all(map(_is_fixed, made))


def _succeeds(factory: Any) -> bool:
    try:
        factory()
    except (TypeError, ValueError):
        return False
    return True
