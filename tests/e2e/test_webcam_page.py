"""The page of `facepad webcam` in Chromium: picture, decision, buttons, keys, what goes wrong."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

import service_pages
from clip_samples import write_clip
from command_line import skip_without_face_models
from facepad.types import Outcome
from facepad.webcam.state import CalibrationStep, CameraState, CameraStatus
from made_up_live import PORTRAIT, MadeUpLive, made_up_moment, served_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        service_pages.chromium() is None,
        reason="needs Chromium: apt-get install chromium-headless-shell",
    ),
]
# Keeps violations of the page's policy, and counts what is read out.
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.effectiveDirective} ${event.blockedURI}`));
window.heard = [];
document.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("status");
  new MutationObserver(() => window.heard.push(place.textContent))
    .observe(place, { childList: true });
});
"""


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    sync_api = pytest.importorskip("playwright.sync_api")
    options = {"executable_path": service_pages.chromium(), "args": ["--disable-gpu"]}
    with sync_api.sync_playwright() as playwright, playwright.chromium.launch(**options) as browser:
        yield browser


@pytest.fixture
def live() -> MadeUpLive:
    return MadeUpLive(rate=10.0)


@pytest.fixture
def url(live: MadeUpLive) -> Iterator[str]:
    with served_page(live) as url:
        yield url


@pytest.fixture
def page(browser: "Browser", url: str) -> Iterator["Page"]:
    """The page, watched: nothing breaks its policy, asks elsewhere or fails."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    errors = open_page(page, url)
    yield page
    assert page.evaluate("window.violations") == []
    assert errors == []
    assert [one for one in asked if not one.startswith(url)] == []
    page.close()


def open_page(page: "Page", url: str) -> list[str]:
    """Open the page, wait for its picture, and return the list that gets its errors."""
    errors: list[str] = []
    page.set_default_timeout(20_000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(WATCH)
    page.goto(url)
    page.locator("#veil").wait_for(state="hidden")
    return errors


def shot(page: "Page") -> bytes:
    return page.locator("#picture").screenshot()


def wait_until_moving(page: "Page", *, moving: bool = True) -> None:
    """Wait until two pictures, some time apart, differ; or are alike."""
    for _ in range(30):
        before = shot(page)
        page.wait_for_timeout(400)
        if (shot(page) != before) == moving:
            return
    pytest.fail(f"the picture does not {'move' if moving else 'stand still'}")


def wait_for_text(page: "Page", selector: str, words: str) -> None:
    page.locator(selector, has_text=re.compile(words)).wait_for()


def role(page: "Page", test: str) -> str:
    return str(page.locator(f"#tests tr:has(input[value={test}])").get_attribute("data-role"))


def test_the_picture_moves_beside_the_decision(page: "Page", live: MadeUpLive) -> None:
    wait_for_text(page, "#outcome", "^Bona fide$")
    answer = page.locator(".answer").inner_text()
    for part in ("Score 0.90 (0.82 to 0.98)", "Attack below 0.30", "blink once", "No calibration"):
        assert part in answer
    camera = page.locator("#camera").inner_text()
    assert re.fullmatch(r"Camera 0, 640 . 480 pixels\n25 frames a second", camera)
    assert "leaves it" in page.locator(".lead").inner_text()
    wait_until_moving(page)
    live.now = replace(live.now, newest=made_up_moment(Outcome.UNCERTAIN))
    wait_for_text(page, "#outcome", "^Uncertain$")
    assert page.locator("#reasons").inner_text() == "Too dark\nTurn on a light or face a window"


def test_space_pauses_and_goes_on(page: "Page") -> None:
    page.keyboard.press("Space")
    wait_for_text(page, "#veil-title", "Paused")
    wait_until_moving(page, moving=False)
    page.get_by_role("button", name="Go on").click()
    page.locator("#veil").wait_for(state="hidden")
    wait_until_moving(page)
    page.keyboard.press("Space")  # the button that was clicked does not take it
    wait_for_text(page, "#veil-title", "Paused")


def test_tests_are_switched_by_key_and_by_click_but_for_the_last(
    page: "Page", live: MadeUpLive
) -> None:
    page.keyboard.press("2")
    page.locator("tr[data-role=decides] input[value=face_cnn]").wait_for()
    page.keyboard.press("t")
    assert page.evaluate("document.activeElement.value") == "quality"
    for name in ("face_cnn", "pulse", "blink"):
        page.locator(f"input[value={name}]").click()
        page.locator(f"tr[data-role=off] input[value={name}]").wait_for()
    assert [asked for what, asked in live.asked if what == "select"][-1] == ("quality",)
    page.keyboard.press("1")
    wait_for_text(page, "#problem", "At least one test")
    assert page.locator("input[value=quality]").is_checked()
    assert role(page, "quality") == "decides"


def test_saving_names_the_file_and_says_why_it_fails(page: "Page", live: MadeUpLive) -> None:
    live.refusal = "the folder x cannot be written to"
    page.keyboard.press("s")
    wait_for_text(page, "#problem", "The folder x cannot be written to")
    live.refusal = ""
    page.get_by_role("button", name="Save").click()
    wait_for_text(page, "#notice", r"Saved facepad-1\.png")
    wait_for_text(page, "#status", r"saved facepad-1\.png")
    assert page.locator("#problem").inner_text() == ""


def test_a_calibration_is_guided_and_can_be_cancelled(page: "Page", live: MadeUpLive) -> None:
    page.keyboard.press("c")
    assert "Only a living person" in page.locator("#calibration").inner_text()
    page.keyboard.type("desk-2")  # in place of the name that is suggested
    page.keyboard.press("Enter")
    wait_for_text(page, "#guide", "Turn your head slightly")
    assert live.asked[-1] == ("begin", "desk-2")
    assert page.locator("#guide-count").inner_text() == "3 of 10"
    assert page.evaluate("document.activeElement.id") == "cancel"
    page.keyboard.press("Enter")
    wait_for_text(page, "#ended", "calibration cancelled")
    assert page.evaluate("document.activeElement.id") == "calibrate"
    live.calibrating(CalibrationStep.DONE, 10, "saved as desk")
    wait_for_text(page, "#ended", "saved as desk")
    assert not page.locator("#guide").is_visible()


def test_a_lost_camera_is_explained_until_it_is_back(page: "Page", live: MadeUpLive) -> None:
    lost = CameraState(CameraStatus.RETRYING, "camera 0", "camera 0: it was unplugged", None, 3.2)
    live.now = replace(live.now, camera=lost, newest=None)
    wait_for_text(page, "#veil-words", r"Camera 0: it was unplugged\. Next try in 4 s\.")
    wait_for_text(page, "#status", "it was unplugged")
    assert page.locator("#outcome").inner_text() == "No decision yet"
    live.pause(False)
    page.locator("#veil").wait_for(state="hidden")
    wait_for_text(page, "#status", "The camera runs")


@pytest.mark.parametrize("way", ["key", "failure"])
def test_the_page_says_that_the_program_has_ended(page: "Page", live: MadeUpLive, way: str) -> None:
    if way == "key":
        page.keyboard.press("q")
    else:
        live.failure = RuntimeError("a thread ended")
    wait_for_text(page, "#veil-title", "The live view has ended")
    assert page.locator("button:enabled").count() == 0
    assert page.title().startswith("Ended")
    assert "has ended" in page.locator("#status").inner_text()


def test_a_page_that_was_cut_off_comes_back(page: "Page") -> None:
    page.context.set_offline(True)
    wait_for_text(page, "#veil-title", "The live view has ended")
    page.context.set_offline(False)
    page.locator("#veil").wait_for(state="hidden")
    wait_for_text(page, "#outcome", "^Bona fide$")


def test_nothing_is_covered_at_the_end_of_a_long_page(page: "Page") -> None:
    page.set_viewport_size({"width": 1280, "height": 500})
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    edges = "(one) => one.getBoundingClientRect().toJSON()"
    picture, limits = (page.locator(name).evaluate(edges) for name in (".source", ".limits"))
    assert picture["right"] <= limits["left"] or picture["bottom"] <= limits["top"]


def test_no_old_decision_is_shown_while_others_take_all_connections(page: "Page", url: str) -> None:
    wait_for_text(page, "#outcome", "^Bona fide$")
    with ExitStack() as others:
        for _ in range(40):
            others.enter_context(socket.create_connection(("127.0.0.1", urlsplit(url).port or 0)))
        wait_for_text(page, "#meaning", "too many requests")
        page.wait_for_timeout(2000)
        assert page.locator("#outcome").inner_text() == "No decision yet"
    wait_for_text(page, "#outcome", "^Bona fide$")


def test_keys_can_be_switched_off_and_do_not_disturb_typing(page: "Page", live: MadeUpLive) -> None:
    page.keyboard.press("c")
    page.keyboard.type("sq 1")
    page.keyboard.press("Control+s")
    page.locator("summary").click()
    page.locator("#keys").click()
    page.locator("h1").click()
    page.keyboard.type("sq1")
    page.wait_for_timeout(300)
    assert live.asked == []


def test_changing_outcomes_are_read_out_only_when_they_last(page: "Page", live: MadeUpLive) -> None:
    outcomes = (Outcome.ATTACK, Outcome.UNCERTAIN, Outcome.BONA_FIDE, Outcome.ATTACK)
    page.wait_for_timeout(1800)
    before = len(page.evaluate("window.heard"))
    for outcome in outcomes:
        live.now = replace(live.now, newest=made_up_moment(outcome))
        page.wait_for_timeout(500)
    assert len(page.evaluate("window.heard")) == before
    wait_for_text(page, "#status", "^Attack")


def test_two_pages_and_a_viewer_that_does_not_read_share_the_view(
    page: "Page", browser: "Browser", live: MadeUpLive, url: str
) -> None:
    parts = urlsplit(url)
    with (
        socket.create_connection((str(parts.hostname), int(parts.port or 0)), 10) as stalled,
        browser.new_context() as context,
    ):
        request = f"GET {parts.path}picture HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n"
        stalled.sendall(request.encode())
        second = context.new_page()
        errors = open_page(second, url)
        wait_until_moving(second)
        wait_until_moving(page)
        second.keyboard.press("Space")
        wait_for_text(page, "#veil-title", "Paused")
        assert errors == []
    assert live.asked == [("pause", True)]


def test_pages_of_others_neither_see_nor_change_anything(
    browser: "Browser", live: MadeUpLive, url: str
) -> None:
    other = browser.new_page()
    other.route("http://other.example/", lambda route: route.fulfill(body="<p>other</p>"))
    other.goto("http://other.example/")
    seen = other.evaluate(
        """async (url) => {
          const image = new Image();
          const shown = new Promise((done) => {
            image.onload = () => done(true);
            image.onerror = () => done(false);
          });
          image.src = `${url}picture`;
          const frame = document.createElement("iframe");
          frame.src = url;
          document.body.append(frame);
          const asked = await Promise.all(["do/save", "do/stop"].map((path) =>
            fetch(url + path, { method: "POST", mode: "no-cors", body: "{}" })
              .then(() => "sent", () => "refused")));
          const read = await fetch(`${url}state`).then(() => "read", () => "refused");
          return { shown: await shown, read, asked };
        }""",
        url,
    )
    assert (seen["shown"], seen["read"]) == (False, "refused")
    assert live.asked == []
    other.goto(url)  # it still runs
    wait_for_text(other, "#outcome", "^Bona fide$")
    other.close()


def test_axe_finds_nothing(page: "Page", live: MadeUpLive) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    colours = {"runOnly": ["color-contrast"]}

    def check(what: str, options: dict[str, Any] | None = None) -> None:
        found = axe.run(page, options=options)
        assert found.violations_count == 0, f"{what}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), what

    page.locator("summary").click()
    page.keyboard.press("c")
    live.now = replace(live.now, notice="saved x" + 60 * "long" + ".png")
    check("running")
    page.set_viewport_size({"width": 390, "height": 844})
    live.calibrating(CalibrationStep.TAKING, 3, "move a little nearer")
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for outcome in Outcome:
            live.now = replace(live.now, newest=made_up_moment(outcome))
            page.wait_for_timeout(400)
            check(f"{outcome}, {scheme}", colours)
    live.refusal = "it cannot be written to"
    page.get_by_role("button", name="Save").click()
    wait_for_text(page, "#problem", "It cannot be written to")
    check("problem")
    page.get_by_role("button", name="Quit").click()
    wait_for_text(page, "#veil-title", "has ended")
    check("ended")


def write_moving(path: Path) -> Path:
    """Write a clip of the portrait, which moves to the left and to the right."""
    portrait = Image.open(PORTRAIT).convert("RGB").resize((360, 360))
    lefts = [abs(number % 40 - 20) for number in range(80)]
    crops = [np.asarray(portrait.crop((left, 0, left + 320, 320)), np.uint8) for left in lefts]
    return write_clip(path, crops, rate=10.0)


@contextmanager
def command(camera: Path, folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run `facepad webcam` with a clip as the camera, and give its process and address."""
    options = ["--camera", camera, "--tests", "quality", "--no-open", "--save-dir", folder]
    environment = {**os.environ, "FACEPAD_CALIBRATION_DIR": str(folder / "calibrations")}
    with subprocess.Popen(
        [sys.executable, "-m", "facepad", "webcam", *map(str, options)],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.search(r"http://\S+", line)
            assert found is not None, line
            yield process, found.group()
        finally:
            process.terminate()


def test_the_command_shows_a_clip_until_it_is_interrupted(
    browser: "Browser", tmp_path: Path
) -> None:
    skip_without_face_models()
    clip = write_moving(tmp_path / "clip.mp4")
    with command(clip, tmp_path / "saved") as (process, url):
        page = browser.new_page()
        errors = open_page(page, url)
        wait_until_moving(page)
        wait_for_text(page, "#outcome", "^(Bona fide|Attack|Uncertain)$")
        page.locator("tr[data-role=decides] input[value=quality]").wait_for()
        for _ in range(10):  # at the clip's begin, a picture has no decision for a while
            page.keyboard.press("s")
            wait_for_text(page, "#notice", "Saved ")
            page.wait_for_timeout(500)
            saved = {file.suffix for file in (tmp_path / "saved").iterdir()}
            if ".json" in saved:
                break
        assert saved == {".json", ".png"}
        page.keyboard.press("c")
        page.keyboard.press("Enter")
        wait_for_text(page, "#guide-words", "[A-Z][a-z]+ ")
        page.get_by_role("button", name="Cancel").click()
        wait_for_text(page, "#ended", "cancelled")
        process.send_signal(signal.SIGINT)
        wait_for_text(page, "#veil-title", "The live view has ended")
        assert errors == []
        page.close()
        _, more = process.communicate(timeout=30)
        assert (process.returncode, more) == (0, "")
