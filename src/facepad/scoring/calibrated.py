"""Which liveness tests decide and which are shown: all, or that of a calibrated camera."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import signature

from facepad import calibration, registry
from facepad.calibration import CalibratableTest
from facepad.errors import SettingsError
from facepad.types import Calibratable, LivenessTest


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
    anchored = calibratable(found.test, threads).calibrated(found)
    return Chosen((anchored,), tuple(name for name in names if name != found.test))


def calibratable(name: str, threads: int = 1) -> CalibratableTest:
    """Return a liveness test that can be calibrated.

    Args:
        name: Name of the test in the registry.
        threads: Number of threads for one check.

    Raises:
        SettingsError: There is no such test, or it cannot be calibrated.
        ModelError: Its model is missing or wrong.
    """
    factory: Callable[..., LivenessTest] = registry.resolve("liveness_tests", name)
    takes_threads = "threads" in signature(factory).parameters
    made = factory(threads=threads) if takes_threads else factory()
    if not isinstance(made, Calibratable):
        raise SettingsError(f"the test {name!r} cannot be calibrated; face_cnn can")
    return made
