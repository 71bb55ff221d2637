"""Bounds on the chunks of a body: each costs time of the event loop, however small it is."""

import h11

_FREE_CHUNKS = 256  # of a body, whatever their size
_LEAST_CHUNK_BYTES = 256  # as a mean of the chunks of a body with more


class SmallChunks(h11.RemoteProtocolError):
    """A body has many chunks that are too small."""


class BoundedChunks(h11.Connection):
    """A connection that refuses bodies of many small chunks.

    The headers of requests and the other parts of bodies are read as they are by its base.
    """

    _chunks = 0
    _size = 0

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """Return the next part of a request.

        Raises:
            SmallChunks: The chunks of a body are too small.
            h11.RemoteProtocolError: What was received is no HTTP.
        """
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._chunks = self._size = 0
        elif isinstance(event, h11.Data):
            self._chunks += event.chunk_end
            self._size += len(event.data)
            if self._chunks > _FREE_CHUNKS and self._size < _LEAST_CHUNK_BYTES * self._chunks:
                raise SmallChunks(
                    f"More than {_FREE_CHUNKS} chunks must have {_LEAST_CHUNK_BYTES} bytes or "
                    "more as a mean."
                )
        return event
