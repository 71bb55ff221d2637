"""Miniatures of the databases' layouts, with small pictures that really decode."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from facepad.errors import SettingsError
from facepad.testing.made_up import made_up_picture

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


def made_up_dataset(folder: Path, name: str = "nuaa", *, pictures: int = 2) -> Path:
    """Write a miniature of a database: its folders, lists and made-up pictures.

    Args:
        folder: Where to write; made when missing.
        name: Name of the dataset in the registry.
        pictures: How many a subject has in each list that names it.

    Returns:
        The folder, to be given as the dataset's root.

    Raises:
        SettingsError: No miniature of that database is known.
    """
    writers: Mapping[str, Callable[[Path, int], None]] = {"nuaa": _write_nuaa}
    if name not in writers:
        raise SettingsError(f"no miniature of dataset {name!r}; known: {', '.join(writers)}")
    folder.mkdir(parents=True, exist_ok=True)
    writers[name](folder, pictures)
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
    from PIL import Image  # not needed by those who only run a check

    session = "03" if part == "test" else f"0{1 + number % 2}"
    file = f"{subject}_{int(subject) % 2:02d}_00_{session}_{number}.jpg"
    attack = kind == "imposter"
    picture = made_up_picture(size=SIZE, attack=attack, seed=int(subject), moved=number)
    path = root / NUAA_FOLDERS[kind] / subject / file
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, quality=92)
    return f"{subject}\\{file}"
