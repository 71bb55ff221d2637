"""Contracts for authors of plug-ins, and made-up data to try one on.

A liveness test, metric, fusion or dataset that passes its check works everywhere in facepad.
Needs no test framework: a broken contract is a `ContractError` that says what is wrong.

Example:
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from facepad.datasets.nuaa import Nuaa
    >>> with TemporaryDirectory() as folder:
    ...     check_dataset(Nuaa(made_up_dataset(Path(folder))))
"""

from facepad.testing.contracts import (
    ContractError,
    check_dataset,
    check_fusion,
    check_metric,
)
from facepad.testing.liveness_contract import check_calibratable, check_liveness_test
from facepad.testing.made_up import made_up_presentation
from facepad.testing.media_files import Clips
from facepad.testing.miniatures import made_up_dataset

__all__ = [
    "Clips",
    "ContractError",
    "check_calibratable",
    "check_dataset",
    "check_fusion",
    "check_liveness_test",
    "check_metric",
    "made_up_dataset",
    "made_up_presentation",
]
