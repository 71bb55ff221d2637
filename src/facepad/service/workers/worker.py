"""What runs in a worker process: bytes of pictures and clips in, documents out.

A worker gets messages over a socket that it inherits: a header in JSON and the media as they
came. It ends when the other end is closed. No fault names anything of the input.

    python -m facepad.service.workers.worker FILE_DESCRIPTOR
"""

import signal
import socket
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from facepad import calibration, quality, registry, runtime, settings
from facepad.decision import Decision
from facepad.documents import Judged, to_document
from facepad.errors import FacepadError, InputError, ModelError, SettingsError
from facepad.faces.finder import FaceFinder
from facepad.finders import Finder
from facepad.media.reading import read
from facepad.needs import needs_of
from facepad.pipeline import Checker
from facepad.selected_tests import make_calibratable, make_test
from facepad.service.workers import seccomp
from facepad.service.workers.bounds import DecodingTime, bound_check, bound_process, end_decoding
from facepad.service.workers.media import ClipBounds, PictureBounds, Refused, in_memory
from facepad.service.workers.messages import packed, read_message, where
from facepad.types import Face, Frame, LivenessTest, Presentation, Reason

NAME = "-"  # of every source, as of standard input: names of files are inputs
_CHECKERS = 16  # that are kept, for as many sets of options
_NO_FOLDER = {
    "code": "store_unavailable",
    "detail": "The folder of calibrations cannot be written.",
}
Media = Sequence[bytes]
Answer = dict[str, Any]


class EndsDecoding:
    """A finder for which everything is decoded when the first face is looked for.

    Args:
        finder: Finds the faces.
    """

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    @property
    def models(self) -> Mapping[str, str]:
        """Version of each model it uses, by model name."""
        return self._finder.models

    def find(self, frame: Frame) -> Frame:
        """Stop counting the time for decoding, and return the frame with its face."""
        end_decoding()
        return self._finder.find(frame)


class Judge:
    """Answers requests; holds loaded models.

    Args:
        threads: Threads of one check.
        deadline_s: Seconds that the tests of one check have together.
        test_deadline_s: Seconds that each of them has.
        pictures: Bounds of pictures.
        clips: Bounds of clips.
        decoding: Bounds of the processor time for decoding; over one, this process ends.
    """

    def __init__(
        self,
        *,
        threads: int = 1,
        deadline_s: float | None = None,
        test_deadline_s: float | None = None,
        pictures: PictureBounds | None = None,
        clips: ClipBounds | None = None,
        decoding: DecodingTime | None = None,
    ) -> None:
        self._threads, self._deadlines_s = threads, (deadline_s, test_deadline_s)
        self._decoding = decoding or DecodingTime()
        self._pictures, self._clips = pictures or PictureBounds(), clips or ClipBounds()
        self._tests: dict[str, LivenessTest] = {}
        self._finders: dict[bool, EndsDecoding] = {}
        self._checkers: OrderedDict[tuple[Any, ...], Checker] = OrderedDict()

    def answer(self, header: Mapping[str, Any], media: Media) -> Answer:
        """Return the answer to one request, or the code and the detail of a problem."""
        kinds: Mapping[str, Callable[[Mapping[str, Any], Media], Answer]] = {
            "image": self._image,
            "video": self._video,
            "frames": self._frames,
            "metrics": self._metrics,
            "calibrate": self._calibrate,
        }
        try:
            return kinds[header["kind"]](header, media)
        except Refused as refused:
            return {"code": refused.code, "detail": refused.detail, "index": refused.index}
        except ModelError as error:
            return {"code": "model_unavailable", "fault": where(error)}
        except SettingsError as error:
            return _of_setting(header, error)
        except MemoryError:
            return {"code": "unprocessable_media", "detail": "It needs too much memory."}
        except Exception as error:  # noqa: BLE001 - a fault costs one request
            return {"code": "internal", "fault": where(error)}

    def warm(self) -> None:
        """Load what requests without options need, and answer a golden input.

        Raises:
            FacepadError: A model file is missing or wrong.
        """
        self._checker({}, is_clip=True)
        parts = self._checker({}).parts()
        golden = _golden()
        parts.finder.find(Frame(golden.frames[0].image))
        for test in parts.tests:
            test.score(golden)

    def _image(self, header: Mapping[str, Any], media: Media) -> Answer:
        with _readable(), self._decoding.image():
            self._pictures.check(media[0])
        checker = self._checker(header)
        with _readable(), self._decoding.image():
            return _judged(checker.check(media[0], name=NAME))

    def _video(self, header: Mapping[str, Any], media: Media) -> Answer:
        with _readable(), in_memory(media[0]) as path:
            with self._decoding.video():
                self._clips.check(path)
            checker = self._checker(header, is_clip=True)
            with self._decoding.video():
                return _judged(checker.check(path, name=NAME))

    def _frames(self, header: Mapping[str, Any], media: Media) -> Answer:
        frames: list[Frame] = []
        room = round(1e6 * settings.number("max_clip_mb"))
        for at, (data, time_s) in enumerate(zip(media, header["times_s"], strict=True)):
            image = self._still(data, at).image
            room -= image.nbytes
            if room < 0:
                detail = "The frames have too many pixels together; send fewer or smaller ones."
                raise Refused("unprocessable_media", detail, at)
            frames.append(Frame(image, time_s, number=at))
        presentation = Presentation(tuple(frames), NAME)
        return _judged(self._checker(header, is_clip=True).check_presentation(presentation))

    def _metrics(self, _: Mapping[str, Any], media: Media) -> Answer:
        frame = self._still(media[0])
        with _readable():
            values = quality.measure(frame.image, names=quality.METRICS, threads=self._threads)
        width, height = frame.size
        return {"width": width, "height": height, "metrics": values}

    def _calibrate(self, header: Mapping[str, Any], media: Media) -> Answer:
        from facepad.training.calibration import run  # seldom needed

        if refused := _refused_place(header):
            return refused
        for at, data in enumerate(media):
            with _readable(at), self._decoding.image():
                self._pictures.check(data)
        persons = header["persons"] or [""] * len(media)
        pictures = [
            run.CalibrationPicture(data, person, f"frame {at}")
            for at, (data, person) in enumerate(zip(media, persons, strict=True))
        ]
        try:
            made = run.fit_calibration(
                header["name"],
                make_calibratable(header["test"], self._threads),
                pictures,
                fixed_scene=header["fixed_scene"],
                target_bpcer=header["target_bpcer"],
                self_attacks=header["self_attacks"],
            )
        except InputError as error:  # names nothing but the numbers of frames
            raise Refused("unprocessable_media", str(error)) from error
        try:
            calibration.save(made.calibration, made.card)
        except ModelError as error:
            return {**_NO_FOLDER, "fault": str(error)}
        return {
            "calibration": calibration.version(header["name"]),
            "frames": made.calibration.frames,
            "grade": made.grade.word,
            "grade_reason": made.grade.reason,
            "notes": list(made.notes),
        }

    def _still(self, data: bytes, index: int | None = None) -> Frame:
        with _readable(index), self._decoding.image():
            self._pictures.check(data)
            return read(data, name=NAME)

    def _checker(self, asked: Mapping[str, Any], *, is_clip: bool = False) -> Checker:
        """Return the checker of some options; tests and finders are shared by all checkers.

        Its models are loaded, since their loading is no decoding.
        """
        names, camera = asked.get("tests"), asked.get("calibration")
        point, faces = asked.get("operating_point"), asked.get("faces")
        version = None if camera is None else calibration.version(camera)
        key = (is_clip if names is None else tuple(names), version, point, faces)
        if key not in self._checkers:
            own = None if camera is None else calibration.load(camera).test
            more = registry.DEFAULT_CLIP_TESTS if is_clip else ()
            asked_for = list(names or (*registry.DEFAULT_TESTS, *more))
            if own in registry.names("liveness_tests") and own not in asked_for:
                asked_for.insert(0, own)  # decides alone; it need not be named
            aside = [] if names is not None else registry.DEFAULT_ADVISORY
            tests = [self._test(name) for name in asked_for]
            shown = [self._test(name) for name in aside if name not in asked_for]
            self._checkers[key] = Checker(
                tests,
                advisory=shown,
                calibration=camera,
                operating_point=point or registry.DEFAULT_POINT,
                faces=faces or "largest",
                threads=self._threads,
                deadline_s=self._deadlines_s[0],
                test_deadline_s=self._deadlines_s[1],
                finder=self._finder([*tests, *shown]),
            )
            self._checkers[key].parts()
        self._checkers.move_to_end(key)
        while len(self._checkers) > _CHECKERS:
            self._checkers.popitem(last=False)
        return self._checkers[key]

    def _test(self, name: str) -> LivenessTest:
        if name not in self._tests:
            self._tests[name] = make_test(name, self._threads)
        return self._tests[name]

    def _finder(self, tests: Sequence[LivenessTest]) -> EndsDecoding:
        landmarks = any(needs_of(test).landmarks for test in tests)
        if landmarks not in self._finders:
            self._finders[landmarks] = EndsDecoding(FaceFinder(landmarks=landmarks))
        return self._finders[landmarks]


def _judged(decision: Decision) -> Answer:
    """Return the answer of a decision; where a test was late, it says that the process is due.

    A late test cannot be stopped: it would take processor time from the next checks, and would be
    missing in them.
    """
    is_due = any(score.reason is Reason.TIMED_OUT for score in decision.scores.values())
    document = to_document(Judged(NAME, decision))
    return {"document": document, "is_due": True} if is_due else {"document": document}


def _of_setting(header: Mapping[str, Any], error: SettingsError) -> Answer:
    """Return the answer where an option cannot be used, such as a calibration that is gone."""
    name = header.get("calibration")
    if name is not None and name not in calibration.names():
        return {"code": "unknown_calibration"}
    return {"code": "invalid_request", "fault": where(error)}


def _refused_place(header: Mapping[str, Any]) -> Answer:
    """Return the answer where no calibration can be kept under a name; empty where one can."""
    try:
        calibration.check_free(header["name"], overwrite=True)
    except SettingsError as error:  # names nothing but the folder
        return {**_NO_FOLDER, "fault": str(error)}
    is_taken = not header["overwrite"] and header["name"] in calibration.names()
    return {"code": "calibration_exists"} if is_taken else {}


def _golden() -> Presentation:
    """Return a made-up picture with a face, which every test can score."""
    rows, columns = np.mgrid[0:240, 0:320]
    bands = [(3 * rows + 5 * columns + 40 * band) % 256 for band in range(3)]
    eyes, rest = ((135.0, 100.0), (185.0, 100.0)), ((160.0, 125.0), (160.0, 150.0))
    face = Face((100, 60, 220, 180), 1.0, points=(*eyes, *rest, (105.0, 110.0), (215.0, 110.0)))
    return Presentation((Frame(np.stack(bands, axis=2).astype(np.uint8), face=face),), "golden")


@contextmanager
def _readable(index: int | None = None) -> Iterator[None]:
    """Convert errors of media into an answer of fixed words."""
    try:
        yield
    except InputError as error:
        detail = "It is damaged, cut off, or of a kind that is not decoded."
        raise Refused("unprocessable_media", detail, index) from error
    except Refused as refused:
        refused.index = index
        raise


# --- the process --------------------------------------------------------------------------


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
        try:
            judge, unfiltered = _started(first[0])
        except FacepadError as error:
            link.sendall(packed({"ready": False, "fault": str(error)}))
            return
        except Exception as error:  # noqa: BLE001 - the server logs it, and tries again
            link.sendall(packed({"ready": False, "fault": where(error), "is_passing": True}))
            return
        link.sendall(packed({"ready": True, "unfiltered": unfiltered}))
        while (message := read_message(stream)) is not None:
            bound_check(message[0].pop("cpu_s"))
            link.sendall(packed(judge.answer(*message)))


def _started(options: Mapping[str, Any]) -> tuple[Judge, str]:
    """Return a judge that can answer, by the first message of the server.

    With it comes why system calls are not filtered; "" where they are, or need not be.

    Raises:
        FacepadError: A model file is missing or wrong.
    """
    bound_process(options["memory_mb"])
    runtime.tune()
    judge = Judge(
        threads=options["threads"],
        deadline_s=options["deadline_s"],
        test_deadline_s=options["test_deadline_s"],
        pictures=PictureBounds(**options["pictures"]),
        clips=ClipBounds(**options["clips"]),
        decoding=DecodingTime(**options["decoding"]),
    )
    if options["warm"]:
        judge.warm()
    return judge, _filtered(options) if options["filter"] else ""


def _filtered(options: Mapping[str, Any]) -> str:
    """Filter system calls; return why that cannot be done, or ""."""
    try:
        seccomp.install(may_write=not options["warm"])  # long work keeps calibrations
    except seccomp.FilterUnavailable as reason:
        return str(reason)
    return ""


if __name__ == "__main__":
    main(int(sys.argv[1]))
