"""Names of everything that can be plugged in, and where each one lives.

Built-ins stand in one explicit dict per kind; third parties add theirs through entry
points of the groups ``facepad.liveness_tests``, ``facepad.metrics``, ``facepad.datasets``
and ``facepad.fusions``. Nothing is imported before it is asked for. Model files have a group of
their own: `facepad.models.index`.

A liveness test may also be any network in ONNX, named by the file that describes it:
``network:models/my.toml``. Its name in results is ``network:my``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from facepad.errors import SettingsError, unknown_name
from facepad.settings import expanded

Kind = Literal["liveness_tests", "metrics", "datasets", "fusions"]

DETAIL, EDGES, SPECTRUM = "fine detail", "edges and corners", "spectrum"
STRUCTURE, NATURALNESS = "structure", "naturalness and compression"
OTHER = "other"


@dataclass(frozen=True, slots=True)
class MetricEntry:
    """A quality metric.

    Attributes:
        place: ``module:function``.
        group: What the metric looks at, for people.
        version: Raised whenever the definition of the metric changes. A model that was trained
            with another version of one of its metrics is refused.
        models: Names of the model files that the metric uses.
    """

    place: str
    group: str
    version: int = 1
    models: tuple[str, ...] = ()


METRIC_ENTRIES: Mapping[str, MetricEntry] = MappingProxyType(
    {
        "mse": MetricEntry("facepad.quality.pixel:mean_squared_error", DETAIL),
        "psnr": MetricEntry("facepad.quality.pixel:peak_signal_to_noise_ratio", DETAIL),
        "snr": MetricEntry("facepad.quality.pixel:signal_to_noise_ratio", DETAIL),
        "sc": MetricEntry("facepad.quality.pixel:structural_content", DETAIL),
        "md": MetricEntry("facepad.quality.pixel:maximum_difference", DETAIL),
        "ad": MetricEntry("facepad.quality.pixel:average_difference", DETAIL),
        "nae": MetricEntry("facepad.quality.pixel:normalised_absolute_error", DETAIL),
        "ramd": MetricEntry("facepad.quality.pixel:r_averaged_maximum_difference", DETAIL),
        "lmse": MetricEntry("facepad.quality.pixel:laplacian_mean_squared_error", DETAIL),
        "nxc": MetricEntry("facepad.quality.pixel:normalised_cross_correlation", DETAIL),
        "mas": MetricEntry("facepad.quality.pixel:mean_angle_similarity", DETAIL),
        "mams": MetricEntry("facepad.quality.pixel:mean_angle_magnitude_similarity", DETAIL),
        "ted": MetricEntry("facepad.quality.edges:total_edge_difference", EDGES),
        "tcd": MetricEntry("facepad.quality.edges:total_corner_difference", EDGES),
        "sme": MetricEntry("facepad.quality.spectral:spectral_magnitude_error", SPECTRUM),
        "spe": MetricEntry("facepad.quality.spectral:spectral_phase_error", SPECTRUM),
        "gme": MetricEntry("facepad.quality.edges:gradient_magnitude_error", EDGES),
        "gpe": MetricEntry("facepad.quality.edges:gradient_phase_error", EDGES),
        "ssim": MetricEntry("facepad.quality.structural:structural_similarity", STRUCTURE),
        "vif": MetricEntry("facepad.quality.structural:visual_information_fidelity", STRUCTURE),
        "rred": MetricEntry(
            "facepad.quality.rred:reduced_reference_entropic_difference", STRUCTURE
        ),
        "jqi": MetricEntry("facepad.quality.no_reference:jpeg_quality_index", NATURALNESS),
        "hlfi": MetricEntry("facepad.quality.spectral:high_low_frequency_index", SPECTRUM),
        "biqi": MetricEntry(
            "facepad.quality.no_reference:blind_image_quality_index", NATURALNESS, models=("biqi",)
        ),
        "niqe": MetricEntry(
            "facepad.quality.no_reference:natural_image_quality_evaluator",
            NATURALNESS,
            models=("niqe",),
        ),
    }
)

BUILT_IN: Mapping[Kind, Mapping[str, str]] = MappingProxyType(
    {
        "liveness_tests": MappingProxyType(
            {
                "quality": "facepad.liveness.quality.test:face_crop",
                "quality_whole": "facepad.liveness.quality.test:whole_picture",
                "face_cnn": "facepad.liveness.face_cnn.test:free",
                "face_mask": "facepad.liveness.face_cnn.test:masks",
                "voxel": "facepad.liveness.voxel.test:free",
                "pulse": "facepad.liveness.pulse.test:of_skin",
                "blink": "facepad.liveness.blink.test:BlinkTest",
                "parallax": "facepad.liveness.parallax.test:ParallaxTest",
                "surroundings": "facepad.liveness.surroundings.test:SurroundingsTest",
            }
        ),
        "metrics": MappingProxyType({name: e.place for name, e in METRIC_ENTRIES.items()}),
        "datasets": MappingProxyType(
            {
                "nuaa": "facepad.datasets.nuaa:Nuaa",
                "replay_attack": "facepad.datasets.replay_attack:ReplayAttack",
                "3dmad": "facepad.datasets.threedmad:ThreeDMad",
                "msu_mfsd": "facepad.datasets.msu_mfsd:MsuMfsd",
                "casia_fasd": "facepad.datasets.casia_fasd:CasiaFasd",
                "oulu_npu": "facepad.datasets.oulu_npu:OuluNpu",
                "replay_mobile": "facepad.datasets.replay_mobile:ReplayMobile",
                "folder": "facepad.datasets.folder:Folder",
                "csv": "facepad.datasets.csv_list:CsvList",
                "simulated": "facepad.datasets.simulated:Simulated",
                "packed": "facepad.datasets.packed:Packed",
            }
        ),
        "fusions": MappingProxyType(
            {"mean": "facepad.fusion:mean_ratio", "lda": "facepad.fusion.lda:free"}
        ),
    }
)
NOUNS: Mapping[Kind, str] = MappingProxyType(
    {"liveness_tests": "test", "metrics": "metric", "datasets": "dataset", "fusions": "fusion"}
)
DEFAULT_TESTS = ("face_cnn",)  # liveness tests that decide where none is named
DEFAULT_ADVISORY = (
    "face_mask",
    "quality",
)  # liveness tests whose scores are shown beside the default ones
# Liveness tests that a clip gets beside the default ones, to which they add.
DEFAULT_CLIP_TESTS = ("blink", "pulse", "parallax")
# Liveness tests that add to what others decide: their operating point is undecided.
ADDING_TESTS = (*DEFAULT_CLIP_TESTS, "surroundings")
DEFAULT_CALIBRATED = "face_cnn"  # liveness test that is calibrated where none is named
DEFAULT_FUSION = "mean"
POINT_NAMES = ("convenience", "balanced", "strict")  # operating points; the last rejects the most
DEFAULT_POINT = "balanced"
NETWORK = "network:"  # begins the name of a test by a network of the user's own
DESCRIPTION = ".toml"  # ends the name of the file that describes it
_NETWORK_TEST = "facepad.liveness.network.test:NetworkFactory"  # called with the file
_STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")  # safe in columns and names of files
STEM_WORDS = "of A-Z, a-z, 0-9, _, - and ., beginning with a letter or digit, at most 64 long"
# Tests whose weights saw research data; a distribution of their own in the repository.
RESEARCH_PACKAGE = "facepad-research"
RESEARCH_TESTS = ("face_cnn_research", "quality_research", "quality_whole_research")


def names(kind: Kind) -> tuple[str, ...]:
    """All names of a kind, built-ins first, each group in its own order."""
    return tuple(_table(kind))


def resolve(kind: Kind, name: str) -> Any:  # noqa: ANN401 - what is registered decides
    """Import and return what ``name`` stands for.

    Raises:
        SettingsError: No such name; a third party took the name of another; or its
            module cannot be imported.
    """
    if kind == "liveness_tests" and name.startswith(NETWORK):
        return _loaded(kind, name, _NETWORK_TEST)(_description(name))
    table = _table(kind)
    if name not in table:
        raise SettingsError(_missing(kind, name, tuple(table)))
    return _loaded(kind, name, table[name])


def short_name(name: str) -> str:
    """Return the name of a liveness test in results: that of a network without its folder.

    Raises:
        SettingsError: The name of a network's description cannot be used.

    Example:
        >>> short_name("network:models/my.toml"), short_name("quality")
        ('network:my', 'quality')
    """
    return f"{NETWORK}{_description(name).stem}" if name.startswith(NETWORK) else name


def is_network_name(stem: str) -> bool:
    """Return whether the description of a network can be named so, without folder and ending.

    Example:
        >>> is_network_name("thesis-2"), is_network_name('my "best"')
        (True, False)
    """
    return _STEM.fullmatch(stem) is not None


def located(name: str) -> str:
    """Return the name of a liveness test so that it holds in any working folder.

    Raises:
        SettingsError: As `short_name`.
    """
    return f"{NETWORK}{_description(name).absolute()}" if name.startswith(NETWORK) else name


def _description(name: str) -> Path:
    """Return the file that describes a network; the ending may be left out."""
    place = name.removeprefix(NETWORK)
    if place.endswith(".onnx"):
        raise SettingsError(
            f"test {name!r}: name the description of the network, which ends with {DESCRIPTION}; "
            f"`facepad network describe {place}` writes one"
        )
    file = expanded(place if place.endswith(DESCRIPTION) else f"{place}{DESCRIPTION}", name)
    if not is_network_name(file.stem):
        raise SettingsError(
            f"test {name!r}: the name of a description is {STEM_WORDS}, and ends with "
            f"{DESCRIPTION}, such as {NETWORK}models/my{DESCRIPTION}"
        )
    return file


def _missing(kind: Kind, name: str, known: tuple[str, ...]) -> str:
    if kind == "liveness_tests" and name in RESEARCH_TESTS:
        return (
            f"test {name!r} is in the package {RESEARCH_PACKAGE}, for research only, which is not "
            f"installed; in a copy of facepad's repository: `pip install "
            f"packages/{RESEARCH_PACKAGE}`"
        )
    if kind == "liveness_tests" and name.endswith((DESCRIPTION, ".onnx")):
        stem = name.rpartition(".")[0]
        return f"unknown test {name!r}; a network of your own is named {NETWORK}{stem}{DESCRIPTION}"
    return unknown_name(NOUNS[kind], name, known)


def _loaded(kind: Kind, name: str, place: str) -> Any:  # noqa: ANN401 - as `resolve`
    module, _, attribute = place.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"{kind} {name!r} at {place!r} does not load: {error}") from error


def metric_entry(name: str) -> MetricEntry:
    """Return what is known of a metric, built in or of a plug-in.

    The function of a plug-in may have the attributes ``group``, ``version`` and ``models``.

    Raises:
        SettingsError: As `resolve`.
    """
    if name in METRIC_ENTRIES:  # does not scan the installed packages, which takes milliseconds
        return METRIC_ENTRIES[name]
    function = resolve("metrics", name)
    return MetricEntry(
        _table("metrics")[name],
        str(getattr(function, "group", OTHER)),
        int(getattr(function, "version", 1)),
        tuple(getattr(function, "models", ())),
    )


def _table(kind: Kind) -> dict[str, str]:
    table = dict(BUILT_IN[kind])
    for point in entry_points(group=f"facepad.{kind}"):
        if point.name in table:
            raise SettingsError(
                f"two {kind} are named {point.name!r}: {table[point.name]} and {point.value}"
            )
        table[point.name] = point.value
    return table
