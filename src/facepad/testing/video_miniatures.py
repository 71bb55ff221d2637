"""Miniatures of databases of videos: the names and lists of the originals, made-up clips."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from types import MappingProxyType

from facepad.testing.media_files import CLIP_FRAMES, Clips

LIGHTS = ("adverse", "controlled")


def write_replay_attack(root: Path) -> None:
    """Replay-Attack with one subject in train and in devel and two in test."""
    clips = Clips()
    for part, subjects in {"train": ("001",), "devel": ("101",), "test": ("009", "109")}.items():
        real = {line: subject for subject in subjects for line in _replay_real(part, subject)}
        attacks = {line: name for name in subjects for line in _replay_attacks(part, name)}
        _write_clips(root, clips, real, attack=False)
        _write_clips(root, clips, attacks, attack=True)
        _write_lines(root / f"protocols/real-{part}.txt", real)
        _write_lines(root / f"protocols/attack-grandtest-allsupports-{part}.txt", attacks)
        for line in (*real, *attacks):
            _write_faces(root / "face-locations" / line)


def _replay_real(part: str, subject: str) -> Iterator[str]:
    for light, take in product(LIGHTS, (1, 2)):
        yield f"{part}/real/client{subject}_session01_webcam_authenticate_{light}_{take}.mov"


def _replay_attacks(part: str, subject: str) -> Iterator[str]:
    shown = (
        ("print", "highdef_photo"),
        ("mobile", "mobile_photo"),
        ("mobile", "mobile_video"),
        ("highdef", "highdef_photo"),
        ("highdef", "highdef_video"),
    )
    for support, (device, original), light in product(("fixed", "hand"), shown, LIGHTS):
        name = f"attack_{device}_client{subject}_session01_{original}_{light}.mov"
        yield f"{part}/attack/{support}/{name}"


def write_replay_mobile(root: Path) -> None:
    """Replay-Mobile with one subject in each part."""
    clips = Clips()
    for part, subject in {"train": "001", "devel": "005", "test": "002"}.items():
        real = dict.fromkeys(_mobile_real(part, subject), subject)
        attacks = dict.fromkeys(_mobile_attacks(part, subject), subject)
        _write_clips(root, clips, real, attack=False)
        _write_clips(root, clips, attacks, attack=True)
        lists = root / "protocols/alldevices"
        _write_lines(lists / f"real-alldevices-{part}.txt", real)
        _write_lines(lists / f"attack-grandtest-allsupports-alldevices-{part}.txt", attacks)
        for line in (*real, *attacks):
            _write_faces(root / "faceloc/rect" / line)


def _mobile_real(part: str, subject: str) -> Iterator[str]:
    lights = (*LIGHTS, "direct", "lateral", "diffuse")
    for camera, light in product(("mobile", "tablet"), lights):
        yield f"{part}/real/client{subject}_session02_authenticate_{camera}_{light}.mov"


def _mobile_attacks(part: str, subject: str) -> Iterator[str]:
    shown = (
        ("print", "fixed", "photo"),
        ("print", "hand", "photo"),
        ("mattescreen", "fixed", "photo"),
        ("mattescreen", "fixed", "video"),
    )
    for (device, support, medium), camera, light in product(
        shown, ("mobile", "tablet"), ("lighton", "lightoff")
    ):
        names = (device, support, camera, medium, light)
        yield f"{part}/attack/attack_client{subject}_session01_{'_'.join(names)}.mov"


def write_threedmad(root: Path) -> None:
    """3DMAD with all its people, as the split is by subject; needs h5py."""
    clips = Clips()
    for person, session, clip in product(range(1, 18), range(1, 4), range(1, 6)):
        path = root / f"session{session:02d}/Data/{person:02d}_{session:02d}_{clip:02d}.hdf5"
        clips.write(path, seed=person, attack=session == 3)


def write_msu_mfsd(root: Path) -> None:
    """MSU-MFSD with three subjects in the train list, one of them dev, and two in test."""
    clips = Clips()
    subjects = {"train_sub_list.txt": ("02", "03", "53"), "test_sub_list.txt": ("01", "13")}
    for name, listed in subjects.items():
        _write_lines(root / name, listed)
        for subject in listed:
            for attack in (False, True):
                videos = dict.fromkeys(_msu_videos(f"{subject:0>3}", attack), subject)
                _write_clips(root / "scene01", clips, videos, attack=attack)
                for line in videos:
                    _write_faces(root / "scene01" / line)


def _msu_videos(subject: str, attack: bool) -> Iterator[str]:
    kinds = ("ipad_video_", "iphone_video_", "printed_photo_") if attack else ("",)
    word = "attack" if attack else "real"
    for (camera, suffix), kind in product((("android", "mp4"), ("laptop", "mov")), kinds):
        yield f"{word}/{word}_client{subject}_{camera}_SD_{kind}scene01.{suffix}"


def write_casia_fasd(root: Path) -> None:
    """CASIA-FASD with a subject of train, one that becomes dev, and one of test."""
    clips = Clips()
    real = ("1", "2", "HR_1")
    attacks = ("3", "4", "HR_2", "5", "6", "HR_3", "7", "8", "HR_4")
    for number, folder in enumerate(("train_release/1", "train_release/16", "test_release/1")):
        for name in (*real, *attacks):
            clips.write(root / folder / f"{name}.avi", seed=number, attack=name in attacks)


def write_oulu_npu(root: Path) -> None:
    """OULU-NPU with one subject in each part and the lists of all protocols."""
    clips = Clips()
    for part, subject in {"Train": "01", "Dev": "21", "Test": "36"}.items():
        for phone, session, kind in product("123456", "123", "12345"):
            path = root / f"{part}_files/{phone}_{session}_{subject}_{kind}.avi"
            clips.write(path, seed=int(subject), attack=kind != "1")
            eyes = [f"{frame},27,20,37,20" for frame in range(CLIP_FRAMES)]
            _write_lines(path.with_suffix(".txt"), eyes)
        for protocol in ("1", "2", *(f"{n}_{fold}" for n in (3, 4) for fold in range(1, 7))):
            name = f"Protocol_{protocol[0]}/{part}{protocol[1:]}.txt"
            lines = list(_oulu_lines(protocol, subject, part == "Test"))
            _write_lines(root / "Protocols" / name, lines)


def _oulu_lines(protocol: str, subject: str, test: bool) -> Iterator[str]:
    """What the paper's Table III lets a list hold: each protocol keeps something for test."""
    number, left_out = protocol[0], protocol[2:]
    sessions = ("3" if test else "12") if number in "14" else "123"
    kinds = ("135" if test else "124") if number in "24" else "12345"
    phones = [p for p in "123456" if not left_out or (p == left_out) == test]
    for phone, session, kind in product(phones, sessions, kinds):
        sign = {"1": "+1", "2": "-1", "3": "-1"}.get(kind, "-2")
        yield f"{sign},{phone}_{session}_{subject}_{kind}"


def _write_clips(root: Path, clips: Clips, subjects: Mapping[str, str], *, attack: bool) -> None:
    """Write clips; ``subjects`` tells who is shown in each."""
    for line, subject in subjects.items():
        clips.write(root / line, seed=int(subject), attack=attack)


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")


def _write_faces(video: Path) -> None:
    """Where the face is in each frame of a clip."""
    _write_lines(video.with_suffix(".face"), [f"{n} 22 11 20 27" for n in range(CLIP_FRAMES)])


VIDEO_MINIATURES: Mapping[str, Callable[[Path], None]] = MappingProxyType(
    {
        "replay_attack": write_replay_attack,
        "3dmad": write_threedmad,
        "msu_mfsd": write_msu_mfsd,
        "casia_fasd": write_casia_fasd,
        "oulu_npu": write_oulu_npu,
        "replay_mobile": write_replay_mobile,
    }
)
