"""Names of everything that can be plugged in, and where each one lives.

Built-ins stand in one explicit dict per kind; third parties add theirs through entry
points of the groups ``facepad.liveness_tests``, ``facepad.metrics``, ``facepad.datasets``
and ``facepad.fusions``. Nothing is imported before it is asked for.
"""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any, Literal

from facepad.errors import SettingsError

Kind = Literal["liveness_tests", "metrics", "datasets", "fusions"]

BUILT_IN: Mapping[Kind, Mapping[str, str]] = MappingProxyType(
    {
        "liveness_tests": MappingProxyType(
            {
                "quality": "facepad.liveness.quality.test:face_crop",
                "quality_research": "facepad.liveness.quality.test:face_crop_research",
                "quality_whole": "facepad.liveness.quality.test:whole_picture",
                "quality_whole_research": "facepad.liveness.quality.test:whole_picture_research",
                "face_cnn": "facepad.liveness.face_cnn.test:free",
                "face_cnn_research": "facepad.liveness.face_cnn.test:research",
            }
        ),
        "metrics": MappingProxyType(
            {
                "mse": "facepad.quality.pixel:mean_squared_error",
                "psnr": "facepad.quality.pixel:peak_signal_to_noise_ratio",
                "snr": "facepad.quality.pixel:signal_to_noise_ratio",
                "sc": "facepad.quality.pixel:structural_content",
                "md": "facepad.quality.pixel:maximum_difference",
                "ad": "facepad.quality.pixel:average_difference",
                "nae": "facepad.quality.pixel:normalised_absolute_error",
                "ramd": "facepad.quality.pixel:r_averaged_maximum_difference",
                "lmse": "facepad.quality.pixel:laplacian_mean_squared_error",
                "nxc": "facepad.quality.pixel:normalised_cross_correlation",
                "mas": "facepad.quality.pixel:mean_angle_similarity",
                "mams": "facepad.quality.pixel:mean_angle_magnitude_similarity",
                "ted": "facepad.quality.edges:total_edge_difference",
                "tcd": "facepad.quality.edges:total_corner_difference",
                "sme": "facepad.quality.spectral:spectral_magnitude_error",
                "spe": "facepad.quality.spectral:spectral_phase_error",
                "gme": "facepad.quality.edges:gradient_magnitude_error",
                "gpe": "facepad.quality.edges:gradient_phase_error",
                "ssim": "facepad.quality.structural:structural_similarity",
                "vif": "facepad.quality.structural:visual_information_fidelity",
                "rred": "facepad.quality.rred:reduced_reference_entropic_difference",
                "jqi": "facepad.quality.no_reference:jpeg_quality_index",
                "hlfi": "facepad.quality.spectral:high_low_frequency_index",
                "biqi": "facepad.quality.no_reference:blind_image_quality_index",
                "niqe": "facepad.quality.no_reference:natural_image_quality_evaluator",
            }
        ),
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
        "fusions": MappingProxyType({"mean": "facepad.fusion:mean_ratio"}),
    }
)
DEFAULT_TESTS = ("quality", "face_cnn")  # liveness tests that decide where none is named
DEFAULT_FUSION = "mean"


def names(kind: Kind) -> tuple[str, ...]:
    """All names of a kind, built-ins first, each group in its own order."""
    return tuple(_table(kind))


def resolve(kind: Kind, name: str) -> Any:  # noqa: ANN401 - what is registered decides
    """Import and return what ``name`` stands for.

    Raises:
        SettingsError: No such name; a third party took the name of another; or its
            module cannot be imported.
    """
    table = _table(kind)
    if name not in table:
        raise SettingsError(f"no {kind} named {name!r}; known: {', '.join(table) or 'none'}")
    module, _, attribute = table[name].partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"{kind} {name!r} at {table[name]!r} does not load: {error}") from error


def _table(kind: Kind) -> dict[str, str]:
    table = dict(BUILT_IN[kind])
    for point in entry_points(group=f"facepad.{kind}"):
        if point.name in table:
            raise SettingsError(
                f"two {kind} are named {point.name!r}: {table[point.name]} and {point.value}"
            )
        table[point.name] = point.value
    return table
