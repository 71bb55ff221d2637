"""Headers of clips are read without a decoder, and state what the decoder finds."""

import io
import os
from pathlib import Path

import cv2
import pytest

import clip_samples as samples
from facepad.errors import InputError
from facepad.media.formats import avi, bare_streams, matroska, mp4
from facepad.media.formats.clip_header import ClipHeader, codec_name
from facepad.media.formats.clips import begins_as_clip, inspect_clip
from facepad.media.formats.file_parts import MAX_LOOKS, ClipBytes

SHARED = Path(__file__).parents[4] / "shared" / "data"
SUFFIXES = (".avi", ".gif", ".mjpeg", ".mkv", ".mov", ".mp4", ".mpg", ".webm", ".y4m")


def opened(data: bytes) -> ClipBytes:
    return ClipBytes(io.BytesIO(data), len(data))


def header_of(data: bytes, folder: Path) -> ClipHeader:
    path = folder / "clip"
    path.write_bytes(data)
    return inspect_clip(path)


@pytest.fixture(scope="module")
def plain_mp4(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return samples.write_clip(tmp_path_factory.mktemp("mp4") / "clip.mp4").read_bytes()


@pytest.fixture(scope="module")
def plain_webm(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return samples.write_clip(tmp_path_factory.mktemp("webm") / "clip.webm").read_bytes()


@pytest.mark.parametrize(
    ("suffix", "codec", "kind", "name"),
    [
        (".avi", "MJPG", "AVI", "mjpeg"),
        (".avi", "mp4v", "AVI", "mpeg4"),
        (".gif", "", "GIF", "gif"),
        (".mjpeg", "MJPG", "MJPEG", "mjpeg"),
        (".mkv", "FFV1", "Matroska", "ffv1"),
        (".mkv", "VP90", "Matroska", "vp9"),
        (".mov", "MJPG", "QuickTime", "mjpeg"),
        (".mp4", "mp4v", "MP4", "mpeg4"),
        (".mp4", "vp09", "MP4", "vp9"),
        (".webm", "VP80", "WebM", "vp8"),
        (".y4m", "", "Y4M", "raw"),
    ],
)
def test_a_header_states_kind_codec_size_length_and_number(
    tmp_path: Path, suffix: str, codec: str, kind: str, name: str
) -> None:
    header = inspect_clip(samples.write_clip(tmp_path / f"clip{suffix}", codec=codec))
    track = header.video
    assert (header.kind, track.codec, track.width, track.height) == (kind, name, 64, 48)
    assert track.frames == samples.COUNT
    assert track.duration_s == pytest.approx(samples.COUNT / samples.RATE, abs=0.01)
    assert (len(header.tracks), header.audio_tracks) == (1, 0)


@pytest.mark.parametrize(("codec", "name"), [("PIM1", "mpeg1"), ("MPG2", "mpeg2")])
def test_mpeg_states_its_size_only(tmp_path: Path, codec: str, name: str) -> None:
    header = inspect_clip(samples.write_clip(tmp_path / "clip.mpg", codec=codec))
    assert (header.kind, header.video.codec) == ("MPEG", name)
    assert (header.video.width, header.video.height) == (64, 48)
    assert (header.video.frames, header.video.duration_s) == (None, None)


def test_sizes_of_mpeg_2_may_have_14_bits() -> None:
    head = b"\0\0\x01\xb3\x00\x00\x10\x13\xff\xff\xe0\x18"
    extension = b"\0\0\x01\xb5\x14\x82\x20\x01\0"  # 1 << 12 more of the height
    track = bare_streams.inspect_mpeg(opened(head + extension)).video
    assert (track.codec, track.width, track.height) == ("mpeg2", 0, 4096 + 16)


def test_mpeg_that_changes_its_size_is_refused(tmp_path: Path) -> None:
    parts = [
        samples.write_clip(tmp_path / f"{width}.mpg", samples.pictures(3, (width, 48))).read_bytes()
        for width in (64, 96)
    ]
    with pytest.raises(InputError, match="changes from 64x48 to 96x48 pixels"):
        bare_streams.inspect_mpeg(opened(b"".join(parts)))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_clip_is_known_by_its_beginning(tmp_path: Path, suffix: str) -> None:
    head = samples.write_clip(tmp_path / f"clip{suffix}").read_bytes()[:32]
    assert begins_as_clip(head) == (suffix != ".mjpeg")  # begins as a picture


@pytest.mark.parametrize(
    "head", [b"", b"\x89PNG\r\n\x1a\n", b"\0\0\0\x18ftypheic\0\0\0\0", b"RIFF\0\0\0\0WEBP"]
)
def test_other_files_are_no_clips(head: bytes) -> None:
    assert not begins_as_clip(head + bytes(20))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared clips are not on this machine")
@pytest.mark.slow
def test_real_headers_state_what_the_decoder_finds() -> None:
    paths = [
        path
        for folder in ("video/*", "field/video")
        for path in sorted(SHARED.glob(f"{folder}/*"))
        if path.suffix in {".mp4", ".webm", ".mkv", ".gif", ".mpg"}
    ]
    assert len(paths) >= 20
    for path in paths:
        track = inspect_clip(path).video
        video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        count = 0
        while video.grab():
            count += 1
        size = [video.get(key) for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)]
        assert [track.width, track.height] == size, path.name
        assert track.frames in (count, None), path.name


# --- MP4 --------------------------------------------------------------------------------------


def test_frames_of_fragments_are_counted(plain_mp4: bytes, tmp_path: Path) -> None:
    track = header_of(samples.in_fragments(plain_mp4), tmp_path).video
    assert track.frames == samples.COUNT
    assert track.duration_s == pytest.approx(samples.COUNT / samples.RATE)


def test_two_video_tracks_are_told(plain_mp4: bytes, tmp_path: Path) -> None:
    other = samples.write_clip(tmp_path / "b.mp4", samples.pictures(3, (96, 80))).read_bytes()
    tracks = header_of(samples.of_two_tracks(plain_mp4, other), tmp_path).tracks
    assert [(track.width, track.height, track.frames) for track in tracks] == [
        (64, 48, samples.COUNT),
        (96, 80, 3),
    ]


@pytest.mark.parametrize(
    ("matrix", "turn", "is_mirrored"),
    [
        ((1, 0, 0, 1), 0, False),
        ((0, 1, -1, 0), 90, False),
        ((-1, 0, 0, -1), 180, False),
        ((0, -1, 1, 0), 270, False),
        ((-1, 0, 0, 1), 0, True),
        ((1, 0, 0, -1), 180, True),
        ((0, 1, 1, 0), 270, True),
        ((0, -1, -1, 0), 90, True),
        ((2, 0, 0, 1.5), 0, False),
        ((0, 0, 0, 0), 0, False),
    ],
)
def test_the_matrix_states_turn_and_mirroring(
    plain_mp4: bytes,
    tmp_path: Path,
    matrix: tuple[float, float, float, float],
    turn: int,
    is_mirrored: bool,
) -> None:
    track = header_of(samples.with_matrix(plain_mp4, *matrix), tmp_path).video
    assert (track.rotation_deg, track.is_mirrored) == (turn, is_mirrored)


@pytest.mark.parametrize("matrix", [(0.7, 0.7, -0.7, 0.7), (1, 0, 1, 1), (1, 1, 1, 1)])
def test_a_matrix_that_skews_is_refused(
    plain_mp4: bytes, tmp_path: Path, matrix: tuple[float, float, float, float]
) -> None:
    with pytest.raises(InputError, match="other than quarter turns"):
        header_of(samples.with_matrix(plain_mp4, *matrix), tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[: data.index(b"moov") + 60], "ends within its header"),
        (lambda data: data[: data.index(b"moov") - 4], "holds no header"),
        (lambda data: data + samples.box("moov", samples.content(data, "moov")), "2 boxes moov"),
        (lambda data: samples.edited(data, samples.TRACK, None), "holds no track"),
        (lambda data: samples.edited(data, samples.TABLE, None), "lacks the box stbl"),
        (lambda data: samples.edited(data, ("moov",), samples.box("cmov")), "compressed"),
        (lambda data: samples.edited(data, (*samples.TABLE, "stts"), b"\0\0\0\0\xff\0\0\0"), "cut"),
        (lambda data: samples.edited(data, (*samples.TABLE, "stsd"), bytes(8)), "0 descriptions"),
        (
            lambda data: samples.edited(data, (*samples.TRACK, "mdia", "mdhd"), bytes(24)),
            "no unit of time",
        ),
        (
            lambda data: samples.edited(data, ("moov",), 65 * samples.box("trak")),
            "65 tracks; at most 64",
        ),
    ],
)
def test_damaged_boxes_are_named(
    plain_mp4: bytes,
    tmp_path: Path,
    change: "samples.Change",
    words: str,
) -> None:
    with pytest.raises(InputError, match=words):
        header_of(change(plain_mp4), tmp_path)


def test_a_box_may_have_a_length_of_64_bits(plain_mp4: bytes, tmp_path: Path) -> None:
    inner = samples.content(plain_mp4, "moov")
    long = (1).to_bytes(4, "big") + b"moov" + (len(inner) + 16).to_bytes(8, "big") + inner
    before = plain_mp4[: plain_mp4.index(b"moov") - 4]
    assert header_of(before + long, tmp_path).video.frames == samples.COUNT


def test_a_box_longer_than_the_file_ends_with_it(plain_mp4: bytes, tmp_path: Path) -> None:
    end = b"\0\0\0\x01mdat" + b"\xff" * 8
    assert header_of(plain_mp4 + end, tmp_path).video.frames == samples.COUNT


def test_a_box_within_a_box_may_not_be_longer(plain_mp4: bytes, tmp_path: Path) -> None:
    data = bytearray(plain_mp4)
    data[data.index(b"mdia") - 4] = 0x7F
    with pytest.raises(InputError, match="longer than what it lies in"):
        header_of(bytes(data), tmp_path)


# --- Matroska ---------------------------------------------------------------------------------


def test_frames_of_a_recording_of_a_browser_are_counted(plain_webm: bytes, tmp_path: Path) -> None:
    track = header_of(samples.as_recorded(plain_webm), tmp_path).video
    assert track.frames == samples.COUNT
    assert track.duration_s == pytest.approx(samples.COUNT / samples.RATE, abs=0.01)


def test_a_cut_recording_has_the_frames_up_to_there(plain_webm: bytes, tmp_path: Path) -> None:
    data = samples.as_recorded(plain_webm)
    frames = header_of(data[: len(data) - 100], tmp_path).video.frames
    assert frames is not None
    assert 0 < frames < samples.COUNT


def by_hand(*video: bytes, entries: int = 1, more: bytes = b"", codec: bytes = b"V_VP8") -> bytes:
    """A Matroska file with tracks of pictures and nothing else."""
    parts = (
        samples.element(0xD7, b"\1"),
        samples.element(0x83, b"\1"),
        samples.element(0x86, codec),
        samples.element(
            0xE0, samples.element(0xB0, b"\x40"), samples.element(0xBA, b"\x30"), *video
        ),
    )
    tracks = samples.element(0x1654AE6B, entries * samples.element(0xAE, *parts))
    head = samples.element(0x1A45DFA3, samples.element(0x4282, b"matroska"))
    return head + samples.element(0x18538067, tracks, more)


@pytest.mark.parametrize(
    ("angles", "turn", "is_mirrored"),
    [({0x7675: b"\x42\xb4\0\0"}, 270, False), ({0x7673: b"\x43\x34\0\0"}, 0, True)],
)
def test_a_projection_states_turn_and_mirroring(
    angles: dict[int, bytes], turn: int, is_mirrored: bool
) -> None:
    parts = (samples.element(name, value) for name, value in angles.items())
    track = matroska.inspect(opened(by_hand(samples.element(0x7670, *parts)))).video
    assert (track.rotation_deg, track.is_mirrored) == (turn, is_mirrored)


@pytest.mark.parametrize("suffix", [".webm", ".mkv"])
def test_pictures_of_vp8_have_the_size_that_is_stated(tmp_path: Path, suffix: str) -> None:
    data = samples.write_clip(tmp_path / f"clip{suffix}", codec="VP80").read_bytes()
    at = data.index(b"\xb0\x81\x40") + 2
    with pytest.raises(InputError, match="states 16x48 pixels, but one of its pictures has 64x48"):
        header_of(data[:at] + b"\x10" + data[at + 1 :], tmp_path)


def test_laced_frames_are_counted() -> None:
    block = samples.element(0xA3, b"\x81\0\0\x02\x03" + bytes(20))
    cluster = samples.element(0x1F43B675, samples.element(0xE7, b"\0"), block)
    assert matroska.inspect(opened(by_hand(more=cluster, codec=b"V_VP9"))).video.frames == 4


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (by_hand()[:-4], "ends within the description of its tracks"),
        (by_hand(entries=65), "more than 64 tracks"),
        (by_hand(entries=0), "no track of pictures"),
        (by_hand(more=b"\0\0\0"), "no part begins"),
        (by_hand(more=samples.element(0xA3, b"\x81\0\0\x02\x03" + bytes(20))), "in one block"),
        (by_hand()[:30] + samples.element(0xA3, b"\x81\0\0\0"), "pictures before"),
        (by_hand(more=b"\xec\xff"), "states no length"),
        (by_hand(samples.element(0xB0, bytes(9))), "more than 8 bytes"),
        (by_hand(samples.element(0x7670, samples.element(0x7675, b"\x7f\x80\0\0"))), "inf"),
        (by_hand(samples.element(0x7670, samples.element(0x7675, b"\x42\x34\0\0"))), "quarter"),
        (by_hand(b"\xb0\x48\0"), "longer than what it lies in"),
    ],
)
def test_damaged_elements_are_named(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        matroska.inspect(opened(data))


# --- the others -------------------------------------------------------------------------------


def test_rows_of_avi_may_go_down(tmp_path: Path) -> None:
    data = bytearray(samples.write_clip(tmp_path / "clip.avi").read_bytes())
    at = data.index(b"strf") + 16
    data[at : at + 4] = (-48).to_bytes(4, "little", signed=True)
    assert avi.inspect(opened(bytes(data))).video.height == 48


@pytest.mark.parametrize("cut", [40, 180])
def test_an_avi_that_ends_in_its_header_is_cut_off(tmp_path: Path, cut: int) -> None:
    data = samples.write_clip(tmp_path / "clip.avi").read_bytes()
    with pytest.raises(InputError, match="cut off"):
        avi.inspect(opened(data[:cut]))


def test_short_delays_of_gif_are_shown_longer(tmp_path: Path) -> None:
    path = samples.write_clip(tmp_path / "clip.gif", rate=100.0)
    assert bare_streams.inspect_gif(opened(path.read_bytes())).video.duration_s == pytest.approx(
        1.2
    )


def test_pictures_of_gif_may_reach_over_its_screen(tmp_path: Path) -> None:
    data = bytearray(samples.write_clip(tmp_path / "clip.gif").read_bytes())
    data[6:10] = b"\1\0\1\0"
    track = bare_streams.inspect_gif(opened(bytes(data))).video
    assert (track.width, track.height) == (64, 48)


@pytest.mark.parametrize("data", [b"GIF89a\1\0\1\0\0\0\0;", b"GIF89a\1\0\1\0\0\0\0\x99"])
def test_a_gif_without_pictures_is_damaged(data: bytes) -> None:
    with pytest.raises(InputError, match=r"GIF is (cut off or )?damaged"):
        bare_streams.inspect_gif(opened(data))


def test_pictures_of_mjpeg_have_one_size(tmp_path: Path) -> None:
    parts = [
        samples.write_clip(
            tmp_path / f"{width}.mjpeg", samples.pictures(3, (width, 48))
        ).read_bytes()
        for width in (64, 96)
    ]
    with pytest.raises(InputError, match="picture 3 of the MJPEG is 96x48 pixels"):
        bare_streams.inspect_jpegs(opened(b"".join(parts)))


@pytest.mark.parametrize(
    ("colour", "length"),
    [("420jpeg", 12), ("422", 16), ("444", 24), ("444alpha", 32), ("mono", 8), ("420p10", 24),
     ("mono16", 16), ("411", 12)],
)  # fmt: skip
def test_pictures_of_y4m_are_counted(colour: str, length: int) -> None:
    head = f"YUV4MPEG2 W4 H2 F30000:1001 Ip A1:1 C{colour}\n".encode()
    data = head + 3 * (b"FRAME Ip\n" + bytes(length))
    track = bare_streams.inspect_y4m(opened(data)).video
    assert track.frames == 3
    assert track.duration_s == pytest.approx(0.1001)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"YUV4MPEG2 W4 H4", "first line does not end"),
        (b"YUV4MPEG2 W4 H4 Cxyz\nFRAME\n", "not decoded"),
        (b"YUV4MPEG2 W4 H4\nFRAMES", "picture 0 does not begin"),
    ],
)
def test_damaged_y4m_is_named(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        bare_streams.inspect_y4m(opened(data))


def test_a_file_is_looked_at_a_bounded_number_of_times() -> None:
    for inspect, data in (
        (matroska.inspect, by_hand(more=MAX_LOOKS * b"\xec\x80")),
        (bare_streams.inspect_mpeg, MAX_LOOKS * b"\0\0\x01\xb3\4\0\x30\x13"),
    ):
        with pytest.raises(InputError, match="too many parts"):
            inspect(opened(data))


def test_a_table_may_not_have_any_length() -> None:
    with pytest.raises(InputError, match="table of 20000000 bytes"):
        ClipBytes(io.BytesIO(), 1 << 40).at(0, 20_000_000)


def test_a_file_that_shrinks_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "clip"
    path.write_bytes(bytes(100))
    with path.open("rb") as file:
        os.truncate(path, 10)
        with pytest.raises(InputError, match="became shorter"):
            ClipBytes(file, 100).at(50, 4)


def test_codes_are_safe_to_print() -> None:
    assert codec_name(b"a\x1b[2") == "a?[2"


def test_mp4_accepts_quicktime_without_a_brand(plain_mp4: bytes, tmp_path: Path) -> None:
    data = samples.edited(plain_mp4, ("ftyp",), None)
    assert mp4.accepts(data[:12])
    assert header_of(data, tmp_path).kind == "QuickTime"
