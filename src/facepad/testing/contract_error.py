"""What a check raises when a plug-in breaks its contract."""

from collections.abc import Callable
from typing import TypeVar

from facepad.errors import FacepadError

Result = TypeVar("Result")


class ContractError(FacepadError, AssertionError):
    """A plug-in does not do what facepad relies on; the message says what."""


def require(kept: bool, broken: str) -> None:
    """Raise unless the contract is kept.

    Raises:
        ContractError: With the words in ``broken``.
    """
    if not kept:
        raise ContractError(broken)


def called(function: Callable[[], Result], what: str) -> Result:
    """Call a plug-in; whatever it raises breaks the contract.

    Raises:
        ContractError: Names the exception and what was asked.
    """
    try:
        return function()
    except ContractError:
        raise
    except Exception as error:
        raise ContractError(f"{what} raised {type(error).__name__}: {error}") from error
