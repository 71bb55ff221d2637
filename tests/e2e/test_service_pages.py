"""/try and /docs in Chromium: a file, a drop, the webcam, the keyboard, and what goes wrong."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from PIL import Image

import service_pages
from service_pages import GOOD_KEY, PORTRAIT, MadeUpApi

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, FileChooser, Page

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        service_pages.chromium() is None,
        reason="needs Chromium: apt-get install chromium-headless-shell",
    ),
]

# Keeps violations of the page's policy where the test finds them.
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.effectiveDirective} ${event.blockedURI}`));
"""
# The camera fails with each of `failures` before it opens.
FAIL = """() => {
  const open = MediaDevices.prototype.getUserMedia;
  window.failures = [];
  MediaDevices.prototype.getUserMedia = function (wanted) {
    const name = window.failures.shift();
    return name ? Promise.reject(new DOMException("", name)) : open.call(this, wanted);
  };
}"""
DROP = """async (kind) => {
  const data = new DataTransfer();
  const picture = new OffscreenCanvas(320, 240);
  picture.getContext("2d").fillRect(0, 0, 320, 240);
  if (kind === "text") data.setData("text/plain", "no picture");
  else data.items.add(new File([await picture.convertToBlob()], "me.png"));
  document.getElementById("stage").dispatchEvent(
    new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


@dataclass
class Site:
    """The pages in a browser.

    Attributes:
        browser: Chromium.
        api: What the API answers.
        port: Where it is served.
    """

    browser: "Browser"
    api: MadeUpApi
    port: int

    def context(self, **options: Any) -> "BrowserContext":  # noqa: ANN401
        return self.browser.new_context(base_url=f"http://127.0.0.1:{self.port}", **options)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    sync_api = pytest.importorskip("playwright.sync_api")
    camera = tmp_path_factory.mktemp("camera") / "camera.y4m"
    service_pages.write_camera(camera)
    api = MadeUpApi()
    options = service_pages.launch_options(camera)
    with (
        service_pages.served(service_pages.made_up_app(api)) as port,
        sync_api.sync_playwright() as playwright,
        playwright.chromium.launch(**options) as browser,
    ):
        yield Site(browser, api, port)


@pytest.fixture
def api(site: Site) -> MadeUpApi:
    """The API, as it is at first."""
    site.api.__dict__.update(vars(MadeUpApi()))
    return site.api


@pytest.fixture
def context(site: Site, api: MadeUpApi) -> Iterator["BrowserContext"]:  # noqa: ARG001 - resets it
    """A browser that may use the camera, for phones: 390 pixels wide."""
    with site.context(permissions=["camera"], viewport={"width": 390, "height": 844}) as context:
        yield context


@pytest.fixture
def page(context: "BrowserContext", site: Site) -> Iterator["Page"]:
    """/try, watched: nothing breaks its policy, asks elsewhere or fails."""
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.add_init_script(WATCH)
    errors: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/try")
    yield page
    assert page.evaluate("window.violations") == []
    assert errors == []
    own = f"http://127.0.0.1:{site.port}/"
    assert [url for url in asked if not url.startswith((own, f"blob:{own}"))] == []


def choose(page: "Page", path: Path = PORTRAIT) -> None:
    page.set_input_files("#file", path)


def headline(page: "Page", word: str) -> None:
    page.locator(".verdict h3", has_text=re.compile(f"^{word}$")).wait_for()


def problem(page: "Page", title: str) -> None:
    page.locator("#problem h3", has_text=title).wait_for()


def test_a_file_is_answered_beside_its_picture(page: "Page", api: MadeUpApi) -> None:
    api.decision = "uncertain"
    choose(page)
    headline(page, "Uncertain")
    answer = page.locator("#details").inner_text()
    for part in ("Too dark", "Turn on a light", "Score 0.50", "face_cnn", "advisory", "230 / 255"):
        assert part in answer
    assert re.search(r"Answer after \d\.\d\d s", answer)
    assert "Uncertain, score 0.50. too dark" in page.locator("#status").inner_text()
    assert "1 more not judged" in page.locator("#caption").inner_text()
    frame, box = (page.locator(name).bounding_box() for name in ("#picture", "#box"))
    assert frame is not None
    assert box is not None
    assert (box["x"] - frame["x"]) / frame["width"] == pytest.approx(0.35, abs=0.01)
    assert box["height"] / frame["height"] == pytest.approx(0.25, abs=0.01)


def test_a_picture_can_be_dropped_and_anything_else_is_named(page: "Page", api: MadeUpApi) -> None:
    page.evaluate(DROP, "text")
    problem(page, "This is no picture")
    page.evaluate(DROP, "file")
    headline(page, "Live")
    assert api.sizes == [(320, 240)]
    assert page.locator("#problem").inner_text() == ""


def test_a_picture_that_is_too_large_is_made_smaller(
    page: "Page", api: MadeUpApi, tmp_path: Path
) -> None:
    Image.open(PORTRAIT).resize((2400, 1600)).save(tmp_path / "large.jpg")
    choose(page, tmp_path / "large.jpg")
    headline(page, "Live")
    assert api.sizes == [(1920, 1280)]
    assert "made smaller from 2400" in page.locator("#caption").inner_text()


def test_the_webcam_sends_one_still_at_a_time_until_it_is_stopped(
    page: "Page", api: MadeUpApi
) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    api.delay_s = 0.7  # longer than the time between two stills
    page.get_by_role("button", name="Use the webcam").click()
    headline(page, "Live")
    page.wait_for_timeout(1200)
    page.get_by_role("button", name="Stop the webcam").click()
    assert page.locator("#picture").is_visible()  # the still that the answer belongs to
    assert page.evaluate("document.getElementById('video').srcObject") is None
    until_stopped = sent.count("POST")
    page.wait_for_timeout(700)
    assert sent.count("POST") == until_stopped >= 2
    assert (set(api.sizes), api.most_at_once) == ({(640, 480)}, 1)


def test_all_can_be_done_with_the_keyboard(page: "Page", api: MadeUpApi) -> None:
    choosers: list[FileChooser] = []
    page.on("filechooser", lambda one: choosers.append(one))
    page.keyboard.press("Tab")
    assert page.locator(".skip").bounding_box() is not None
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "file"
    for _ in range(5):  # a busy browser may not open the dialog at the first press
        page.keyboard.press("Space")
        page.wait_for_timeout(2000)
        if choosers:
            break
    choosers[0].set_files(PORTRAIT)
    headline(page, "Live")
    page.keyboard.press("Tab")
    api.decision = "spoof"
    page.keyboard.press("Enter")
    headline(page, "Spoof")
    assert page.evaluate("document.activeElement.textContent") == "Stop the webcam"
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Use the webcam").wait_for()
    assert page.locator("#status").inner_text() == "Webcam stopped"


def test_a_camera_that_fails_is_explained_and_tried_again(page: "Page") -> None:
    page.evaluate(FAIL)
    page.locator("#webcam").click()
    for names, title in (
        (["NotFoundError"], "No camera found"),
        (["NotReadableError", "NotReadableError"], "The camera is busy"),
        (["NotAllowedError"], "The system blocks the camera"),
    ):
        page.get_by_role("button", name="Stop the webcam").click()
        page.evaluate("(names) => { window.failures = names; }", names)
        page.locator("#webcam").click()
        problem(page, title)
        page.get_by_role("button", name="Try again").click()
    page.get_by_role("button", name="Stop the webcam").click()
    page.evaluate("window.failures = ['AbortError']")  # opens at the second try
    page.locator("#webcam").click()
    headline(page, "Live")


def test_a_camera_that_is_refused_can_be_allowed_without_a_reload(site: Site) -> None:
    with site.context() as context:
        page = context.new_page()
        page.goto("/try")
        page.evaluate(FAIL)
        page.evaluate("window.failures = ['NotAllowedError']")
        page.locator("#webcam").click()
        page.locator("#problem h3", has_text=re.compile("not allowed")).wait_for()
        context.grant_permissions(["camera"])
        problem(page, "The camera is allowed now")
        page.get_by_role("button", name="Try again").click()
        headline(page, "Live")


def test_an_insecure_page_explains_why_no_camera_opens(
    site: Site, context: "BrowserContext"
) -> None:
    page = context.new_page()
    page.goto(f"http://facepad.test:{site.port}/try")
    page.locator("#webcam").click()
    problem(page, "The webcam needs a secure page")
    choose(page)
    headline(page, "Live")


def test_a_key_is_asked_for_and_the_picture_sent_again(page: "Page", api: MadeUpApi) -> None:
    api.needs_key = True
    choose(page)
    problem(page, "An API key is needed")
    assert page.evaluate("document.activeElement.id") == "key"
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    problem(page, "The API key is not accepted")
    page.locator("#key").fill(GOOD_KEY)
    page.keyboard.press("Enter")
    headline(page, "Live")


def test_a_busy_server_is_named_and_asked_again(page: "Page", api: MadeUpApi) -> None:
    api.problem = 503
    choose(page)
    problem(page, "The service is busy")
    assert "req_1" in page.locator("#problem").inner_text()
    api.problem = 0
    headline(page, "Live")  # by itself
    page.locator("#problem h3").wait_for(state="detached")
    page.context.set_offline(True)
    choose(page)
    problem(page, "The server does not answer")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    page.locator("#problem h3").wait_for(state="detached")


def test_a_picture_that_is_refused_for_good_is_not_offered_again(
    page: "Page", api: MadeUpApi
) -> None:
    api.problem = 415
    choose(page)
    problem(page, "Unsupported format")
    assert page.get_by_role("button", name="Try again").count() == 0


def test_axe_finds_nothing(page: "Page", api: MadeUpApi) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    colours = {"runOnly": ["color-contrast"]}
    schemes: tuple[tuple[Literal["light", "dark"], dict[str, Any] | None], ...]
    schemes = (("light", None), ("dark", colours))

    def check(what: str) -> None:
        for scheme, options in schemes:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found = axe.run(page, options=options)
            assert found.violations_count == 0, f"{what}, {scheme}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), what

    check("empty")
    for decision, word in (("no_response", "No response"), ("uncertain", "Uncertain")):
        api.decision = decision
        choose(page)
        headline(page, word)
        check(decision)
    api.needs_key = True
    choose(page)
    problem(page, "An API key is needed")
    check("problem")
    page.goto("/docs")
    check("docs")


def test_the_reference_shows_the_routes_without_script(page: "Page") -> None:
    page.goto("/docs")
    assert page.locator("h2", has_text="/v1/liveness/image").is_visible()
    assert page.locator("script").count() == 0
    assert page.get_by_role("link", name="OpenAPI").get_attribute("href") == "/v1/openapi.json"


def test_the_real_service_answers_the_page_without_a_key(site: Site, tmp_path: Path) -> None:
    with service_pages.real_service(tmp_path) as url, site.context() as context:
        page = context.new_page()
        page.goto(f"{url}/try")
        choose(page)
        headline(page, "Live")
        answer = page.locator("#details").inner_text()
        for part in ("Score 0.68", "face_cnn", "Face highlights", "Find the face", "Server total"):
            assert part in answer
        assert "face of 94" in page.locator("#caption").inner_text()
        page.goto(f"{url}/docs")
        assert page.locator("h2", has_text="/v1/liveness/image").is_visible()
