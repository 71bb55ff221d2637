"""Packing: the same file for every way of getting there, and nothing lost or half-written."""

import errno
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from facepad.datasets.packed import Packed
from facepad.errors import DatasetError, InputError, SettingsError
from facepad.media.frame_selection import FrameSelection
from facepad.media.video import read_numbered
from facepad.packed.checksums import Digest
from facepad.packed.layout import COLUMNS
from facepad.packed.reader import PackedFile
from facepad.packed.writer import Writer
from facepad.packing import pack as packing_module
from facepad.packing.pack import Packing, PackSource
from facepad.packing.rows import PackOptions
from facepad.sources import load_sample, read_picture
from facepad.testing.media_files import CLIP_FRAMES, Clips
from facepad.types import Sample, Split
from packing import flipped, pack, pictures

COUNT = 13
PIXELS = PackOptions("pixels", (20, 20))
# Packed by the version of 24 November 2026; it must never change.
KNOWN_DIGEST = "4479a2fb23074018a72ea6957e0239a3b07f0aa8be7a8845b87d212a3493a804"


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    return pictures(tmp_path / "source", COUNT)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.h5"


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing_module, "SHARD", 4)


def interrupted(samples: list[Sample], out: Path, after: int, options: PackOptions) -> None:
    """Begin to pack and stop after some samples, as an interrupt from the keyboard does."""
    left = iter(range(after))

    def advance() -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    source = PackSource("made_up", tuple(samples))
    with Packing(source, options, out) as packing, pytest.raises(KeyboardInterrupt):
        packing.decode(0, advance)


@pytest.mark.slow
def test_packing_goes_on_with_a_note_on_a_drive_without_locks(
    samples: list[Sample], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refused)
    with Packing(PackSource("made_up", tuple(samples[:1])), PackOptions(), out) as packing:
        assert "cannot be locked on this drive" in packing.note
        packing.decode(0)
        packing.merge()
    assert len(list(Packed(out).samples())) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs locks as POSIX has them")
def test_hdf5_files_are_written_without_locks(tmp_path: Path) -> None:
    import fcntl

    with (tmp_path / "a.h5").open("wb") as other:
        fcntl.flock(other.fileno(), fcntl.LOCK_EX)  # libhdf5 would find it, or no locks at all
        with Writer(tmp_path / "a.h5", None) as writer:
            assert writer.counts() == (0, 0, 0)


@pytest.mark.slow
def test_other_programs_read_the_bytes_and_the_labels(samples: list[Sample], out: Path) -> None:
    pack(samples, out)
    with h5py.File(out) as file:
        assert file.attrs["format"] == "facepad packed dataset"
        assert (file.attrs["bona_fide"], file.attrs["attack"]) == (7, 6)
        for group, first in (("bona_fide", 0), ("attack", 1)):
            for number, sample in enumerate(samples[first::2]):
                stored = file[group]["images"][number].tobytes()
                assert stored == Path(sample.path).read_bytes()
                assert file[group]["key"].asstr()[number] == sample.key
                assert file[group]["subject"].asstr()[number] == sample.subject
                assert file[group]["width"][number] == 48
                assert file[group]["format"].asstr()[number] == "JPEG"


@pytest.mark.parametrize(
    "options",
    [PackOptions(), pytest.param(PackOptions("pixels", (8, 6)), marks=pytest.mark.slow)],
)
def test_known_pictures_have_a_digest_that_never_changes(
    out: Path, tmp_path: Path, options: PackOptions
) -> None:
    listed = []
    for number, split in enumerate(Split):
        path = tmp_path / f"{number}.png"
        pixels = np.arange(8 * 6 * 3, dtype=np.uint8).reshape(6, 8, 3) * (number + 1)
        Image.fromarray(pixels).save(path)
        species = "print" if number == 1 else None
        listed.append(Sample(f"known/{number}", str(path), f"person{number}", split, species))
    assert pack(listed, out, options).about.digest == KNOWN_DIGEST


@pytest.mark.slow
def test_every_column_is_as_long_as_its_group(samples: list[Sample], out: Path) -> None:
    pack(samples, out)
    with h5py.File(out) as file:
        assert {len(file["attack"][name]) for name in ("images", *COLUMNS)} == {6}


@pytest.mark.slow
def test_the_hash_of_the_source_file_is_that_of_other_programs(
    samples: list[Sample], out: Path
) -> None:
    from hashlib import sha256

    pack(samples, out)
    with PackedFile(out) as file:
        first = next(file.rows("bona_fide"))
    assert first.sha256 == sha256(Path(samples[0].path).read_bytes()).hexdigest()
    assert first.bytes == Path(samples[0].path).stat().st_size


@pytest.mark.slow
@pytest.mark.parametrize("options", [PackOptions(), PIXELS], ids=["encoded", "pixels"])
def test_processes_and_shards_do_not_change_the_file(
    samples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: PackOptions
) -> None:
    pack(samples, tmp_path / "one.h5", options)
    monkeypatch.setattr(packing_module, "SHARD", 6)
    pack(samples, tmp_path / "two.h5", options, workers=2)
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("options", [PackOptions(), PIXELS], ids=["encoded", "pixels"])
@pytest.mark.parametrize("after", [0, 4, 9])
def test_an_interrupted_run_that_goes_on_makes_the_same_file(
    samples: list[Sample], tmp_path: Path, after: int, options: PackOptions
) -> None:
    pack(samples, tmp_path / "whole.h5", options)
    interrupted(samples, tmp_path / "cut.h5", after, options)
    assert not (tmp_path / "cut.h5").exists()
    pack(samples, tmp_path / "cut.h5", options, resume=True)
    assert (tmp_path / "whole.h5").read_bytes() == (tmp_path / "cut.h5").read_bytes()


@pytest.mark.slow
def test_what_was_decoded_is_not_decoded_again(samples: list[Sample], out: Path) -> None:
    interrupted(samples, out, 9, PackOptions())
    decoded = []
    with Packing(PackSource("made_up", tuple(samples)), PackOptions(), out, resume=True) as packing:
        assert packing.done == 12  # three shards; the third was finished when it was told
        packing.decode(0, lambda: decoded.append(1))
    assert len(decoded) == 1


@pytest.mark.slow
def test_going_on_with_other_processes_fills_the_gaps(samples: list[Sample], out: Path) -> None:
    whole = pack(samples, out.with_name("whole.h5"))
    interrupted(samples, out, 12, PackOptions())
    (out.with_name("out.h5.parts") / "000000004-000000008.h5").unlink()
    assert pack(samples, out, workers=2, resume=True).about.digest == whole.about.digest


@pytest.mark.slow
@pytest.mark.parametrize("position", [100, 9000, -3])
def test_a_damaged_shard_is_made_again(samples: list[Sample], out: Path, position: int) -> None:
    whole = pack(samples, out.with_name("whole.h5"))
    interrupted(samples, out, 12, PackOptions())
    flipped(out.with_name("out.h5.parts") / "000000004-000000008.h5", position)
    assert pack(samples, out, resume=True).about.digest == whole.about.digest


@pytest.mark.slow
def test_the_work_folder_is_gone_at_the_end(samples: list[Sample], out: Path) -> None:
    pack(samples, out)
    assert not out.with_name("out.h5.parts").exists()


@pytest.mark.slow
def test_files_of_others_in_the_work_folder_are_left(samples: list[Sample], out: Path) -> None:
    interrupted(samples, out, 3, PackOptions())
    other = out.with_name("out.h5.parts") / "notes.txt"
    other.write_text("mine")
    pack(samples, out, force=True)
    assert [path.name for path in other.parent.iterdir()] == ["notes.txt"]


@pytest.mark.slow
def test_work_that_is_there_is_not_touched_unasked(samples: list[Sample], out: Path) -> None:
    interrupted(samples, out, 5, PackOptions())
    with pytest.raises(SettingsError, match="--resume resumes it, --force overwrites it"):
        pack(samples, out)
    assert pack(samples, out, resume=True).about.samples == COUNT


@pytest.mark.slow
def test_going_on_with_other_options_is_refused(samples: list[Sample], out: Path) -> None:
    interrupted(samples, out, 5, PackOptions())
    with pytest.raises(SettingsError, match="started with store 'encoded', not 'pixels'"):
        pack(samples, out, PIXELS, resume=True)


def test_going_on_with_other_data_is_refused(samples: list[Sample], out: Path) -> None:
    interrupted(samples, out, 5, PackOptions())
    os.utime(samples[0].path, (1, 1))
    with pytest.raises(SettingsError, match="started with listing or files "):
        pack(samples, out, resume=True)


@pytest.mark.slow
def test_forcing_begins_again_with_other_options(samples: list[Sample], out: Path) -> None:
    interrupted(samples, out, 5, PackOptions())
    assert pack(samples, out, PIXELS, force=True).about.store == "pixels"


@pytest.mark.slow
def test_a_finished_file_is_not_overwritten_unasked(samples: list[Sample], out: Path) -> None:
    pack(samples, out)
    with pytest.raises(SettingsError, match="is there already; --force overwrites it"):
        pack(samples, out)


@pytest.mark.slow
def test_a_finished_file_stays_until_the_new_one_is_whole(samples: list[Sample], out: Path) -> None:
    first = pack(samples, out).about.digest
    source = PackSource("made_up", tuple(samples[:5]))
    with Packing(source, PackOptions(), out, force=True) as packing:
        packing.decode(0)
        assert Packed(out).about().digest == first
        assert packing.merge().about.digest != first


@pytest.mark.slow
def test_going_on_with_a_finished_file_decodes_nothing(samples: list[Sample], out: Path) -> None:
    first = pack(samples, out)
    with Packing(PackSource("made_up", tuple(samples)), PackOptions(), out, resume=True) as packing:
        assert packing.done == COUNT
        packing.decode(0, lambda: pytest.fail("decoded again"))
        assert packing.merge() == first


@pytest.mark.slow
def test_going_on_with_a_finished_file_of_other_data_is_refused(
    samples: list[Sample], out: Path
) -> None:
    pack(samples, out)
    with pytest.raises(DatasetError, match="is finished, but of other data or options"):
        pack(samples[:5], out, resume=True)


def test_two_runs_at_once_are_refused(samples: list[Sample], out: Path) -> None:
    source = PackSource("made_up", tuple(samples))
    with (
        Packing(source, PackOptions(), out),
        pytest.raises(SettingsError, match="another run is at work on it"),
    ):
        Packing(source, PackOptions(), out, resume=True)


@pytest.mark.parametrize(
    ("name", "words"),
    [("out.hdf", r"must end in \.h5 or \.hdf5"), ("nowhere/out.h5", "is not a folder")],
)
def test_an_output_that_cannot_be_is_refused(
    samples: list[Sample], tmp_path: Path, name: str, words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        pack(samples, tmp_path / name)


def test_an_empty_listing_is_refused(out: Path) -> None:
    with pytest.raises(DatasetError, match="the listing has no samples"):
        pack([], out)


def test_a_folder_of_work_that_cannot_be_made_is_told(samples: list[Sample], out: Path) -> None:
    out.with_name("out.h5.parts").write_text("a file")
    with pytest.raises(SettingsError, match=r"out\.h5\.parts cannot be used"):
        pack(samples, out)


@pytest.mark.slow
def test_broken_pictures_are_skipped_named_and_counted(samples: list[Sample], out: Path) -> None:
    Path(samples[4].path).write_bytes(b"broken")
    Path(samples[12].path).write_bytes(b"")
    result = pack(samples, out)
    assert result.about.skipped == 2
    assert [Path(error.split(": ")[0]).name for error in result.skipped] == ["4.jpg", "12.jpg"]
    assert [s.key for s in Packed(out).samples()] == [
        f"packed/made_up/{number}" for number in range(COUNT) if number not in (4, 12)
    ]
    assert any("skipped: 2 of 13" in notice for notice in Packed(out).notices())


@pytest.mark.slow
def test_a_clip_that_breaks_on_its_way_leaves_no_frame(
    samples: list[Sample], out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facepad.packing import rows

    clip = clip_of(tmp_path)

    def breaks(*_: object) -> object:
        yield from list(read_numbered(clip.path))[:2]
        raise InputError(f"{clip.path}: a frame of the video is damaged")

    monkeypatch.setattr(rows, "read_frames", breaks)
    result = pack([samples[0], clip, samples[1]], out)
    assert (result.about.bona_fide, result.about.attack, result.about.skipped) == (1, 1, 1)
    assert len(list(Packed(out).samples())) == 2
    assert Packed(out).problems() == ()


@pytest.mark.slow
def test_nothing_but_broken_pictures_is_an_error(samples: list[Sample], out: Path) -> None:
    Path(samples[0].path).write_bytes(b"broken")
    with pytest.raises(DatasetError, match="none of the 1 samples could be read"):
        pack(samples[:1], out)
    assert not out.exists()


@pytest.mark.slow
def test_an_output_among_the_pictures_is_refused(samples: list[Sample], out: Path) -> None:
    pack(samples, out)
    with pytest.raises(SettingsError, match="is part of the dataset"):
        pack(list(Packed(out).samples()), out, force=True)


# --- what is stored -----------------------------------------------------------------------


def clip_of(folder: Path, **changes: object) -> Sample:
    path = folder / "clip.mp4"
    Clips().write(path, seed=1, attack=False)
    sample = Sample("made_up/clip", str(path), "anna", Split.TEST)
    return replace(sample, **changes)  # type: ignore[arg-type] # any field


@pytest.mark.slow
def test_a_clip_is_packed_as_one_whatever_its_name_is(tmp_path: Path, out: Path) -> None:
    clip = clip_of(tmp_path)
    renamed = replace(clip, path=str(Path(clip.path).rename(tmp_path / "clip.jpg")))
    result = pack([renamed], out)
    assert (result.about.samples, result.about.skipped) == (1, 0)


@pytest.mark.slow
def test_a_clip_is_one_sample_with_the_chosen_frames(tmp_path: Path, out: Path) -> None:
    clip, rule = clip_of(tmp_path), FrameSelection("even", 3)
    pack([clip], out, PackOptions(frames=rule))
    (packed,) = Packed(out).samples()
    assert packed.path == f"{out}#bona_fide/0-2"
    wanted = load_sample(clip, rule).frames
    found = load_sample(packed).frames
    assert len(found) == 3
    for one, other in zip(wanted, found, strict=True):
        assert np.array_equal(one.image, other.image)
        assert (one.time_s, one.notes) == (other.time_s, other.notes)


@pytest.mark.slow
def test_frames_keep_their_numbers(tmp_path: Path, out: Path) -> None:
    pack([clip_of(tmp_path)], out, PackOptions(frames=FrameSelection("every", 2)))
    with PackedFile(out) as file:
        assert [row.frame for row in file.rows("bona_fide")] == list(range(0, CLIP_FRAMES, 2))
        assert {row.format for row in file.rows("bona_fide")} == {"MP4"}


@pytest.mark.slow
def test_a_rule_chooses_among_packed_frames(tmp_path: Path, out: Path) -> None:
    clip = clip_of(tmp_path)
    pack([clip], out, PackOptions(frames=FrameSelection()))
    (packed,) = Packed(out).samples()
    for rule in (FrameSelection("even", 2), FrameSelection("every", 4), FrameSelection("at", 3)):
        wanted = [frame.image for frame in load_sample(clip, rule).frames]
        found = [frame.image for frame in load_sample(packed, rule).frames]
        assert np.array_equal(wanted, found)


@pytest.mark.slow
def test_a_rule_that_chooses_no_packed_frame_is_told(tmp_path: Path, out: Path) -> None:
    pack([clip_of(tmp_path)], out, PackOptions(frames=FrameSelection("every", 2)))
    (packed,) = Packed(out).samples()
    with pytest.raises(InputError, match="frame selection at:1 selects none of its 3 frames"):
        load_sample(packed, FrameSelection("at", 1))


@pytest.mark.slow
def test_one_frame_of_a_clip_stays_that_frame(tmp_path: Path, out: Path) -> None:
    clip = clip_of(tmp_path, frame=4)
    pack([clip], out)
    (packed,) = Packed(out).samples()
    assert packed.frame == 4
    wanted, found = load_sample(clip).frames, load_sample(packed).frames
    assert np.array_equal(wanted[0].image, found[0].image)


@pytest.mark.slow
def test_a_clip_is_no_picture(tmp_path: Path, out: Path) -> None:
    pack([clip_of(tmp_path)], out)
    with pytest.raises(InputError, match="stands for a clip of 6 frames, not for one picture"):
        read_picture(f"{out}#bona_fide/0-5")


@pytest.mark.slow
def test_notes_on_a_file_stay_with_it(tmp_path: Path, out: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (9, 7)).save(path, "JPEG")
    pack([Sample("made_up/a", str(path), "anna", Split.TEST)], out)
    assert read_picture(f"{out}#bona_fide/0").notes == ("named .png but is JPEG",)


@pytest.mark.slow
def test_pixels_of_the_same_size_are_the_same_pixels(samples: list[Sample], out: Path) -> None:
    whole = pack(samples, out, PackOptions("pixels", (48, 32))).about.digest
    assert whole == pack(samples, out.with_name("encoded.h5")).about.digest
    for sample, packed in zip(samples, Packed(out).samples(), strict=True):
        assert np.array_equal(read_picture(sample.path).image, read_picture(packed.path).image)


@pytest.mark.slow
def test_pixels_are_brought_down_to_fit(samples: list[Sample], out: Path) -> None:
    pack(samples, out, PIXELS)
    with h5py.File(out) as file:
        images = file["attack"]["images"]
        assert images.shape == (6, 20, 20, 3)
        assert (images.chunks, images.compression) == ((1, 20, 20, 3), "gzip")
        assert not images[0][13:].any()  # 48x32 became 20x13
    assert read_picture(f"{out}#attack/0").size == (20, 13)


@pytest.mark.slow
def test_a_packed_file_can_be_packed(samples: list[Sample], out: Path) -> None:
    first = pack(samples, out)
    again = pack(list(Packed(out).samples()), out.with_name("again.h5"))
    assert again.about.digest == first.about.digest
    with h5py.File(out) as one, h5py.File(out.with_name("again.h5")) as other:
        assert one["attack"]["sha256"][0] == other["attack"]["sha256"][0]
        assert one["attack"]["images"][0].tobytes() == other["attack"]["images"][0].tobytes()


# --- the digest ---------------------------------------------------------------------------

CHANGES: list[Callable[[Sample], Sample]] = [
    lambda sample: replace(sample, key="made_up/other"),
    lambda sample: replace(sample, subject="other"),
    lambda sample: replace(sample, split=Split.DEV),
    lambda sample: replace(sample, pai_species="mask"),
    lambda sample: replace(sample, session="other"),
]


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_the_digest_depends_on_every_label(
    samples: list[Sample], out: Path, change: Callable[[Sample], Sample]
) -> None:
    before = pack(samples, out).about.digest
    changed = [*samples[:3], change(samples[3]), *samples[4:]]
    assert pack(changed, out, force=True).about.digest != before


@pytest.mark.slow
def test_the_digest_depends_on_every_pixel(samples: list[Sample], out: Path) -> None:
    before = pack(samples, out).about.digest
    picture = read_picture(samples[3].path).image.copy()
    picture[5, 6, 1] ^= 1
    Image.fromarray(picture).save(out.with_suffix(".png"))
    changed = [*samples[:3], replace(samples[3], path=str(out.with_suffix(".png"))), *samples[4:]]
    Image.fromarray(read_picture(samples[3].path).image).save(out.with_suffix(".bmp"))
    same = [*samples[:3], replace(samples[3], path=str(out.with_suffix(".bmp"))), *samples[4:]]
    assert pack(same, out, force=True).about.digest == before
    assert pack(changed, out, force=True).about.digest != before


@pytest.mark.slow
def test_the_digest_depends_on_the_order(samples: list[Sample], out: Path) -> None:
    before = pack(samples, out).about.digest
    assert pack(samples[::-1], out, force=True).about.digest != before


@pytest.mark.slow
def test_the_digest_is_that_of_the_rows(samples: list[Sample], out: Path) -> None:
    told = pack(samples, out).about.digest
    with PackedFile(out) as file:
        assert str(Digest(row for _, _, row in file.in_order())) == told


def test_without_h5py_the_way_to_it_is_told(
    samples: list[Sample], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(SettingsError, match=r"pip install 'facepad\[data\]'"):
        pack(samples, out)
