"""Make liveness tests and fusions from their names."""

from collections.abc import Callable, Sequence
from typing import Any

from facepad import registry, settings
from facepad.fusion import FUSION_SUFFIX, FittedFusion, Fusion, FusionFactory
from facepad.types import LivenessTest, ThreadedFactory


def load_fusion(fusion: str | Fusion, tests: Sequence[LivenessTest] = ()) -> Fusion:
    """Return the fusion of some tests, by its name or by the file that was fitted.

    Args:
        fusion: A name, the path of a file that `facepad train fusion` wrote (``.npz``), or the
            fusion itself.
        tests: The tests that decide; none to leave out the check that it was fitted on them.

    Raises:
        SettingsError: There is no such fusion, or it was not fitted on these tests.
        ModelError: Its file is missing or wrong, or was fitted on other models.
    """
    found: Any = fusion
    if isinstance(fusion, str) and fusion.endswith(FUSION_SUFFIX):
        from facepad.fusion.lda import from_file

        found = from_file(settings.expanded(fusion, "the fusion"))
    elif isinstance(fusion, str):
        found = registry.resolve("fusions", fusion)
        if isinstance(found, FusionFactory):
            found = found.load()
    if isinstance(found, FittedFusion):
        check_fitted(found, tests)
    loaded: Fusion = found
    return loaded


def check_fitted(fusion: FittedFusion, tests: Sequence[LivenessTest]) -> None:
    """Check that a fusion was fitted on some tests; those that only add need no part in it.

    Raises:
        SettingsError: It was not fitted on one of them.
        ModelError: It was fitted on other models.
    """
    fusion.check_for([test for test in tests if not test.operating_point.only_adds] or tests)


def make_test(name: str, threads: int = 1) -> LivenessTest:
    """Make a liveness test by its name, for so many threads where it can use them.

    Raises:
        SettingsError: There is no such test.
        ModelError: Its model is missing or wrong.
    """
    factory: Callable[[], LivenessTest] = registry.resolve("liveness_tests", name)
    return factory.with_threads(threads) if isinstance(factory, ThreadedFactory) else factory()


def name_of(test: str | LivenessTest) -> str:
    """Return the name in results of a test that is given by its name or as itself."""
    return registry.short_name(test) if isinstance(test, str) else test.name
