"""Draw what is known at a moment of a clip: the face, each test's score, decisions over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from facepad.decision import Decision
from facepad.reasons import OUTCOMES, REASONS
from facepad.types import Box, OperatingPoint, Outcome, Reason, RgbImage

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

Colour = tuple[int, int, int]

# Told apart by people who confuse colours, too: by hue and by lightness (Okabe and Ito, 2008).
COLOURS: Mapping[Outcome, Colour] = MappingProxyType(
    {
        Outcome.BONA_FIDE: (86, 180, 233),
        Outcome.UNCERTAIN: (240, 228, 66),
        Outcome.ATTACK: (230, 120, 0),
        Outcome.NON_RESPONSE: (150, 150, 150),
    }
)
_INK, _PAPER, _LINE, _LIMIT = (255, 255, 255), (24, 24, 24), (255, 255, 255), (255, 90, 90)
_UNDER = 0.3  # of the picture's light is left under words
_SMALLEST, _LARGEST, _LINES = 10, 22, 30  # text in pixels, and lines of text in a picture
_NAME, _BAR, _NUMBER, _PAD = 6.5, 6.0, 2.8, 0.5  # widths in the panel, in heights of the text
_WIDEST = 0.6  # of the picture's width, for a panel with long words
_LINE_HEIGHT, _STRIP = 1.4, 2.6  # in heights of the text


@dataclass(frozen=True, slots=True)
class Moment:
    """A decision and when it was made.

    Attributes:
        time_s: Seconds since the clip began.
        decision: About the frames of the last seconds before.
    """

    time_s: float
    decision: Decision


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is drawn over one picture.

    Attributes:
        box: The face, in the picture's pixels; None where none was found.
        moments: Decisions so far, in order of time; may be empty.
        now_s: Time of the picture, seconds since the clip began.
        span_s: Seconds that the strip of decisions shows; above 0.
        begin_s: Time at which the strip begins, seconds since the clip began.
    """

    box: Box | None
    moments: Sequence[Moment]
    now_s: float
    span_s: float
    begin_s: float = 0.0

    @property
    def decision(self) -> Decision | None:
        """The newest decision; None before the first."""
        return self.moments[-1].decision if self.moments else None

    def column(self, time_s: float, width: int) -> int:
        """Return where a time lies in a strip of so many pixels; outside of it for other times."""
        return round((time_s - self.begin_s) / self.span_s * width)


class OverlayPainter:
    """Draws overlays over pictures of one size; holds the font.

    Args:
        size: Width and height of the pictures in pixels.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        from PIL import ImageFont

        self.size = size
        self._text = min(max(round(size[1] / _LINES), _SMALLEST), _LARGEST)
        self._line = round(_LINE_HEIGHT * self._text)
        self._font = ImageFont.load_default(self._text)

    def covered(self, overlay: Overlay) -> tuple[Box, ...]:
        """Return the parts of a picture in which pixels may change: panel, strip, label, box."""
        parts = [self._panel(overlay), self._strip()]
        if overlay.box is not None:
            left, top, right, bottom = overlay.box
            parts.append(self._label(overlay))
            width = self._border
            parts += [
                (left - width, top - width, right + width, top + width),
                (left - width, bottom - width, right + width, bottom + width),
                (left - width, top - width, left + width, bottom + width),
                (right - width, top - width, right + width, bottom + width),
            ]
        return tuple(self._clipped(part) for part in parts)

    def drawn(self, image: RgbImage, overlay: Overlay) -> RgbImage:
        """Return a copy of a picture with an overlay.

        Args:
            image: RGB uint8, shape (H, W, 3), of the painter's size; not changed.
            overlay: What is drawn.
        """
        from PIL import Image, ImageDraw

        canvas = image.copy()
        for left, top, right, bottom in map(self._clipped, (self._panel(overlay), self._strip())):
            part = canvas[top:bottom, left:right]
            part[:] = (part * _UNDER).astype(np.uint8)
        page = Image.fromarray(canvas)
        draw = ImageDraw.Draw(page)
        self._draw_face(draw, overlay)
        self._draw_panel(draw, overlay)
        self._draw_strip(draw, overlay)
        return np.array(page, np.uint8)

    @property
    def _border(self) -> int:
        return max(2, self._text // 6)

    def _clipped(self, box: Box) -> Box:
        width, height = self.size
        left, top, right, bottom = box
        return (
            *(min(max(left, 0), width), min(max(top, 0), height)),
            *(min(max(right, 0), width), min(max(bottom, 0), height)),
        )

    def _panel(self, overlay: Overlay) -> Box:
        rows = [] if overlay.decision is None else _rows(overlay.decision)
        least = (_NAME + _BAR + _NUMBER + 2 * _PAD) * self._text
        words = max(
            (self._font.getlength(row.words) for row in rows if row.value is None), default=0
        )
        wanted = (_NAME + 2 * _PAD) * self._text + words
        width = round(max(least, min(wanted, _WIDEST * self.size[0])))
        return 0, 0, width, max(1, len(rows)) * self._line + round(_PAD * self._text)

    def _strip(self) -> Box:
        width, height = self.size
        return 0, height - self._line - round(_STRIP * self._text), width, height

    def _label(self, overlay: Overlay) -> Box:
        """Return the place of the outcome's name: above the face, below it, or inside its box."""
        left, top, _, bottom = overlay.box or (0, 0, 0, 0)
        width = round(self._font.getlength(_title(overlay.decision)) + self._text)
        left = max(0, min(left, self.size[0] - width))
        panel = self._panel(overlay)
        above = top - self._line
        if above < 0 or (above < panel[3] and left < panel[2]):
            below = bottom + self._line <= self._strip()[1]
            above = bottom if below else bottom - self._line
        return left, above, left + width, above + self._line

    def _draw_face(self, draw: "ImageDraw", overlay: Overlay) -> None:
        if overlay.box is None:
            return
        colour = _colour(overlay.decision)
        left, top, right, bottom = overlay.box
        draw.rectangle((left, top, right - 1, bottom - 1), outline=colour, width=self._border)
        place = self._label(overlay)
        draw.rectangle((*place[:2], place[2] - 1, place[3] - 1), fill=colour)
        at = place[0] + self._text // 2, place[1] + (self._line - self._text) // 3
        draw.text(at, _title(overlay.decision), _PAPER, self._font)

    def _draw_panel(self, draw: "ImageDraw", overlay: Overlay) -> None:
        """Draw the decision's score and each test's, with their thresholds, or why none."""
        decision = overlay.decision
        pad = round(_PAD * self._text)
        if decision is None:
            draw.text((pad, pad // 2), self._fitted("no decision yet"), _INK, self._font)
            return
        for number, row in enumerate(_rows(decision)):
            top = number * self._line + pad // 2
            draw.text((pad, top), self._fitted(row.name, _NAME - 0.5), _INK, self._font)
            left = pad + round(_NAME * self._text)
            if row.value is None:
                room = (self._panel(overlay)[2] - left - pad) / self._text
                words = self._fitted(row.words, room + 0.1)
                draw.text((left, top), words, _INK, self._font)
                continue
            place = (left, top + 2, left + round(_BAR * self._text), top + self._text)
            _draw_bar(draw, place, row)
            draw.text((place[2] + self._text // 2, top), f"{row.value:.2f}", _INK, self._font)

    def _fitted(self, words: str, width: float = _NAME + _BAR + _NUMBER) -> str:
        """Return words that are cut to a width, in heights of the text."""
        if self._font.getlength(words) <= width * self._text:
            return words
        while words and self._font.getlength(words + "…") > width * self._text:
            words = words[:-1]
        return words + "…"

    def _draw_strip(self, draw: "ImageDraw", overlay: Overlay) -> None:
        """Draw a column for each decision, as high as its score, and what the colours mean."""
        _, top, width, bottom = self._strip()
        self._draw_legend(draw, top, f"{overlay.now_s:.1f} s")
        top += self._line
        ends = [moment.time_s for moment in overlay.moments[1:]] + [overlay.now_s]
        for moment, end_s in zip(overlay.moments, ends, strict=False):
            left = max(0, overlay.column(moment.time_s, width))
            right = max(left, overlay.column(end_s, width) - 1)
            decision = moment.decision
            score = 0.12 if decision.score is None else decision.score
            high = bottom - 1 - round(score * (bottom - 1 - top))
            draw.rectangle((left, high, right, bottom - 1), fill=COLOURS[decision.outcome])
            for limit in _limits(decision.operating_point):
                level = bottom - 1 - round(limit * (bottom - 1 - top))
                draw.line((left, level, right, level), fill=_LINE)
        now = min(overlay.column(overlay.now_s, width), width - 1)
        draw.line((now, top, now, bottom - 1), fill=_LINE, width=1)

    def _draw_legend(self, draw: "ImageDraw", top: int, clock: str) -> None:
        left, side = self._text // 2, round(0.7 * self._text)
        end = self.size[0] - self._font.getlength(clock) - self._text // 2
        draw.text((end, top + 2), clock, _INK, self._font)
        for outcome, words in OUTCOMES.items():
            after = left + side + self._text // 2 + self._font.getlength(words)
            if after > end - self._text:
                return
            upper = top + 2 + (self._text - side) // 2
            draw.rectangle((left, upper, left + side, upper + side), fill=COLOURS[outcome])
            draw.text((left + side + self._text // 3, top + 2), words, _INK, self._font)
            left = round(after) + self._text // 2


def _title(decision: Decision | None) -> str:
    if decision is None:
        return "no decision yet"
    score = "" if decision.score is None else f" {decision.score:.2f}"
    return OUTCOMES[decision.outcome] + score


def _colour(decision: Decision | None) -> Colour:
    return _LINE if decision is None else COLOURS[decision.outcome]


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the panel.

    Attributes:
        name: Of the test; in parentheses where it does not count.
        value: Score in [0, 1]; None where there is none.
        words: Why there is no value.
        point: Thresholds of the value.
        colour: Of the bar.
    """

    name: str
    value: float | None
    words: str = ""
    point: OperatingPoint | None = None
    colour: Colour = _INK


def _rows(decision: Decision) -> list[_Row]:
    """Return a line for the decision, and one for each test."""
    why = ", ".join(REASONS[reason].words for reason in decision.reasons)
    rows = [_Row("decision", decision.score, why, decision.operating_point, _colour(decision))]
    for name, score in decision.scores.items():
        is_aside = name in decision.advisory or score.reason is not None
        point = decision.operating_points.get(name)
        words = _in_words(score.reason)
        rows.append(_Row(f"({name})" if is_aside else name, score.value, words, point))
    left_out = decision.left_out.items()
    return [*rows, *(_Row(f"({name})", None, _in_words(reason)) for name, reason in left_out)]


def _in_words(reason: Reason | None) -> str:
    return "" if reason is None else REASONS[reason].words


def _limits(point: OperatingPoint | None) -> tuple[float, ...]:
    """Return the ends of the uncertain band; one where there is no band, none without a point."""
    if point is None or not point.decides:
        return ()
    return tuple(dict.fromkeys((point.low, point.high)))


def _draw_bar(draw: "ImageDraw", place: Box, row: _Row) -> None:
    """Draw a bar from 0 to 1 with a line at each end of the uncertain band."""
    left, top, right, bottom = place
    draw.rectangle((left, top, right, bottom), outline=COLOURS[Outcome.NON_RESPONSE])
    end = left + round((row.value or 0.0) * (right - left))
    draw.rectangle((left, top + 2, end, bottom - 2), fill=row.colour)
    for limit in _limits(row.point):
        x = left + round(limit * (right - left))
        draw.line((x, top - 1, x, bottom + 1), fill=_PAPER, width=3)
        draw.line((x, top - 1, x, bottom + 1), fill=_LIMIT, width=1)
