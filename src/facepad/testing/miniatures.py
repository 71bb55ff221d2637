"""Miniatures of the databases' layouts, with small pictures and clips that really decode."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from facepad import registry
from facepad.errors import SettingsError
from facepad.packing.pack import Packing, PackSource
from facepad.packing.rows import PackOptions
from facepad.testing.made_up import made_up_picture
from facepad.testing.media_files import CLIP_FRAMES, CLIP_SIZE, Clips, write_picture

SIZE = (160, 120)  # width and height in pixels
TRAIN_SUBJECTS = tuple(f"{number:04d}" for number in range(1, 10))
# As in the original: some test subjects occur in train, one has only attacks, one has none.
NUAA_LISTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "client_train": TRAIN_SUBJECTS,
        "client_test": ("0004", "0006", "0010", "0011", "0013"),
        "imposter_train": TRAIN_SUBJECTS,
        "imposter_test": ("0001", "0004", "0010", "0011", "0016"),
    }
)
NUAA_FOLDERS: Mapping[str, str] = MappingProxyType(
    {"client": "ClientRaw", "imposter": "ImposterRaw"}
)
LIGHTS = ("adverse", "controlled")  # of Replay-Attack and Replay-Mobile
REPLAY_PEOPLE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"train": ("001",), "devel": ("101",), "test": ("009", "109")}
)
# A person of each part, by the hash that splits data without parts.
PEOPLE: Mapping[str, str] = MappingProxyType({"anna": "train", "ida": "dev", "fred": "test"})


def made_up_dataset(
    folder: Path, name: str = "nuaa", *, pictures: int = 2, size: tuple[int, int] = SIZE
) -> Path:
    """Write a miniature of a database: its folders, lists and made-up pictures or clips.

    Args:
        folder: Where to write; made when missing.
        name: Name of the dataset in the registry.
        pictures: How many a subject has in each list that names it, in databases of stills.
        size: Width and height of the pictures of NUAA; in the usual ones faces are too small
            to be judged.

    Returns:
        The folder, to be given as the dataset's root.

    Raises:
        SettingsError: No miniature of that database is known.
    """
    folder_writer = partial(_write_folder, pictures=pictures)
    writers: Mapping[str, Callable[[Path], None]] = {
        "nuaa": partial(_write_nuaa, pictures=pictures, size=size),
        "folder": folder_writer,
        "csv": partial(_write_csv, pictures=pictures),
        "simulated": partial(_write_simulated, pictures=pictures),
        "packed": partial(_write_packed, write_folder=folder_writer),
        **VIDEO_MINIATURES,
    }
    if name not in writers:
        raise SettingsError(f"no miniature of dataset {name!r}; known: {', '.join(writers)}")
    folder.mkdir(parents=True, exist_ok=True)
    writers[name](folder)
    return folder


def _write_nuaa(root: Path, pictures: int, size: tuple[int, int]) -> None:
    for list_name, subjects in NUAA_LISTS.items():
        lines = [
            _write_nuaa_picture(root, list_name, subject, number, size)
            for subject in subjects
            for number in range(pictures)
        ]
        text = "".join(f"{line}\r\n" for line in lines)
        (root / f"{list_name}_raw.txt").write_text(text, encoding="ascii", newline="")


def _write_nuaa_picture(
    root: Path, list_name: str, subject: str, number: int, size: tuple[int, int]
) -> str:
    kind, part = list_name.split("_")
    session = "03" if part == "test" else f"0{1 + number % 2}"
    file = f"{subject}_{int(subject) % 2:02d}_00_{session}_{number}.jpg"
    path = root / NUAA_FOLDERS[kind] / subject / file
    attack = kind == "imposter"
    seed = int(subject)
    write_picture(path, made_up_picture(size=size, attack=attack, seed=seed, moved=number))
    return f"{subject}\\{file}"


def _write_folder(root: Path, pictures: int) -> None:
    """Write stills of every person, bona fide and printed, and one replayed clip of each."""
    clips = Clips()
    for seed, person in enumerate(PEOPLE):
        for number in range(pictures):
            for folder in ("bona_fide", "attack/print"):
                attack = folder != "bona_fide"
                picture = made_up_picture(size=SIZE, attack=attack, seed=seed, moved=number)
                write_picture(root / folder / person / f"{number}.png", picture)
        clips.write(root / "attack/screen" / person / "clip.mp4", seed=seed, attack=True)


def _write_csv(root: Path, pictures: int) -> None:
    """Write the folder's media with a list of part and session, and three frames of a clip."""
    _write_folder(root / "media", pictures)
    rows = [
        (f"media/bona_fide/{person}/{number}.png", person, part, "", "")
        for person, part in PEOPLE.items()
        for number in range(pictures)
    ]
    rows += [
        (f"media/attack/screen/{person}/clip.mp4", person, part, "screen", str(frame))
        for person, part in PEOPLE.items()
        for frame in (0, 2, 4)
    ]
    lines = [",".join(("path", "subject", "split", "pai_species", "frame", "room"))]
    lines += [",".join((*row, "office")) for row in rows]
    (root / "dataset.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_simulated(root: Path, pictures: int) -> None:
    """Write a simulation from one folder; the person "ida" has another background."""
    rows = [
        _write_simulated_picture(root, person, species, number)
        for person in PEOPLE
        for species in ("", "print", "screen")
        for number in range(pictures)
    ]
    with (root / "dataset.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_simulated_picture(
    root: Path, person: str, species: str, number: int
) -> Mapping[str, str]:
    kind = f"attack/{species}" if species else "bona_fide"
    path, seed = f"{PEOPLE[person]}/{kind}/{person}/{number}.jpg", list(PEOPLE).index(person)
    picture = made_up_picture(size=SIZE, attack=bool(species), seed=seed, moved=number)
    write_picture(root / path, picture)
    return {
        "path": path,
        "subject": person,
        "pai_species": species,
        "split": PEOPLE[person],
        "session": f"{person}.jpg#{number}",
        "camera": str(number),
        "source": f"{person}.jpg",
        "background": "",
        "licence": "CC0-1.0",
        "parameters": json.dumps({"backdrop": {"used": person == "ida"}}),
    }


def _write_packed(root: Path, write_folder: Callable[[Path], None]) -> None:
    """Pack a miniature into ``dataset.h5``.

    Args:
        root: Where to write.
        write_folder: Writes the miniature of the plain folder.
    """
    folder, packed = (registry.resolve("datasets", name) for name in ("folder", "packed"))
    with TemporaryDirectory() as source:
        write_folder(Path(source))
        listing = PackSource("folder", tuple(folder(Path(source)).samples()))
        with Packing(listing, PackOptions(), packed(root).file) as packing:
            packing.decode(workers=0)
            packing.merge()


# --- databases of videos ---------------------------------------------------------------------


def write_replay_attack(
    root: Path,
    people: Mapping[str, Sequence[str]] = REPLAY_PEOPLE,
    size: tuple[int, int] = CLIP_SIZE,
) -> None:
    """Write Replay-Attack.

    Args:
        root: Where to write.
        people: Subjects of each part, three digits each; by default one in train and in devel
            and two in test.
        size: Width and height of the clips; in the usual ones faces are too small to be judged.
    """
    clips = Clips(size)
    for part, subjects in people.items():
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
    """Write Replay-Mobile with one subject in each part."""
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
    """Write 3DMAD with all its people, as the split is by subject; needs h5py."""
    clips = Clips()
    for person, session, clip in product(range(1, 18), range(1, 4), range(1, 6)):
        path = root / f"session{session:02d}/Data/{person:02d}_{session:02d}_{clip:02d}.hdf5"
        clips.write(path, seed=person, attack=session == 3)


def write_msu_mfsd(root: Path) -> None:
    """Write MSU-MFSD with three subjects in the train list, one of them dev, and two in test."""
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
    """Write CASIA-FASD with a subject of train, one that becomes dev, and one of test."""
    clips = Clips()
    real = ("1", "2", "HR_1")
    attacks = ("3", "4", "HR_2", "5", "6", "HR_3", "7", "8", "HR_4")
    for number, folder in enumerate(("train_release/1", "train_release/16", "test_release/1")):
        for name in (*real, *attacks):
            clips.write(root / folder / f"{name}.avi", seed=number, attack=name in attacks)


def write_oulu_npu(root: Path) -> None:
    """Write OULU-NPU with one subject in each part and the lists of all protocols."""
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
    """Yield the lines of a list after Table III of the paper: each protocol holds some out."""
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
    """Write where the face is in each frame of a clip."""
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
