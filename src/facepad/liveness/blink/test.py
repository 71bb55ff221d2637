"""Liveness test: do the eyes blink?

A print does not blink. A replay shows the blinks that were recorded, so a blink supports a bona
fide decision a little and never makes it alone. People blink about fifteen times a minute, some
much less: a short clip without a blink says little.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from facepad.charts import TIME, Chart, Series, Span
from facepad.fusion import clip_ratios
from facepad.fusion.clip_ratios import ClipRatios
from facepad.liveness.blink.events import Blink, BlinkRules, blinks, noise, seconds
from facepad.liveness.blink.eyes import EyeSeries, measure
from facepad.needs import Needs
from facepad.scores import sigmoid
from facepad.types import OperatingPoint, Presentation, Reason, Score

VERSION = "blink-2"
MIN_REACH = 50.0  # pixels between the outer eye corners; below it landmarks of lids are noise
FEWEST = 12  # frames with a face
CLEAR = 0.25  # depth that most blinks of rendered heads exceed; noise that hides it hides blinks
NEEDS = Needs(landmarks=True, min_frames=FEWEST, seconds=1.5, fps=12.0, wanted_fps=30.0)
POINT = OperatingPoint.undecided()
RULES = BlinkRules()
TITLE = "blink: openness of the eyes"
USUAL = 1.2  # end of the scale of a chart, unless eyes are wider open
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class BlinkTest:
    """Scores a clip by the blinks in it.

    Attributes:
        name: Name in the registry.
        needs: A clip with landmarks.
        operating_point: Undecided: it adds to what others decide.
        rules: What counts as a blink.
        ratios: What a blink is worth, and its absence.
    """

    name: str = "blink"
    needs: Needs = NEEDS
    operating_point: OperatingPoint = POINT
    rules: BlinkRules = RULES
    ratios: ClipRatios = field(default_factory=clip_ratios.load)

    @property
    def models(self) -> Mapping[str, str]:
        """Version of the rules and of the ratios; the landmarks are the finder's."""
        return MappingProxyType({self.name: VERSION, **self.ratios.models})

    def score(self, presentation: Presentation) -> Score:
        """Score one clip.

        Args:
            presentation: Frames that were searched for faces with landmarks.

        Returns:
            A value above 0.5 when there is a blink, and a little below when there is none, which
            adds to what other tests decide. Without a value and with ``no_blink`` when there is
            none and noise would hide one; with ``face_too_far``, ``clip_too_short`` or the reason
            of the first frame when the eyes cannot be judged. ``details["blinks"]`` lists time,
            depth and duration of each.
        """
        series = self.series(presentation)
        if isinstance(series, Reason):
            return Score(None, series)
        found = blinks(series, self.rules)
        details = {
            "blinks": [_described(blink) for blink in found],
            "noise": round(noise(series), _DIGITS),
            "seconds": round(seconds(series), _DIGITS),
            "frames": len(series.times_s),
        }
        observed_s = seconds(series) if self.rules.noises * noise(series) <= CLEAR else 0.0
        if not found and not observed_s:
            return Score(None, Reason.NO_BLINK, MappingProxyType(details))
        ratio = self.ratios.blink.ratio(len(found), observed_s)
        details["log_likelihood_ratio"] = round(ratio, _DIGITS)
        return Score(sigmoid(ratio), details=MappingProxyType(details))

    def series(self, presentation: Presentation) -> EyeSeries | Reason:
        """Return the eyes over time, or why they cannot be judged.

        Args:
            presentation: As `score`.
        """
        frames = [f for f in presentation.frames if f.face and f.face.landmarks is not None]
        if not frames:
            return presentation.frames[0].no_face or Reason.NO_FACE
        if len(frames) < FEWEST:
            return Reason.CLIP_TOO_SHORT
        series = measure(frames)
        return Reason.FACE_TOO_FAR if series.reach < MIN_REACH else series

    def charts(self, presentation: Presentation) -> tuple[Chart, ...]:
        """Return one chart: how far the eyes are open over time, with the blinks.

        Args:
            presentation: As `score`.
        """
        series = self.series(presentation)
        if isinstance(series, Reason):
            return (Chart.without_numbers(TITLE, series),)
        found = blinks(series, self.rules)
        eyes = zip(("right eye", "left eye"), series.openness.T, strict=True)
        return (
            Chart(
                TITLE,
                TIME,
                "openness (1: open)",
                tuple(Series(name, series.times_s, values) for name, values in eyes),
                tuple(
                    Span(
                        blink.time_s - blink.duration_s / 2.0,
                        blink.time_s + blink.duration_s / 2.0,
                        "" if number else "blink",
                    )
                    for number, blink in enumerate(found)
                ),
                _counted(len(found)),
                y_limits=(0.0, max(USUAL, float(series.openness.max()))),
            ),
        )


def _counted(number: int) -> str:
    return {0: "no blink", 1: "1 blink"}.get(number, f"{number} blinks")


def _described(blink: Blink) -> dict[str, float]:
    return {
        "time_s": round(blink.time_s, _DIGITS),
        "depth": round(blink.depth, _DIGITS),
        "duration_s": round(blink.duration_s, _DIGITS),
    }
