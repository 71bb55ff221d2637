"""Miniatures of the databases' layouts, with small pictures that really decode."""

import csv
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from facepad.errors import SettingsError
from facepad.testing.made_up import made_up_picture
from facepad.testing.media_files import Clips, write_picture
from facepad.testing.packed_miniature import write_packed
from facepad.testing.video_miniatures import VIDEO_MINIATURES

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
# A person of each part, by the hash that splits data without parts.
PEOPLE: Mapping[str, str] = MappingProxyType({"anna": "train", "ida": "dev", "fred": "test"})


def made_up_dataset(folder: Path, name: str = "nuaa", *, pictures: int = 2) -> Path:
    """Write a miniature of a database: its folders, lists and made-up pictures or clips.

    Args:
        folder: Where to write; made when missing.
        name: Name of the dataset in the registry.
        pictures: How many a subject has in each list that names it, in databases of stills.

    Returns:
        The folder, to be given as the dataset's root.

    Raises:
        SettingsError: No miniature of that database is known.
    """
    folder_writer = partial(_write_folder, pictures=pictures)
    writers: Mapping[str, Callable[[Path], None]] = {
        "nuaa": partial(_write_nuaa, pictures=pictures),
        "folder": folder_writer,
        "csv": partial(_write_csv, pictures=pictures),
        "simulated": partial(_write_simulated, pictures=pictures),
        "packed": partial(write_packed, write_folder=folder_writer),
        **VIDEO_MINIATURES,
    }
    if name not in writers:
        raise SettingsError(f"no miniature of dataset {name!r}; known: {', '.join(writers)}")
    folder.mkdir(parents=True, exist_ok=True)
    writers[name](folder)
    return folder


def _write_nuaa(root: Path, pictures: int) -> None:
    for list_name, subjects in NUAA_LISTS.items():
        kind, part = list_name.split("_")
        lines = [
            _write_nuaa_picture(root, kind, part, subject, number)
            for subject in subjects
            for number in range(pictures)
        ]
        text = "".join(f"{line}\r\n" for line in lines)
        (root / f"{list_name}_raw.txt").write_text(text, encoding="ascii", newline="")


def _write_nuaa_picture(root: Path, kind: str, part: str, subject: str, number: int) -> str:
    session = "03" if part == "test" else f"0{1 + number % 2}"
    file = f"{subject}_{int(subject) % 2:02d}_00_{session}_{number}.jpg"
    path = root / NUAA_FOLDERS[kind] / subject / file
    attack = kind == "imposter"
    seed = int(subject)
    write_picture(path, made_up_picture(size=SIZE, attack=attack, seed=seed, moved=number))
    return f"{subject}\\{file}"


def _write_folder(root: Path, pictures: int) -> None:
    """Stills of everybody, bona fide and printed, and one clip of each on a screen."""
    clips = Clips()
    for seed, person in enumerate(PEOPLE):
        for number in range(pictures):
            for folder in ("bona_fide", "attack/print"):
                attack = folder != "bona_fide"
                picture = made_up_picture(size=SIZE, attack=attack, seed=seed, moved=number)
                write_picture(root / folder / person / f"{number}.png", picture)
        clips.write(root / "attack/screen" / person / "clip.mp4", seed=seed, attack=True)


def _write_csv(root: Path, pictures: int) -> None:
    """The same media with a list that tells part and session, and three frames of a clip."""
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
    """As a simulation from one folder of pictures; who is "ida" stands before another picture."""
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
