"""One's own strategies and models, by dotted name."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_origin, get_type_hints

from shared.errors import ConfigError


def load_function(
    name: str, what: str, known: Iterable[str] = (), takes: Sequence[type] | None = None, returns: type = object
) -> Callable[..., Any]:
    """The function that `package.module:function` names.

    what: what it is to be, for the error. known: names that may be given instead. takes, returns: the types of what it
    is called with and of what it gives; not checked where `takes` is None. Raises ConfigError.
    """
    module_name, colon, attribute = name.partition(":")
    choices = f"one of {', '.join(known)}, or " if known else ""
    expected = f"expected {choices}`package.module:function`"
    if not colon or not module_name or not attribute:
        raise ConfigError(f"{what} {name!r} is not known; {expected}")
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"{what} {name!r} cannot be loaded: {error}; {expected}") from error
    if not callable(found):
        raise ConfigError(f"{what} {name!r} is a {type(found).__name__}; {expected}")
    if takes is not None:
        _check_signature(found, f"{what} {name!r}", takes, returns)
    function: Callable[..., Any] = found
    return function


def _check_signature(found: Callable[..., Any], what: str, takes: Sequence[type], returns: type) -> None:
    """Refuse what cannot be called with `takes`, or says that it takes or returns something else."""
    expected = f"expected a function ({', '.join(t.__name__ for t in takes)}) -> {returns.__name__}"
    if inspect.isclass(found) or inspect.iscoroutinefunction(found):
        raise ConfigError(f"{what} is {'a class' if inspect.isclass(found) else 'a coroutine'}; {expected}")
    try:
        signature = inspect.signature(found)
    except ValueError:  # compiled functions need not have one
        return
    try:
        bound = signature.bind(*takes)
    except TypeError as error:
        raise ConfigError(f"{what} has the signature {signature}: {error}; {expected}") from error
    hints = _hints(found)
    wrong = [
        f"its {parameter} is a {hints[parameter].__name__}"
        for parameter, given in bound.arguments.items()
        if parameter in hints and isinstance(given, type) and not issubclass(given, hints[parameter])
    ]
    if not issubclass(hints.get("return", returns), returns):
        wrong.append(f"it returns a {hints['return'].__name__}")
    if wrong:
        raise ConfigError(f"{what} has the signature {signature}: {', '.join(wrong)}; {expected}")


def _hints(found: Callable[..., Any]) -> dict[str, type]:
    """The annotations that are plain types (`list[int]` counts as `list`); what cannot be told is left out."""
    try:
        hints = get_type_hints(found if inspect.isroutine(found) else type(found).__call__)
    except (NameError, TypeError, AttributeError):
        return {}
    plain = {parameter: get_origin(hint) or hint for parameter, hint in hints.items()}
    return {parameter: hint for parameter, hint in plain.items() if isinstance(hint, type) and hint is not Any}
