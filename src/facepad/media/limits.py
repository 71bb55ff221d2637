"""How much an untrusted picture or video may cost; checked before it is decoded."""

from dataclasses import dataclass, field

from facepad import settings
from facepad.errors import InputError
from facepad.media.formats.clip_header import ClipHeader, VideoTrack

_MEGA = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of what is read and decoded.

    Attributes:
        max_bytes: Largest file, in bytes.
        max_pixels: Largest width times height.
        max_side: Longest side, in pixels.
    """

    max_bytes: int = 20 * _MEGA
    max_pixels: int = 50 * _MEGA
    max_side: int = 12_000

    @classmethod
    def from_settings(cls) -> "Limits":
        """Return the limits that the settings (environment variables) ask for.

        Raises:
            SettingsError: A setting is not a positive number.
        """
        return cls(
            max_bytes=round(settings.number("max_file_mb") * _MEGA),
            max_pixels=round(settings.number("max_megapixels") * _MEGA),
            max_side=round(settings.number("max_side")),
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
                f"the file has more than the limit of {self.max_bytes / _MEGA:g} MB "
                "(setting FACEPAD_MAX_FILE_MB)"
            )

    def check_size(self, width: int, height: int) -> None:
        """Refuse a picture without pixels or with too many.

        Raises:
            InputError: A side is 0, longer than the limit, or their product is over its limit.
        """
        if width < 1 or height < 1:
            raise InputError(f"the picture has no pixels: its header says {width}x{height}")
        if max(width, height) > self.max_side:
            raise InputError(
                f"the picture is {width}x{height} pixels; no side may be longer than "
                f"{self.max_side} (setting FACEPAD_MAX_SIDE)"
            )
        if width * height > self.max_pixels:
            raise InputError(
                f"the picture is {width}x{height} = {width * height / _MEGA:.1f} megapixels; "
                f"the limit is {self.max_pixels / _MEGA:g} (setting FACEPAD_MAX_MEGAPIXELS)"
            )


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """Bounds of what is read and decoded.

    Attributes:
        max_bytes: Largest file, in bytes.
        max_frames: Longest video, in frames.
        max_s: Longest video, in seconds.
        max_fps: Highest rate, frames a second on average.
        max_clip_bytes: Pixels of the frames of one clip that are held in memory, in bytes.
        picture: Bounds of each frame's sides and pixels.
    """

    max_bytes: int = 2_000 * _MEGA
    max_frames: int = 20_000
    max_s: float = 3_600.0
    max_fps: float = 300.0
    max_clip_bytes: int = 512 * _MEGA
    picture: Limits = field(default_factory=Limits)

    @classmethod
    def from_settings(cls) -> "VideoLimits":
        """Return the limits that the settings (environment variables) ask for.

        Raises:
            SettingsError: A setting is not a positive number.
        """
        return cls(
            max_bytes=round(settings.number("max_video_mb") * _MEGA),
            max_frames=round(settings.number("max_video_frames")),
            max_s=settings.number("max_video_s"),
            max_fps=settings.number("max_video_fps"),
            max_clip_bytes=round(settings.number("max_clip_mb") * _MEGA),
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

    def check_seconds(self, seconds: float) -> None:
        """Refuse a video that lasts too long.

        Raises:
            InputError: It lasts more than ``max_s``.
        """
        if seconds > self.max_s:
            raise InputError(
                f"the video lasts {seconds:.1f} s or more; the limit is {self.max_s:g} "
                "(setting FACEPAD_MAX_VIDEO_S)"
            )

    def check_header(self, header: ClipHeader) -> None:
        """Refuse a clip by what its header states of any of its tracks.

        Raises:
            InputError: A track is over a limit.
        """
        for track in header.tracks:
            self.picture.check_size(track.width, track.height)
            self.check_frames(track.frames or 0)
            self.check_seconds(track.duration_s or 0.0)
            self._check_rate(track)

    def _check_rate(self, track: VideoTrack) -> None:
        frames, seconds = track.frames or 0, track.duration_s or 0.0
        if frames > 1 and seconds > 0.0 and frames > self.max_fps * seconds:
            raise InputError(
                f"the video has {frames} frames in {seconds:.3g} s; the limit is "
                f"{self.max_fps:g} frames a second (setting FACEPAD_MAX_VIDEO_FPS)"
            )
