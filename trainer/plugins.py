"""One's own strategies and models, by dotted name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import Any

from shared.errors import ConfigError


def load_function(name: str, what: str, known: Iterable[str] = ()) -> Callable[..., Any]:
    """The function that `package.module:function` names.

    what: what it is to be, for the error. known: names that may be given instead. Raises ConfigError.
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
    function: Callable[..., Any] = found
    return function
