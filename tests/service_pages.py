"""Pages of the service before made-up answers, and a browser whose camera shows a picture."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from fastapi import FastAPI

PORTRAIT = Path(__file__).resolve().parents[1] / "examples" / "astronaut.jpg"
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser")
GOOD_KEY = "fpk_made_up"
FACE = {"left": 0.35, "top": 0.2, "width": 0.2, "height": 0.25}
SCORES = {"live": 0.9, "spoof": 0.1, "uncertain": 0.5, "no_response": None}
REASONS = {
    "uncertain": {"code": "too_dark", "text": "too dark", "advice": "turn on a `light`"},
    "no_response": {"code": "no_face", "text": "no face found", "advice": "look up"},
}


def made_up_result(decision: str) -> dict[str, Any]:
    """One result of an answer with that decision."""
    point = {"name": "balanced", "threshold": 0.6, "low": 0.3, "high": 0.6}
    score, face = SCORES[decision], None if decision == "no_response" else FACE
    test = {"score": score, "interval": None, "reason": None, "operating_point": point}
    document = {
        "interval": None if score is None else [score - 0.1, score + 0.1],
        "operating_point": None if score is None else point,
        "advisory": ["quality"],
        "tests": {} if face is None else {"face_cnn": test, "quality": test},
        "left_out": {},
        "face": None if face is None else {"box": [180, 100, 280, 230], "others": 1},
        "capture": None if face is None else {"measures": {"brightest": 230.0, "yaw_deg": -0.2}},
        "source_size": [512, 512],
    }
    return {
        "decision": decision,
        "assurance": "passive_only",
        "score": score,
        "reasons": [REASONS[decision]] if decision in REASONS else [],
        "face": face,
        "timings": {"queue_ms": 1.0, "faces_ms": 30.0, "total_ms": 120.0},
        "document": document,
    }


@dataclass
class MadeUpApi:
    """What the API answers, and what it was sent.

    Attributes:
        decision: Decision of each answer.
        problem: Status of a problem to answer in place of it; 0 for none.
        delay_s: Seconds that an answer takes.
        needs_key: Whether a call without ``GOOD_KEY`` is refused.
        sizes: Width and height of each picture that came.
        now: Requests that are being answered.
        most_at_once: Largest number of those.
    """

    decision: str = "live"
    problem: int = 0
    delay_s: float = 0.02
    needs_key: bool = False
    sizes: list[tuple[int, int]] = field(default_factory=list)
    now: int = 0
    most_at_once: int = 0


def made_up_app(api: MadeUpApi) -> "FastAPI":
    """Return the pages with an API that gives made-up answers."""
    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse

    from facepad.service.config import ServiceConfig
    from facepad.service.pages import pages

    app = FastAPI(openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None)
    app.include_router(pages(ServiceConfig.model_validate({})))

    def problem(status: int) -> JSONResponse:
        title = {
            401: "Not authenticated",
            415: "Unsupported format",
            503: "The service is busy",
        }[status]
        body = {"title": title, "status": status, "detail": "Made up.", "request_id": "req_1"}
        return JSONResponse(body, status, {"Retry-After": "1"})

    async def answer(request: Request) -> JSONResponse:
        form = await request.form()
        api.sizes.append(Image.open(BytesIO(await form["image"].read())).size)  # type: ignore[union-attr]
        await form.close()
        if api.needs_key and request.headers.get("authorization") != f"Bearer {GOOD_KEY}":
            return problem(401)
        await asyncio.sleep(api.delay_s)
        if api.problem:
            return problem(api.problem)
        return JSONResponse({"results": [made_up_result(api.decision)], "request_id": "req_1"})

    @app.post("/v1/liveness/image", summary="Judge pictures")
    @app.post("/try/liveness/image", include_in_schema=False)
    async def check(request: Request) -> JSONResponse:
        api.now += 1
        api.most_at_once = max(api.most_at_once, api.now)
        try:
            return await answer(request)
        finally:
            api.now -= 1

    return app


@contextmanager
def served(app: "FastAPI") -> Iterator[int]:
    """Serve an application on loopback, and give its port."""
    import uvicorn

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(10)


@contextmanager
def real_service(state: Path) -> Iterator[str]:
    """Run `facepad serve` with one worker, and give its address."""
    command = [sys.executable, "-m", "facepad", "serve", "--port", "0", "--workers", "1"]
    environment = {**os.environ, "FACEPAD_STATE_DIR": str(state)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            found = (re.search(r"http://\S+(?=/try)", line) for line in process.stdout or ())
            url = next(filter(None, found), None)
            if url is None:
                raise RuntimeError(f"{' '.join(command)} ended before it served")
            yield url.group()
        finally:
            process.terminate()


def write_camera(path: Path) -> None:
    """Write the clip that Chromium's fake camera shows: the portrait, 640x480."""
    view = np.full((480, 640, 3), 90, np.uint8)
    view[:, 80:560] = np.asarray(Image.open(PORTRAIT).resize((480, 480)))
    planes = cv2.cvtColor(view, cv2.COLOR_RGB2YUV_I420).tobytes()
    head = b"YUV4MPEG2 W640 H480 F15:1 Ip A1:1 C420mpeg2\n"
    path.write_bytes(head + 4 * (b"FRAME\n" + planes))


def chromium() -> str | None:
    """Return the path of the system's Chromium, the light one without windows first."""
    return next(filter(None, map(which, CHROMIUMS)), None)


def launch_options(camera: Path) -> dict[str, Any]:
    """Return what Playwright needs to start the system's Chromium with that camera."""
    return {
        "executable_path": chromium(),
        "args": [
            "--disable-gpu",  # draws faster without the emulation of one
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",  # nobody is there to allow the camera
            f"--use-file-for-fake-video-capture={camera}",
            "--host-resolver-rules=MAP facepad.test 127.0.0.1",  # a name that is not loopback
        ],
    }
