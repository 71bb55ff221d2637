"""How much an untrusted video may cost."""

from dataclasses import dataclass, field

from facepad import settings
from facepad.errors import InputError
from facepad.media.limits import Limits

_MEGA = 1_000_000


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """Bounds of what is read and decoded.

    Attributes:
        max_bytes: Largest file, in bytes.
        max_frames: Longest video, in frames.
        picture: Bounds of each frame's sides and pixels.
    """

    max_bytes: int = 2_000 * _MEGA
    max_frames: int = 20_000
    picture: Limits = field(default_factory=Limits)

    @classmethod
    def from_settings(cls) -> "VideoLimits":
        """The limits that the settings (environment variables) ask for.

        Raises:
            SettingsError: A setting is not a positive number.
        """
        return cls(
            max_bytes=round(settings.number("max_video_mb") * _MEGA),
            max_frames=round(settings.number("max_video_frames")),
            picture=Limits.from_settings(),
        )

    def check_bytes(self, size: int) -> None:
        """Refuse a file that is empty or too large.

        Raises:
            InputError: ``size``, in bytes, is 0 or over the limit.
        """
        if size == 0:
            raise InputError("the file is empty (0 bytes)")
        if size > self.max_bytes:
            raise InputError(
                f"the file has {size / _MEGA:.0f} MB; the limit of a video is "
                f"{self.max_bytes / _MEGA:g} (setting FACEPAD_MAX_VIDEO_MB)"
            )

    def check_frames(self, count: int) -> None:
        """Refuse a video that is too long.

        Raises:
            InputError: It has more than ``max_frames`` frames.
        """
        if count > self.max_frames:
            raise InputError(
                f"the video has {count} frames or more; the limit is {self.max_frames} "
                "(setting FACEPAD_MAX_VIDEO_FRAMES)"
            )
