"""Made-up bundles of models for tests: a folder with two small models, and a wheel of a folder."""

import json
import zipfile
from pathlib import Path

import numpy as np

from facepad.models import index, store
from facepad.models.card import Card

CARD = Card("T", "1", "data", "CC0-1.0", "recipe", "results", "limits")


def save(folder: Path, name: str = "free", value: float = 1.0) -> Path:
    """Write the models "eye" and "nose" and their bundle; the value changes the hash of "eye"."""
    for model, number in (("eye", value), ("nose", 0.0)):
        store.save_arrays(folder / f"{model}.npz", {"x": np.array([number])}, CARD)
    if not (folder / index.BUNDLE_FILE).is_file():
        document = {"format": index.FORMAT, "name": name, "tests": {"look": ["eye", "nose"]}}
        (folder / index.BUNDLE_FILE).write_text(json.dumps(document))
    store.update_index(folder)
    return folder


def wheel(folder: Path, path: Path, prefix: str = "models/weights/") -> Path:
    """Write a wheel that holds the files of a folder."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{prefix}{file.name}")
    return path
