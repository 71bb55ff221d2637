"""Bodies of requests: JSON with base64, or multipart; both stay in memory."""

import json
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from facepad.service.examples import BASE64
from facepad.service.problems import Problem, invalid
from facepad.service.requests.open_bodies import OpenBodies
from facepad.service.wire import decoded

_MOST_DEPTH = 16  # of JSON
_MOST_VALUES = 5000  # of JSON; a clip may have a frame in each of hundreds, and a time for each
_MOST_FIELDS = 20  # of multipart, beside files and one more field for each file
_IN_MEMORY = 1 << 40  # bytes; a part that is larger would go to a file on disk
_LISTS = ("tests", "persons", "times_s")  # fields that hold several values
_FILE = "the bytes of a file"  # in the example of a form; JSON has no bytes
_PIECE = 1 << 16  # bytes of a form that are parsed at once
_Model = TypeVar("_Model", bound=BaseModel)
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class BodyBounds:
    """Bounds of one request with media.

    Attributes:
        files: Most files, 1 or more.
        field_bytes: Most bytes of all fields but media together.
    """

    files: int
    field_bytes: int


class _InMemoryParser(MultiPartParser):
    """Keeps every part in memory, never in a temporary file; bounds all fields together."""

    spool_max_size = _IN_MEMORY
    field_bytes = 0

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Take a piece of a file or of a field.

        Raises:
            Problem: The fields are too large.
        """
        if self._current_part.file is None:
            self.field_bytes += end - start
            if self.field_bytes > self.max_part_size:
                raise _fields_too_large(self.max_part_size)
        super().on_part_data(data, start, end)

    def close(self) -> None:
        """Free the memory of all parts, also of one that has no end."""
        for file in self._files_to_close_on_error:
            file.close()


async def read_body(
    bodies: OpenBodies,
    request: Request,
    model: type[_Model],
    media: Mapping[str, str],
    bounds: BodyBounds,
) -> tuple[_Model, dict[str, tuple[bytes, ...]]]:
    """Read a request with media.

    Args:
        bodies: All bodies that are being read.
        request: The request.
        model: What its fields are, media as base64.
        media: Name of the part of multipart for each field with media; such a field is a list
            where the two names differ.
        bounds: Bounds of the request.

    Returns:
        The fields without media, and the media of each field.

    Raises:
        Problem: The body cannot be read, or a field cannot be used.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    readers = {"application/json": _from_json, "multipart/form-data": _from_parts}
    if kind not in readers:
        raise Problem("unsupported_media_type", "Send application/json or multipart/form-data.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem("unsupported_media_type", "Send the body without Content-Encoding.")
    with bodies.reading(request):
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
        return await bodies.parsed(readers[kind], request.headers, body, model, media, bounds)


def body_schema(
    model: type[BaseModel],
    media: Mapping[str, str],
    examples: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the body of a request for OpenAPI: JSON, and the same fields as multipart.

    Args:
        model: The fields as JSON.
        media: Name of the part of multipart for each field with media.
        examples: Bodies as JSON, by what they show; one of the required fields if None.
    """
    schema = model.model_json_schema()
    binary = {"type": "string", "format": "binary"}
    parts = {name: one for name, one in schema["properties"].items() if name not in media}
    for name, part in media.items():
        parts[part] = binary if name == part else {"type": "array", "items": binary}
    needed = [media.get(name, name) for name in schema.get("required", ())]
    form = {"type": "object", "properties": parts, "required": needed}
    bodies = {"": _example(schema, media)} if examples is None else examples
    forms = {name: _as_form(one, media) for name, one in bodies.items()}
    content = {
        "application/json": {"schema": schema, **_shown(bodies)},
        "multipart/form-data": {
            "schema": {**form, "additionalProperties": False},
            **_shown(forms),
        },
    }
    return {"requestBody": {"required": True, "content": content}}


def _shown(bodies: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the examples of a kind of media for OpenAPI; one without a name stands alone."""
    if "" in bodies:
        return {"example": dict(bodies[""])}
    return {"examples": {name: {"value": dict(one)} for name, one in bodies.items()}}


def _as_form(body: Mapping[str, Any], media: Mapping[str, str]) -> dict[str, Any]:
    """Return a body of JSON as the parts of a form, with words in place of the files."""
    parts = {name: one for name, one in body.items() if name not in media}
    for name, part in media.items():
        if name in body:
            is_list = isinstance(body[name], list)
            parts[part] = [_FILE] * len(body[name]) if is_list else _FILE
    return parts


def _example(schema: Mapping[str, Any], media: Mapping[str, str]) -> dict[str, Any]:
    """Return a body with the required fields."""
    known: dict[str, Any] = {"name": "kiosk-7", "consent": True}
    example = {name: known[name] for name in schema.get("required", ()) if name in known}
    field, part = next(iter(media.items()))
    least = schema["properties"][field].get("minItems", 1)
    return {**example, field: BASE64 if field == part else [BASE64] * least}


def parsed_json(body: bytes | bytearray) -> Any:  # noqa: ANN401 - whatever was sent
    """Return the value of a JSON body.

    Raises:
        Problem: It is none, has too many values, or is nested too deeply.
    """
    # Counted in the bytes, at a small part of the cost of parsing; base64 has none of these.
    if sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise Problem("malformed", f"The JSON has more than {_MOST_VALUES:,} values.")
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            parse_constant=_refused_constant,
            object_pairs_hook=_without_repetition,
        )
    except (ValueError, RecursionError):
        raise Problem("malformed", "The body is not JSON.") from None
    if _is_deeper(value, _MOST_DEPTH):
        raise Problem("malformed", f"The JSON is nested deeper than {_MOST_DEPTH}.")
    return value


def validated(model: type[_Model], values: object) -> _Model:
    """Return the values as a model.

    Raises:
        Problem: A field cannot be used.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise invalid(error.errors(include_url=False, include_input=False)) from None


def _from_json(
    _: Headers, body: bytearray, model: type[_Model], media: Mapping[str, str], bounds: BodyBounds
) -> tuple[_Model, dict[str, tuple[bytes, ...]]]:
    value = parsed_json(body)
    if _size_beside(value, media) > bounds.field_bytes:
        raise _fields_too_large(bounds.field_bytes)
    fields = validated(model, value)
    found: dict[str, tuple[bytes, ...]] = {}
    try:
        for name in media:
            given = getattr(fields, name)
            if isinstance(given, str):
                found[name] = (decoded(given, f"/{name}"),)
            elif given is not None:
                _check_count(len(given), bounds.files, name)
                found[name] = tuple(decoded(one, f"/{name}/{n}") for n, one in enumerate(given))
    except ValueError as error:
        raise _wrong(str(error), "expected base64") from None
    return fields, found


def _from_parts(
    headers: Headers,
    body: bytearray,
    model: type[_Model],
    media: Mapping[str, str],
    bounds: BodyBounds,
) -> tuple[_Model, dict[str, tuple[bytes, ...]]]:
    most_fields = _MOST_FIELDS + bounds.files
    parser = _InMemoryParser(
        headers,
        _pieces(body),
        max_files=bounds.files,
        max_fields=most_fields,
        max_part_size=bounds.field_bytes,
    )
    try:
        form = _result(parser.parse())
        found = {name: _files(form, name, part) for name, part in media.items()}
        values: dict[str, Any] = {
            name: "file" if name == media[name] else ["file"] * len(files)
            for name, files in found.items()
            if files
        }
        values.update(_fields(form, set(media.values()), set(model.model_fields)))
    except MultiPartException:
        raise Problem(
            "malformed",
            f"The multipart body cannot be read; it may have {bounds.files} files and "
            f"{most_fields} fields.",
        ) from None
    finally:
        parser.close()
    return validated(model, values), {name: files for name, files in found.items() if files}


async def _pieces(body: bytearray) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(body), _PIECE):
        yield bytes(body[start : start + _PIECE])


def _result(work: Coroutine[Any, Any, _Value]) -> _Value:
    """Return the result of work that waits for nothing, since all of it is in memory."""
    try:
        work.send(None)
    except StopIteration as done:
        return cast("_Value", done.value)
    raise RuntimeError("a part of a form was not in memory")


def _files(form: FormData, name: str, part: str) -> tuple[bytes, ...]:
    """Return the files of a part; a field that is named as its part holds one."""
    given = form.getlist(part)
    files = [one for one in given if isinstance(one, UploadFile)]
    if len(files) < len(given):
        raise _wrong(f"/{part}", "expected a file")
    if name == part and len(files) > 1:
        raise _wrong(f"/{part}", "expected one file")
    return tuple(one.file.read() for one in files)


def _fields(form: FormData, parts: set[str], known: set[str]) -> dict[str, Any]:
    """Return the fields of a form that are not its files."""
    values: dict[str, Any] = {}
    for name in {key for key in form if key not in parts}:
        texts = form.getlist(name)
        if not all(isinstance(one, str) for one in texts):
            raise _wrong("", f"unknown name of a file; known: {', '.join(sorted(parts))}")
        if name in known and name not in _LISTS and len(texts) > 1:
            raise _wrong(f"/{name}", "expected one value")
        values[name] = _split(texts) if name in _LISTS else texts[-1]
    return values


def _split(texts: Sequence[Any]) -> list[str]:
    """Return the values of a field that may be repeated, or hold a list with commas."""
    return [part.strip() for text in texts for part in str(text).split(",")]


def _check_count(count: int, most: int, name: str) -> None:
    if count > most:
        raise _wrong(f"/{name}", f"expected at most {most}")


def _refused_constant(_: str) -> None:
    raise ValueError  # NaN and Infinity are no JSON


def _without_repetition(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of an object.

    Raises:
        Problem: Two have the same name, so that it is not clear which one counts.
    """
    value = dict(pairs)
    if len(value) < len(pairs):
        raise Problem("malformed", "The JSON has a name twice in one object.")
    return value


def _size_beside(value: object, media: Mapping[str, str]) -> int:
    """Return the characters of a JSON value without its fields with media."""
    if isinstance(value, dict):
        value = {name: one for name, one in value.items() if name not in media}
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _fields_too_large(most: int) -> Problem:
    detail = f"All fields but media may have {most:,} bytes together."
    return Problem("too_large", detail)


def _wrong(pointer: str, message: str) -> Problem:
    return Problem("invalid_request", errors=[{"pointer": pointer, "message": message}])


def _is_deeper(value: object, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [
            below
            for one in level
            if isinstance(one, dict | list)
            for below in (one.values() if isinstance(one, dict) else one)
            if isinstance(below, dict | list)
        ]
        if not level:
            return False
    return True
