"""Which liveness tests decide and which are shown: all, or that of a calibrated camera."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from facepad import calibration, registry
from facepad.errors import SettingsError
from facepad.types import LivenessTest

if TYPE_CHECKING:
    from facepad.liveness.face_cnn.test import FaceTest


@dataclass(frozen=True, slots=True)
class Chosen:
    """Liveness tests by their part in the decision.

    Attributes:
        deciding: Names of tests, or tests themselves, that decide.
        beside: Names of those that are only shown.
    """

    deciding: tuple[str | LivenessTest, ...]
    beside: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of all of them, those that decide first."""
        deciding = (test if isinstance(test, str) else test.name for test in self.deciding)
        return (*deciding, *self.beside)


def choose(names: Sequence[str], camera: str | None, threads: int) -> Chosen:
    """The tests that were named; with a calibration, only the one that it anchors decides.

    The other tests are not anchored to the camera: their scores are of another scale, and a
    camera with a cast of its own is still held against the person there.

    Args:
        names: Of liveness tests.
        camera: Name of a calibration; None for no calibration.
        threads: That one check may use.

    Raises:
        SettingsError: There is no calibration of this name.
        ModelError: It was made with other heads.
    """
    if camera is None:
        return Chosen(tuple(names))
    found = calibration.load(camera)
    anchored = face_test(found.test, threads).calibrated(found)
    return Chosen((anchored,), tuple(name for name in names if name != found.test))


def face_test(name: str, threads: int = 1) -> "FaceTest":
    """A test that can be calibrated, by its name.

    Raises:
        SettingsError: There is no such test, or it cannot be calibrated.
        ModelError: Its model is missing or wrong.
    """
    from facepad.liveness.face_cnn.test import FaceTest  # loads what runs a network

    factory: Callable[..., LivenessTest] = registry.resolve("liveness_tests", name)
    made = factory(threads=threads) if name.startswith("face_cnn") else factory()
    if not isinstance(made, FaceTest):
        raise SettingsError(f"only face tests can be calibrated (face_cnn), not {name!r}")
    return made
