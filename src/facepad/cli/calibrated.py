"""Liveness tests for a camera that was calibrated."""

from collections.abc import Callable, Sequence

from facepad import calibration, registry
from facepad.errors import SettingsError
from facepad.liveness.face_cnn import FaceTest
from facepad.types import LivenessTest


def face_test(name: str, threads: int = 1) -> FaceTest:
    """A test that can be calibrated, by its name.

    Raises:
        SettingsError: There is no such test, or it cannot be calibrated.
        ModelError: Its model is missing or wrong.
    """
    factory: Callable[..., LivenessTest] = registry.resolve("liveness_tests", name)
    made = factory(threads=threads) if name.startswith("face_cnn") else factory()
    if not isinstance(made, FaceTest):
        raise SettingsError(f"only face tests can be calibrated (face_cnn), not {name!r}")
    return made


def tests_for(
    names: Sequence[str], camera: str | None, threads: int
) -> tuple[str | LivenessTest, ...]:
    """The tests that were named, with that which a calibration is for, anchored and first.

    Args:
        names: Of liveness tests.
        camera: Name of a calibration; None for no calibration.
        threads: That one check may use.

    Raises:
        SettingsError: There is no calibration of this name.
        ModelError: It was made with other heads.
    """
    if camera is None:
        return tuple(names)
    found = calibration.load(camera)
    anchored = face_test(found.test, threads).calibrated(found)
    return (anchored, *(name for name in names if name != found.test))
