"""The page and its plots: self-contained, safe, and complete."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from made_up_scores import crowd, rows

from facepad.errors import SettingsError
from facepad.evaluation.assessment import Assessment, GivenPoint, Sampling, assess
from facepad.evaluation.differences import paired_differences
from facepad.evaluation.ratio_costs import ratio_quality
from facepad.evaluation.report.document import ExamplePicture, Report, Timing
from facepad.evaluation.report.page import render, require_libraries
from facepad.evaluation.report.plot_style import DARK, LIGHT
from facepad.evaluation.report.plots import Plot, element, plots_of, save
from facepad.types import Split

HOSTILE = "<script>alert(1)</script>\"'&$x$\x07"
SHOWN = (
    "APCER",
    "BPCER",
    "ACER",
    "HTER",
    "Confusion matrix",
    "facepad evaluate one",
    "notice one",
    "classify one",
    "2 January 2026, 03:04 UTC",
    "one against two",
)
VOID = {"meta", "br", "img", "line", "path", "use", "rect", "circle", "stop", "link"}


class Reader(HTMLParser):
    """Collects elements, and those that were left open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def two_systems(name: str = "one") -> tuple[Assessment, Assessment]:
    found = [
        assess(
            crowd(Split.TEST, seed=seed, size=80),
            {"dev": crowd(Split.DEV, seed=seed, size=40)},
            given=[GivenPoint("given", 0.0)],
            system=system,
            part="made up test",
            sampling=Sampling(repeats=100),
        )
        for seed, system in ((0, name), (1, "two"))
    ]
    return found[0], found[1]


def drawn(found: Sequence[Assessment]) -> dict[Plot, str]:
    return {plot: element(plot) for plot in plots_of(found)}


def page(name: str, found: tuple[Assessment, ...], drawings: dict[Plot, str]) -> str:
    report = Report(
        title=f"Report of {name}",
        created="2026-01-02T03:04:05Z",
        commands=(f"facepad evaluate {name}",),
        assessments=found,
        notices=(f"notice {name}",),
        timings=(Timing(f"classify {name}", 3, 1.0, 250.0),),
        models={name: name},
        environment={"facepad": "1", name: name},
        pictures={name: (ExamplePicture("worst", name, 0.5, name, "x.jpg"),)},
    )
    return render(report, drawings, lambda _: "data:image/jpeg;base64,AA==")


@pytest.fixture(scope="module")
def systems() -> tuple[Assessment, Assessment]:
    return two_systems()


@pytest.fixture(scope="module")
def drawings(systems: tuple[Assessment, Assessment]) -> dict[Plot, str]:
    """The plots of ranking figures and the last one; all of them are drawn for hostile names."""
    trade_off, roc, *_, last = plots_of(systems)
    return {plot: element(plot) for plot in (trade_off, roc, last)}


@pytest.fixture(scope="module")
def plain(systems: tuple[Assessment, Assessment], drawings: dict[Plot, str]) -> str:
    return page("one", systems, drawings)


@pytest.fixture(scope="module")
def hostile_drawings() -> dict[Plot, str]:
    return drawn(two_systems(HOSTILE))


@pytest.fixture(scope="module")
def hostile(systems: tuple[Assessment, Assessment], hostile_drawings: dict[Plot, str]) -> str:
    named = tuple(replace(one, system=HOSTILE) for one in systems)
    return page(HOSTILE, named, hostile_drawings)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


@pytest.fixture(scope="module")
def compared() -> str:
    """A page of systems with probabilities, their differences and the line of their fusion."""
    found = [
        assess(
            crowd(Split.TEST, seed=seed, size=80, scale=0.01),
            given=[GivenPoint("given", 0.0)],
            system=system,
            part="made up test",
            sampling=Sampling(repeats=100),
        )
        for seed, system in ((0, "one"), (1, HOSTILE))
    ]
    changed = [replace(one, ratios=ratio_quality(one.table, repeats=100)) for one in found]
    report = Report(
        title="compared",
        created="",
        commands=(),
        assessments=tuple(changed),
        differences=paired_differences(found, Sampling(repeats=100)),
    )
    return render(report, {})


def test_differences_and_costs_of_ratios_have_a_table_each(compared: str) -> None:
    reader = read(compared)
    assert (reader.open, reader.wrong) == ([], [])
    assert all(attributes.get("scope") for tag, attributes in reader.seen if tag == "th")
    assert "minus one, on made up test" in compared
    assert "Cllr at the" in compared
    assert "<script>" not in compared


def test_every_element_is_closed(plain: str) -> None:
    reader = read(plain)
    assert (reader.open, reader.wrong) == ([], [])


def test_the_page_requests_nothing_and_runs_nothing(plain: str) -> None:
    for tag, attributes in read(plain).seen:
        assert tag not in {"script", "iframe", "link", "object", "embed"}
        for name in ("src", "href", "xlink:href"):
            address = attributes.get(name)
            assert address is None or address.startswith(("#", "data:image/jpeg"))
        assert not any(name.startswith("on") for name in attributes)
    assert "@import" not in plain
    assert not re.search(r"url\((?!#)", plain)


def test_the_page_needs_no_style_attribute_and_its_policy_allows_one_style(plain: str) -> None:
    assert not any("style" in attributes for _, attributes in read(plain).seen)
    assert [tag for tag, _ in read(plain).seen].count("style") == 1
    assert "default-src 'none'; style-src 'sha256-" in plain


@pytest.mark.slow
def test_hostile_names_are_text(hostile: str) -> None:
    reader = read(hostile)
    assert not any(tag == "script" for tag, _ in reader.seen)
    assert (reader.open, reader.wrong) == ([], [])
    assert "<script>" not in hostile
    assert "&lt;script&gt;" in hostile


def test_the_page_shows_what_a_reader_needs(plain: str) -> None:
    for words in SHOWN:
        assert words in plain


def test_each_plot_of_ranking_figures_says_so(plain: str) -> None:
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", plain, re.DOTALL)
    ranked = [text for text in captions if text.startswith("Ranking, threshold from test.")]
    assert len(ranked) == 2  # DET and ROC


def test_each_ranking_row_carries_its_label(plain: str) -> None:
    assert plain.count('<span class="label">ranking, threshold from test</span>') == 2


def test_the_page_is_accessible_in_its_structure(plain: str) -> None:
    seen = read(plain).seen
    levels = [int(tag[1]) for tag, _ in seen if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(attributes.get("scope") for tag, attributes in seen if tag == "th")
    assert all(attributes.get("alt") for tag, attributes in seen if tag == "img")
    drawings = [a for tag, a in seen if tag == "svg"]
    assert all(a.get("role") == "img" or a.get("aria-hidden") == "true" for a in drawings)
    identities = [a["id"] for _, a in seen if "id" in a]
    assert len(identities) == len(set(identities))
    assert all(set((a.get("aria-labelledby") or "").split()) <= set(identities) for _, a in seen)


@pytest.mark.slow
def test_plots_are_written_as_svg_and_as_png_in_light_and_dark(
    tmp_path: Path, systems: tuple[Assessment, Assessment]
) -> None:
    plot = plots_of(systems)[0]
    files = save(plot, tmp_path, element(plot))
    assert [file.name for file in files] == ["1-det.svg", "1-det-light.png", "1-det-dark.png"]
    root = ElementTree.fromstring(files[0].read_text())  # noqa: S314 - written a line above
    assert root.tag.endswith("svg")
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files[1:])


def test_a_drawing_has_no_colour_of_its_own(drawings: dict[Plot, str]) -> None:
    text = next(iter(drawings.values()))
    assert not re.search(r"#[0-9a-f]{6}\b", text)
    assert "var(--ink)" in text


@pytest.mark.slow
def test_hostile_names_leave_drawings_well_formed(hostile_drawings: dict[Plot, str]) -> None:
    for drawing in hostile_drawings.values():
        ElementTree.fromstring(drawing)  # noqa: S314 - our own drawing


def test_every_plot_is_there_for_two_systems(systems: tuple[Assessment, Assessment]) -> None:
    names = [plot.name for plot in plots_of(systems)]
    assert names == ["1-det", "1-roc", "1-scores-1", "1-scores-2", "1-scatter"]


@pytest.mark.slow
def test_scores_that_are_all_equal_can_be_drawn() -> None:
    found = assess(rows([1.0] * 3, [1.0] * 3), sampling=Sampling(repeats=100))
    assert all(element(plot) for plot in plots_of([found]))


def test_what_is_not_installed_is_named_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "jinja2" else "")
    with pytest.raises(SettingsError, match=r"need jinja2, not installed: `pip install 'facepad\["):
        require_libraries()


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_colour_of_text_and_series_stands_out_from_the_paper(
    scheme: "dict[str, str]",
) -> None:
    paper = luminance(scheme["paper"])
    for name, colour in scheme.items():
        if name not in ("paper", "line"):
            bright, dim = sorted([paper, luminance(colour)], reverse=True)
            assert (bright + 0.05) / (dim + 0.05) >= 4.5, name
