"""What is decided about a presentation, and why: the outcomes, and one table of all reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Outcome(StrEnum):
    """What was decided about one presentation."""

    BONA_FIDE = "bona_fide"
    ATTACK = "attack"
    UNCERTAIN = "uncertain"  # a score that does not decide
    NON_RESPONSE = "non_response"  # no score


class Reason(StrEnum):
    """Why there is no score, or why a score does not decide."""

    NO_FACE = "no_face"
    MULTIPLE_FACES = "multiple_faces"
    PERSON_CHANGED = "person_changed"
    FACE_TOO_FAR = "face_too_far"
    FACE_OFF_CENTER = "face_off_center"
    FACE_TURNED = "face_turned"
    OBSCURED_FACE = "obscured_face"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    LOW_CONTRAST = "low_contrast"
    TOO_BLURRED = "too_blurred"
    TOO_MUCH_MOVEMENT = "too_much_movement"
    NO_COLOUR = "no_colour"
    NO_CONTEXT = "no_context"
    PICTURE_TOO_SMALL = "picture_too_small"
    CLIP_TOO_SHORT = "clip_too_short"
    FRAME_RATE_TOO_LOW = "frame_rate_too_low"
    NO_PULSE = "no_pulse"
    NO_DEPTH = "no_depth"
    NO_BLINK = "no_blink"
    LITTLE_MOVEMENT = "little_movement"
    TIMED_OUT = "timed_out"
    UNFAMILIAR_CAMERA = "unfamiliar_camera"
    UNCALIBRATED_CAMERA = "uncalibrated_camera"
    NO_THRESHOLD = "no_threshold"
    NEAR_THRESHOLD = "near_threshold"


# In words.
OUTCOMES: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.BONA_FIDE: "bona fide",
        Outcome.ATTACK: "attack",
        Outcome.UNCERTAIN: "uncertain",
        Outcome.NON_RESPONSE: "no response",
    }
)

# What is wrong with a capture, so that the person can make a better one.
CAPTURE_REASONS = frozenset(
    {
        Reason.NO_FACE,
        Reason.MULTIPLE_FACES,
        Reason.PERSON_CHANGED,
        Reason.FACE_TOO_FAR,
        Reason.FACE_OFF_CENTER,
        Reason.FACE_TURNED,
        Reason.OBSCURED_FACE,
        Reason.TOO_DARK,
        Reason.TOO_BRIGHT,
        Reason.LOW_CONTRAST,
        Reason.TOO_BLURRED,
        Reason.TOO_MUCH_MOVEMENT,
        Reason.NO_COLOUR,
        Reason.NO_CONTEXT,
        Reason.NO_BLINK,
        Reason.LITTLE_MOVEMENT,
    }
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a reason means, for people.

    Attributes:
        words: What is the matter, a few words.
        advice: What the person or the operator can do, a sentence without a full stop; "" where
            nothing can be done.
    """

    words: str
    advice: str = ""


REASONS: Mapping[Reason, Explanation] = MappingProxyType(
    {
        Reason.NO_FACE: Explanation("no face found", "look straight into the camera"),
        Reason.MULTIPLE_FACES: Explanation("several faces", "only one person may be in view"),
        Reason.PERSON_CHANGED: Explanation(
            "another face or scene within the clip", "only one person may be in view"
        ),
        Reason.FACE_TOO_FAR: Explanation("face too small", "come closer to the camera"),
        Reason.FACE_OFF_CENTER: Explanation(
            "face cut off by the picture's edge", "move to the middle of the picture"
        ),
        Reason.FACE_TURNED: Explanation("face turned away", "look straight into the camera"),
        Reason.OBSCURED_FACE: Explanation("face covered", "uncover the face"),
        Reason.TOO_DARK: Explanation("too dark", "turn on a light or face a window"),
        Reason.TOO_BRIGHT: Explanation("too bright", "avoid direct light on the face"),
        Reason.LOW_CONTRAST: Explanation("low contrast", "clean the lens; avoid light behind you"),
        Reason.TOO_BLURRED: Explanation("too blurred", "clean the lens and let it focus"),
        Reason.TOO_MUCH_MOVEMENT: Explanation("moved during the exposure", "hold still"),
        Reason.NO_COLOUR: Explanation("picture without colour", "use a colour camera"),
        Reason.NO_CONTEXT: Explanation(
            "too little around the face", "show the whole head and what is around it"
        ),
        Reason.PICTURE_TOO_SMALL: Explanation("picture too small", "use a larger picture"),
        Reason.CLIP_TOO_SHORT: Explanation("clip too short", "record for longer"),
        Reason.FRAME_RATE_TOO_LOW: Explanation("frame rate too low", "use a faster camera"),
        Reason.NO_PULSE: Explanation(
            "no heartbeat could be measured", "hold still in even light for ten seconds"
        ),
        Reason.NO_DEPTH: Explanation("no depth", "use a camera that measures depth"),
        Reason.NO_BLINK: Explanation(
            "no blink was seen, and the picture is too noisy to be sure",
            "come closer, in more light",
        ),
        Reason.LITTLE_MOVEMENT: Explanation(
            "head moved too little", "turn the head slowly to the left and to the right"
        ),
        Reason.TIMED_OUT: Explanation("a test took too long", "try again"),
        Reason.UNFAMILIAR_CAMERA: Explanation(
            "camera unlike those of the training data", "calibrate the camera"
        ),
        Reason.UNCALIBRATED_CAMERA: Explanation(
            "camera not calibrated, and the score is not beyond doubt on other cameras",
            "calibrate the camera with `facepad calibrate`, see docs/operating-points.md",
        ),
        Reason.NO_THRESHOLD: Explanation(
            "network without a threshold",
            "calibrate the camera with `facepad calibrate --test`, or give the network's "
            "description a threshold",
        ),
        Reason.NEAR_THRESHOLD: Explanation("score near the threshold", "try again"),
    }
)
