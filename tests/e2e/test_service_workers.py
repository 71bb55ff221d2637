"""Workers of the service with their models: what they judge, and what their processes cannot do."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from facepad.service.config import ServiceConfig
from facepad.service.workers import process
from facepad.service.workers.pool import Inference
from facepad.service.workers.process import JudgeRequest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PORTRAIT = Path(__file__).resolve().parents[2] / "examples" / "astronaut.jpg"
SLOW: Mapping[str, Any] = dict.fromkeys(
    ("tests_deadline_s", "test_deadline_s", "request_deadline_s", "image_decode_cpu_s"), 600.0
)
IMAGE = JudgeRequest("image", (PORTRAIT.read_bytes(),))
CALIBRATE = {
    **{"name": "desk", "overwrite": False, "persons": None, "test": "face_cnn"},
    **{"fixed_scene": False, "target_bpcer": None, "self_attacks": False},
}

# The start of a worker, and then what code would try that took it over.
TAKEN_OVER = """
import json, os, socket, subprocess, sys
from facepad.service.workers import worker
options, target = json.loads(sys.argv[1]), sys.argv[2]
judge, unfiltered = worker._started(options)
def unix():
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(target)
tried = {
    "connect": lambda: socket.create_connection(("127.0.0.1", 9)),
    "connect_to_a_path": unix,
    "execve": lambda: os.execv("/bin/true", ["true"]),
    "start": lambda: subprocess.run(["/bin/true"]),
    "fork": os.fork,
    "write": lambda: open(target, "w"),
    "append": lambda: open(target, "a"),
    "own_memory": lambda: open("/proc/self/mem", "r+b"),
    "remove": lambda: os.unlink(target),
    "kill": lambda: os.kill(os.getppid(), 9),
}
answers = {}
for name, call in tried.items():
    try:
        call()
        answers[name] = "done"
    except OSError as error:
        answers[name] = type(error).__name__
if os.path.exists(sys.argv[3]):
    media = [open(sys.argv[3], "rb").read()]
    answers["judged"] = sorted(judge.answer({"kind": "image"}, media))
print(json.dumps([unfiltered, answers]))
"""


def with_workers(work: Callable[[Inference], Awaitable[None]], **settings: Any) -> None:  # noqa: ANN401
    async def whole() -> None:
        inference = Inference(ServiceConfig(**{"workers": 1, **SLOW, **settings}))
        await inference.start()
        try:
            while not inference.ready:
                await asyncio.sleep(0.01)
            await work(inference)
        finally:
            await inference.close()

    asyncio.run(whole())


def clip(folder: Path, frames: int = 12) -> bytes:
    path, image = folder / "a.webm", np.asarray(cv2.imread(str(PORTRAIT)))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"VP80"), 10.0, (512, 512))
    for number in range(frames):
        writer.write(np.roll(image, number, axis=1))
    writer.release()
    return path.read_bytes()


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def has_filter() -> bool:
    code = "from facepad.service.workers import seccomp; seccomp.install()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    return done.returncode == 0


needs_filter = pytest.mark.skipif(not has_filter(), reason="this platform has no seccomp")


def test_pictures_and_clips_are_judged_by_every_test_with_all_bounds(tmp_path: Path) -> None:
    names = ("quality", "quality_whole", "face_cnn", "face_mask", "voxel")

    async def work(inference: Inference) -> None:
        video = JudgeRequest("video", (clip(tmp_path),), {"tests": names})
        frames = JudgeRequest("frames", IMAGE.media * 3, {"times_s": [0.0, 0.1, 0.2]})
        for request in (IMAGE, video, frames, JudgeRequest("metrics", IMAGE.media)):
            values = (await inference.judge(request)).values
            assert "code" not in values, values
        assert inference.restarts == 0

    with_workers(work)


@needs_filter
def test_a_worker_that_was_replaced_judges_with_its_filter() -> None:
    async def work(inference: Inference) -> None:
        pids: set[int] = set()
        while len(pids) < 2:
            (pid,) = inference.pids
            assert (status(pid)["Seccomp"], status(pid)["NoNewPrivs"]) == ("2", "1")
            pids.add(pid)
            assert "document" in (await inference.judge(IMAGE)).values

    with_workers(work, worker_jobs=1)


def taken_over(folder: Path, *, warm: bool) -> tuple[str, dict[str, Any], Path]:
    target = folder / "kept.txt"
    target.write_text("kept")
    config = ServiceConfig(workers=1, **SLOW)
    options = json.dumps(process._first_message(config, warm=warm))
    done = subprocess.run(
        [sys.executable, "-c", TAKEN_OVER, options, str(target), str(PORTRAIT)],
        env=process._environment(config),
        capture_output=True,
        text=True,
        check=True,
    )
    unfiltered, answers = json.loads(done.stdout)
    return unfiltered, answers, target


@needs_filter
def test_a_worker_opens_no_connection_starts_no_program_and_writes_no_file(tmp_path: Path) -> None:
    unfiltered, answers, target = taken_over(tmp_path, warm=True)
    assert unfiltered == ""
    assert answers.pop("judged") == ["document"]
    assert set(answers.values()) == {"PermissionError"}, answers
    assert target.read_text() == "kept"


@needs_filter
def test_a_process_of_a_calibration_writes_files_and_nothing_else(tmp_path: Path) -> None:
    _, answers, _ = taken_over(tmp_path, warm=False)
    done = {name for name, answer in answers.items() if answer == "done"}
    # Root may always open the memory of its own process.
    assert done - {"own_memory"} == {"write", "append", "remove"}


def test_a_calibration_is_made_and_used_with_all_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(tmp_path / "calibrations"))
    picture = np.asarray(cv2.imread(str(PORTRAIT)))
    frames = [cv2.imencode(".png", picture[n:, 3 * n :])[1].tobytes() for n in (0, 20, 40, 60)]

    async def work(inference: Inference) -> None:
        made = await inference.judge_apart(JudgeRequest("calibrate", tuple(frames), CALIBRATE), 600)
        assert "code" not in made.values, made.values
        asked = JudgeRequest("image", IMAGE.media, {"calibration": "desk"})
        document = (await inference.judge(asked)).values["document"]
        assert document["calibration"] == made.values["calibration"]

    with_workers(work)


def large_picture() -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), dtype=np.uint8)
    return bytes(cv2.imencode(".png", noise)[1].tobytes())


@pytest.mark.parametrize("kind", ["image", "frames", "video"])
def test_what_takes_too_long_to_decode_is_the_fault_of_the_media(kind: str, tmp_path: Path) -> None:
    media = clip(tmp_path, 100) if kind == "video" else large_picture()
    options = {"times_s": [0.0]} if kind == "frames" else {}

    async def work(inference: Inference) -> None:
        answer = await inference.judge(JudgeRequest(kind, (media,), options))
        assert answer.values == {
            "code": "unprocessable_media",
            "detail": "Decoding it takes too much processor time.",
        }
        assert "document" in (await inference.judge(other)).values
        assert inference.restarts == 1

    other = IMAGE if kind == "video" else JudgeRequest("video", (clip(tmp_path, 4),))
    bounds = {"image_decode_cpu_s": 600.0, "video_decode_cpu_s": 600.0}
    bounds[f"{'video' if kind == 'video' else 'image'}_decode_cpu_s"] = 0.004
    with_workers(work, **bounds)
