"""What the header of a clip states."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from facepad.errors import InputError

MAX_TRACKS = 64

_CODECS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("avc1", "avc3", "h264", "x264", "v_mpeg4/iso/avc"), "h264"),
        **dict.fromkeys(("hvc1", "hev1", "hevc", "h265", "v_mpegh/iso/hevc"), "hevc"),
        **dict.fromkeys(("vp08", "vp80", "v_vp8"), "vp8"),
        **dict.fromkeys(("vp09", "vp90", "v_vp9"), "vp9"),
        **dict.fromkeys(("av01", "v_av1"), "av1"),
        **dict.fromkeys(("mp4v", "fmp4", "xvid", "divx", "dx50", "v_mpeg4/iso/asp"), "mpeg4"),
        **dict.fromkeys(("mjpg", "jpeg", "mjpa", "mjpb", "v_mjpeg"), "mjpeg"),
        **dict.fromkeys(("mpg1", "m1v", "v_mpeg1"), "mpeg1"),
        **dict.fromkeys(("mpg2", "m2v1", "v_mpeg2"), "mpeg2"),
        **dict.fromkeys(("ffv1", "v_ffv1"), "ffv1"),
    }
)


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """What a clip states of one of its tracks of pictures.

    Attributes:
        codec: "h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2", "mpeg1", "mjpeg", "ffv1",
            "gif", "raw", or the file's own code in lower case.
        width: Coded width in pixels, before turning; the largest where there are several.
        height: Coded height in pixels, as ``width``.
        rotation_deg: Clockwise turn that makes the pictures upright: 0, 90, 180 or 270.
        is_mirrored: Whether the pictures are to be mirrored, left to right, before the turn.
        frames: Number of pictures; None where the file does not state it.
        duration_s: Seconds from the first picture to the end of the last; None as ``frames``.
    """

    codec: str
    width: int
    height: int
    rotation_deg: int = 0
    is_mirrored: bool = False
    frames: int | None = None
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class ClipHeader:
    """A clip before anything of it is decoded.

    Attributes:
        kind: "MP4", "QuickTime", "Matroska", "WebM", "AVI", "MPEG", "MJPEG", "Y4M" or "GIF".
        tracks: Its tracks of pictures, in the order of the file; at least one.
        audio_tracks: How many tracks of sound there are.
    """

    kind: str
    tracks: tuple[VideoTrack, ...]
    audio_tracks: int = 0

    @property
    def video(self) -> VideoTrack:
        """The first track of pictures."""
        return self.tracks[0]


def codec_name(code: bytes) -> str:
    """Return the usual name of a codec, or its code as printable text in lower case.

    Example:
        >>> codec_name(b"avc1"), codec_name(b"V_VP9"), codec_name(b"ap4h")
        ('h264', 'vp9', 'ap4h')
    """
    text = "".join(chr(byte) if 32 < byte < 127 else "?" for byte in code[:40].strip(b"\0 "))
    return _CODECS.get(text.lower(), text.lower())


def checked_header(kind: str, tracks: list[VideoTrack], audio_tracks: int = 0) -> ClipHeader:
    """Return the header of a clip that has a sensible number of tracks.

    Raises:
        InputError: It has none, or more than ``MAX_TRACKS``.
    """
    if not tracks:
        raise InputError(f"the {kind} file holds no track of pictures")
    if len(tracks) + audio_tracks > MAX_TRACKS:
        raise InputError(f"the {kind} file has more than {MAX_TRACKS} tracks")
    return ClipHeader(kind, tuple(tracks), audio_tracks)
