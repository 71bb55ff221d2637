"""``GET /v1/models``: the liveness tests and the model files."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool

from facepad import registry
from facepad.errors import ModelError
from facepad.service.problems import Problem, documented
from facepad.service.services import Services
from facepad.service.wire import LivenessTestEntry, ModelEntry, ModelsAnswer

SCOPE = "models:read"


def router(services: Services) -> APIRouter:
    """Make the route."""
    routes = APIRouter(tags=["models"])
    key = services.access.key(SCOPE)

    @routes.get(
        "/v1/models",
        summary="List liveness tests and model files",
        responses=documented("models"),
    )
    async def models(request: Request, _: Annotated[str, Depends(key)]) -> ModelsAnswer:
        return ModelsAnswer(
            tests=[_test(name) for name in registry.names("liveness_tests")],
            models=await run_in_threadpool(_models),
            request_id=request.state.request_id,
        )

    return routes


def _test(name: str) -> LivenessTestEntry:
    return LivenessTestEntry(
        name=name,
        decides_by_default=name in registry.DEFAULT_TESTS,
        shown_by_default=name in registry.DEFAULT_ADVISORY,
        adds_to_clips_by_default=name in registry.DEFAULT_CLIP_TESTS,
    )


def _models() -> list[ModelEntry]:
    from facepad.models import store  # numpy, which the server does without until it is asked

    try:
        entries = store.entries()
    except ModelError:
        raise Problem("model_unavailable") from None
    return [
        ModelEntry(
            name=one.name,
            version=one.full_version,
            format=one.file.rpartition(".")[2],
            sha256=one.sha256,
            licence=one.licence,
            research_use=one.research_use,
            present=store.location(one).is_file(),
        )
        for one in entries
    ]
