"""What the routes work with, made once for an application."""

from dataclasses import dataclass
from typing import Self

from facepad.service.config import ServiceConfig
from facepad.service.operations import Operations
from facepad.service.repeats import Repeats
from facepad.service.requests.access import Access
from facepad.service.requests.open_bodies import OpenBodies
from facepad.service.requests.rates import CallerRates
from facepad.service.state import ServiceState
from facepad.service.upkeep import Upkeep
from facepad.service.workers.jobs import JobBoard
from facepad.service.workers.pool import Inference


@dataclass(frozen=True, slots=True)
class Services:
    """What the routes work with.

    Attributes:
        config: Settings of the service.
        access: Checks callers.
        inference: The worker processes.
        operations: Counts and records results.
        repeats: Answers requests with an idempotency key.
        jobs: Work that takes longer than a request.
        bodies: Bounds the bodies that are being read.
        upkeep: Deletes what is over its retention.
    """

    config: ServiceConfig
    access: Access
    inference: Inference
    operations: Operations
    repeats: Repeats
    jobs: JobBoard
    bodies: OpenBodies
    upkeep: Upkeep

    @classmethod
    def of(cls, config: ServiceConfig, state: ServiceState, inference: Inference) -> Self:
        """Make everything from settings, the opened state folder and the workers."""
        upkeep = Upkeep(state, config)
        operations = Operations(state.store, state.audit, inference, upkeep.lag_s)
        bodies = OpenBodies(config)
        return cls(
            config,
            Access(state.keys, config, CallerRates(config, state.address_key)),
            inference,
            operations,
            Repeats(state.idempotency, bodies),
            JobBoard(inference, operations, state.jobs),
            bodies,
            upkeep,
        )
