"""torch for tests: the first that uses it imports it, since every worker of xdist collects all.

The import takes seconds, so what needs torch is not in the fast suite.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest


class _Imported:
    """A module that is imported when something of it is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - anything of the module
        if name.startswith("_"):  # pytest asks all names for marks
            raise AttributeError(name)
        return getattr(import_module(self._name), name)


def needs(*names: str) -> pytest.MarkDecorator:
    """Skip where one of these packages is missing."""
    missing = any(find_spec(name) is None for name in names)
    return pytest.mark.skipif(missing, reason=f"needs {' and '.join(names)}: facepad[train]")


torch: Any = _Imported("torch")
NEEDS_TORCH = [pytest.mark.slow, needs("torch")]
