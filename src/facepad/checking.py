"""`facepad.check`: judge one source with a new `Checker`."""

from collections.abc import Sequence

from facepad.decision import Decision
from facepad.finders import Faces, Finder
from facepad.fusion import Fusion
from facepad.media.frame_selection import FrameSelection
from facepad.needs import Assess
from facepad.pipeline import Checker
from facepad.registry import DEFAULT_FUSION, DEFAULT_POINT
from facepad.sources import BEST, Channels, Source
from facepad.types import LivenessTest, OperatingPoint


def check(
    source: Source,
    *,
    channels: Channels | None = None,
    name: str = "",
    tests: Sequence[str | LivenessTest] | None = None,
    advisory: Sequence[str | LivenessTest] | None = None,
    calibration: str | None = None,
    fusion: str | Fusion = DEFAULT_FUSION,
    operating_point: str | OperatingPoint = DEFAULT_POINT,
    frames: str | FrameSelection = BEST,
    threads: int | None = None,
    explain: bool = False,
    deadline_s: float | None = None,
    test_deadline_s: float | None = None,
    faces: Faces = "largest",
    finder: Finder | None = None,
    assess: Assess | None = None,
) -> Decision:
    """Judge one picture or clip with a new `Checker`; for many of them make one and keep it.

    Args:
        source: As `Checker.check`, like ``channels`` and ``name``.
        channels: Order of an array's channels: "rgb", "bgr" or "gray".
        name: Name of the source in messages and in the decision.
        tests: As `Checker`, like all further options.
        advisory: Tests whose scores do not affect the decision.
        calibration: Name of a camera's calibration.
        fusion: Makes one score of those of the deciding tests.
        operating_point: A name, or threshold and band for the fused score.
        frames: Which frames of a clip frame-wise tests get.
        threads: How many threads the check may use.
        explain: Whether to explain scores.
        deadline_s: Seconds that the tests have together.
        test_deadline_s: Seconds that each test has.
        faces: Which face is judged where there are several.
        finder: Finds faces in place of the built-in finder.
        assess: Judges the capture of a frame in place of the built-in rules.

    Raises:
        InputError: The source cannot be read, or is over a limit.
        ModelError: A model file is missing or has the wrong hash.
        SettingsError: An option cannot be used.
    """
    checker = Checker(
        tests,
        advisory=advisory,
        calibration=calibration,
        fusion=fusion,
        operating_point=operating_point,
        frames=frames,
        threads=threads,
        explain=explain,
        deadline_s=deadline_s,
        test_deadline_s=test_deadline_s,
        faces=faces,
        finder=finder,
        assess=assess,
    )
    return checker.check(source, channels=channels, name=name)
