"""A live view of a camera: threads that read, follow and judge, and what others may ask of them."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from facepad.webcam.state import LiveOptions, LiveState, Shown


class LiveSession:
    """Shows and judges the picture of a camera; to be used in a ``with`` statement.

    The picture never waits for the tests: one thread reads the camera and keeps the newest picture,
    a second follows the face, a third judges. All methods may be called from any thread, and none
    but `wait_for` and `close` waits.

    Args:
        options: What is shown and how it is judged.

    Raises:
        InputError: The camera's name is none, or the clip cannot be read.
        ModelError: A model is missing or has the wrong hash.
        SettingsError: A test or a calibration that was named does not exist.
    """

    def __init__(self, options: LiveOptions) -> None:
        self.options = options

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def wait_for(self, number: int, timeout_s: float) -> Shown | None:
        """Return the newest picture when it has a higher number; wait for it otherwise.

        Pictures between ``number`` and the newest are left out, so that a slow viewer is never
        behind. While the view is paused or the camera is lost, no picture comes.

        Args:
            number: Of the picture that the viewer showed last; 0 for none.
            timeout_s: Seconds to wait.

        Returns:
            The picture; None where none came in time, and after `close`.

        Raises:
            Exception: What ended a thread of the view unexpectedly.
        """

    def state(self) -> LiveState:
        """Return what there is to report now."""

    def pause(self, paused: bool) -> None:
        """Stop or resume showing and judging pictures; the camera stays open."""

    def select(self, tests: Sequence[str]) -> None:
        """Judge by other tests from now on; those in use judge until the new ones are loaded.

        Tests that the options call advisory stay so beside others that decide.

        Args:
            tests: Names among ``state().available``; at least one.

        Raises:
            SettingsError: There is no such test, or none was named.
        """

    def save(self) -> Path:
        """Write the picture that was shown last with its overlay, and the newest decision.

        Returns:
            The picture, a PNG file; the decision is the JSON file of the same name beside it.

        Raises:
            SettingsError: There is nothing to save yet, or the folder cannot be written to.
        """

    def begin_calibration(self, name: str) -> None:
        """Calibrate the camera from ten frames of the living person who is before it now.

        Args:
            name: Name of the calibration; not yet taken.

        Raises:
            SettingsError: The name is taken or is no file name, or a calibration is running.
        """

    def cancel_calibration(self) -> None:
        """End a calibration while frames are taken; nothing is kept of it."""

    def close(self) -> None:
        """End all threads and let go of the camera; it may be called again."""
