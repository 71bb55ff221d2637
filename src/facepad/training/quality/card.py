"""The card of a trained quality test: its data, recipe, errors and limits."""

from collections.abc import Sequence

from facepad.models.card import Card
from facepad.training.quality.order import MADE_UP, PHOTOGRAPHED, Run
from facepad.training.quality.sources import is_free
from facepad.types import Sample, Split

_VERSION = "3"
_RESEARCH = "research use only, after the licence of the training data"
# What the packaged models were chosen by; a run of one's own tells its data alone.
_CHOICE = (
    "The recipe was chosen, among some forty variants, by the area under the curve on NUAA's train "
    "and dev parts, on three sites of webcams (a, c, d) and on simulated people who did not train; "
    "figures on these are therefore too good. Thresholds are from the data named above alone. An "
    "earlier recipe (version 1) printed NUAA's test part at every training, some ten times; "
    "version 2, this recipe on pictures of an earlier state of the simulator, opened the test "
    "parts once."
)
_LIMITS = (
    "One picture through 25 numbers says little: masks and attacks on a part of the face are "
    "hardly seen, and the threshold does not travel to every camera. Says `unfamiliar_camera` of "
    "pictures unlike those that trained. Not to be used alone, nor for a decision about a person."
)


def card_of(order: Run, learned: Sequence[Sample], errors: str, opened: Sequence[str]) -> Card:
    """Write the card.

    Args:
        order: What was trained.
        learned: Samples that trained, and that chose the threshold.
        errors: The report for people.
        opened: Names of the test parts that were judged.
    """
    free, part = is_free(order.trains), order.part
    use = "free" if free else "research use"
    return Card(
        title=f"Image-quality test of {part.what} ({order.classifier.upper()}), {use}",
        version=_VERSION,
        licence="Apache-2.0" if free else _RESEARCH,
        research_use=not free,
        data=_data(learned),
        recipe=(
            f"`{order.command}`\n\n"
            f"25 metrics of {part.what}, the box (or picture) brought to {part.side} pixels and "
            "never enlarged; standardised. Classes weigh the same, and species within the "
            "attacks. The movements of the metrics between 480, "
            "720 and 1080 lines are added to the scatter within classes, with a weight of "
            f"{order.resolution_weight:g}. Scaled (Platt) on sources left out, and flattened until "
            "resolution moves the score little; threshold where the dev part errs alike, the "
            f"mean over datasets where several train.\n\n{_CHOICE}"
        ),
        results=f"```text\n{errors}\n```\n\n{_told(opened)}",
        limits=_LIMITS,
    )


def _data(learned: Sequence[Sample]) -> str:
    lines = []
    for name in sorted({_dataset(sample) for sample in learned}):
        train, dev = (
            [s for s in learned if _dataset(s) == name and s.split is split]
            for split in (Split.TRAIN, Split.DEV)
        )
        sources = ", ".join(sorted({sample.session or "" for sample in train}))
        lines.append(
            f"- {name}: {len(train):,} pictures of {_people(train)} people ({sources}); threshold "
            f"from {len(dev):,} of {_people(dev)} others"
        )
    licences = {sample.attributes.get("licence", "") for sample in learned} - {""}
    told = "; ".join(sorted(licences)) or "none told by the dataset"
    return "\n".join(
        [
            *lines,
            "",
            f"Licences of the pictures: {told}. Resolution was learned from simulated captures of "
            f"{MADE_UP} made-up scenes and of {PHOTOGRAPHED} of the training pictures.",
        ]
    )


def _told(opened: Sequence[str]) -> str:
    if not opened:
        return "No test part was opened by this training."
    return f"Opened for this recipe: {', '.join(opened)}."


def _dataset(sample: Sample) -> str:
    return sample.key.partition("/")[0]


def _people(samples: Sequence[Sample]) -> int:
    return len({sample.subject for sample in samples})
