"""What runs in a worker process: bytes of pictures and clips in, documents out.

A worker gets messages over a socket that it inherits: a header in JSON and the media as they
came. Media stay in memory: a clip is decoded from a file in memory (`os.memfd_create`). No fault
names anything of the input.

    python -m facepad.service.worker FILE_DESCRIPTOR
"""

import os
import signal
import socket
import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from facepad import calibration, registry, runtime
from facepad.documents import Judged, to_document
from facepad.errors import FacepadError, InputError, ModelError, SettingsError
from facepad.media.decode import inspect
from facepad.media.limits import Limits
from facepad.media.reading import read
from facepad.pipeline import Checker
from facepad.selected_tests import make_test
from facepad.service.messages import packed, read_message, where
from facepad.types import Frame, LivenessTest, Presentation

NAME = "-"  # of every source, as of standard input; names of files are inputs
FORMATS = ("JPEG", "PNG", "WebP")
_CHECKERS = 16  # that are kept, for as many sets of options


class Unusable(Exception):  # noqa: N818 - an answer, not a fault
    """The request cannot be answered; carries a code of `facepad.service.problems`."""

    def __init__(self, code: str, detail: str, index: int | None = None) -> None:
        super().__init__(code)
        self.code, self.detail, self.index = code, detail, index


class Judge:
    """Answers requests; holds loaded models.

    Args:
        threads: Threads of one check.
        deadline_s: Seconds that the tests of one check have together.
    """

    def __init__(self, *, threads: int, deadline_s: float | None) -> None:
        self._threads, self._deadline_s = threads, deadline_s
        self._tests: dict[str, LivenessTest] = {}
        self._checkers: OrderedDict[tuple[Any, ...], Checker] = OrderedDict()

    def answer(self, header: Mapping[str, Any], media: Sequence[bytes]) -> dict[str, Any]:
        """Return the answer to one request."""
        kinds = {"image": self._image, "video": self._clip, "frames": self._frames}
        return kinds[header["kind"]](header, media)

    def warm(self) -> None:
        """Load what a request without options needs, and answer a golden input.

        Raises:
            ModelError: A model file is missing or has the wrong hash.
        """
        self._checker({}).load()

    def _image(self, header: Mapping[str, Any], media: Sequence[bytes]) -> dict[str, Any]:
        with _readable():
            _check_header(media[0])
            decision = self._checker(header).check(media[0], name=NAME)
        return {"document": to_document(Judged(NAME, decision))}

    def _clip(self, header: Mapping[str, Any], media: Sequence[bytes]) -> dict[str, Any]:
        with _readable(), _in_memory(media[0]) as path:
            decision = self._checker(header).check(path, name=NAME)
        return {"document": to_document(Judged(NAME, decision))}

    def _frames(self, header: Mapping[str, Any], media: Sequence[bytes]) -> dict[str, Any]:
        frames = []
        for number, data in enumerate(media):
            with _readable(number):
                _check_header(data)
                one = read(data, name=NAME)
            frames.append(Frame(one.image, number / header["frame_rate"], number=number))
        with _readable():
            decision = self._checker(header).check_presentation(Presentation(tuple(frames), NAME))
        return {"document": to_document(Judged(NAME, decision))}

    def _checker(self, asked: Mapping[str, Any]) -> Checker:
        tests, camera = asked.get("tests"), asked.get("calibration")
        point, faces = asked.get("operating_point"), asked.get("faces")
        version = None if camera is None else calibration.version(camera)
        key = (tuple(tests or ()), version, point, faces)
        if key not in self._checkers:
            advisory = registry.DEFAULT_ADVISORY if tests is None else ()
            self._checkers[key] = Checker(
                [self._test(name) for name in tests or registry.DEFAULT_TESTS],
                advisory=[self._test(name) for name in advisory],
                calibration=camera,
                operating_point=point or registry.DEFAULT_POINT,
                faces=faces or "largest",
                threads=self._threads,
                deadline_s=self._deadline_s,
            )
        self._checkers.move_to_end(key)
        while len(self._checkers) > _CHECKERS:
            self._checkers.popitem(last=False)
        return self._checkers[key]

    def _test(self, name: str) -> LivenessTest:
        if name not in self._tests:
            self._tests[name] = make_test(name, self._threads)
        return self._tests[name]


def _check_header(data: bytes) -> None:
    """Refuse a picture by its header, before anything is decoded."""
    header = inspect(data)
    if header.format not in FORMATS:
        raise Unusable("unsupported_media_type", "Send pictures as JPEG, PNG or WebP.")
    Limits.from_settings().check_size(header.width, header.height)


@contextmanager
def _readable(index: int | None = None) -> Iterator[None]:
    """Convert errors of media into an answer of fixed words."""
    try:
        yield
    except InputError as error:
        raise Unusable("unprocessable_media", "It cannot be read.", index) from error


@contextmanager
def _in_memory(data: bytes) -> Iterator[Path]:
    """Give a path to bytes that are in memory only."""
    descriptor = os.memfd_create("clip", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(data)
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


# --- the socket ---------------------------------------------------------------------------


def _answered(judge: Judge, header: Mapping[str, Any], media: Sequence[bytes]) -> dict[str, Any]:
    try:
        return judge.answer(header, media)
    except Unusable as error:
        return {"code": error.code, "detail": error.detail, "index": error.index}
    except ModelError:
        return {"code": "model_unavailable", "detail": ""}
    except SettingsError:
        return {"code": "invalid_request", "detail": "A parameter cannot be used."}
    except MemoryError:
        return {"code": "unprocessable_media", "detail": "It needs too much memory."}
    except Exception as error:  # noqa: BLE001 - a fault costs one request
        return {"code": "internal", "detail": "", "fault": where(error)}


def _limit(memory_mb: int) -> None:
    """Bound the memory of this process, and write no core file."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))


def main(descriptor: int) -> None:
    """Answer requests until the other end closes the socket.

    The server stops its workers by closing the socket, so that they finish what they began;
    signals that reach the whole group are for the server.
    """
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    with socket.socket(fileno=descriptor) as link, link.makefile("rb") as stream:
        first = read_message(stream)
        if first is None:
            return
        options = first[0]
        _limit(options.pop("memory_mb"))
        runtime.tune()
        judge = Judge(**options)
        try:
            judge.warm()
        except FacepadError as error:
            link.sendall(packed({"ready": False, "fault": str(error)}))
            return
        link.sendall(packed({"ready": True}))
        while (message := read_message(stream)) is not None:
            link.sendall(packed(_answered(judge, *message)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
