"""Save the picture of a live view, when a person asks for it."""

import io
from datetime import datetime
from pathlib import Path

from facepad.annotating.overlay import Moment, OverlayPainter
from facepad.documents import Judged, to_json
from facepad.errors import SettingsError
from facepad.jobs.files import replaced_file
from facepad.webcam.state import Shown

_PRIVATE = 0o600  # the files show a person
_MOST = 100  # files of one second


def save_shown(shown: Shown, moment: Moment | None, source: str, folder: Path) -> Path:
    """Write a picture with its overlay as PNG, and a decision beside it as JSON.

    The files are named by the time of day, and only their owner can read them.

    Args:
        shown: The picture.
        moment: The decision; None to write the picture alone.
        source: How the document names the camera.
        folder: Made if it is missing.

    Returns:
        The picture's file.

    Raises:
        SettingsError: The folder cannot be made or written to.
    """
    from PIL import Image

    height, width = shown.picture.shape[:2]
    drawn = OverlayPainter((width, height)).drawn(shown.picture, shown.overlay)
    content = io.BytesIO()
    Image.fromarray(drawn).save(content, "PNG")
    file = _free_name(folder)
    _write(file, content.getvalue())
    if moment is not None:
        document = to_json(Judged(source, moment.decision))
        _write(file.with_suffix(".json"), f"{document}\n".encode())
    return file


def _write(file: Path, content: bytes) -> None:
    with replaced_file(file, error=SettingsError) as part:
        part.touch(mode=_PRIVATE)  # before there is anything to read
        part.write_bytes(content)


def _free_name(folder: Path) -> Path:
    stem = f"facepad-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    names = (stem, *(f"{stem}-{number}" for number in range(2, _MOST)))
    for name in names:
        file = folder / f"{name}.png"
        if not file.exists() and not file.with_suffix(".json").exists():
            return file
    raise SettingsError(f"{folder}: {_MOST - 1} pictures were saved in this second already")
