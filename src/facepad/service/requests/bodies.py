"""Bodies of requests: JSON with base64, or multipart; both stay in memory."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from facepad.service.examples import BASE64
from facepad.service.problems import Problem, invalid
from facepad.service.wire import decoded

_MOST_DEPTH = 16  # of JSON
_MOST_VALUES = 5000  # of JSON; a clip may have a frame in each of hundreds
_MOST_FIELDS = 20  # of multipart, beside files
_MOST_FIELD_BYTES = 4096
_IN_MEMORY = 1 << 40  # bytes; a part that is larger would go to a file on disk
_LISTS = ("tests", "persons")  # fields that hold several values
_Model = TypeVar("_Model", bound=BaseModel)


class _InMemoryParser(MultiPartParser):
    """Keeps every part in memory, never in a temporary file."""

    spool_max_size = _IN_MEMORY

    def close(self) -> None:
        """Free the memory of all parts, also of one that has no end."""
        for file in self._files_to_close_on_error:
            file.close()


async def read_body(
    request: Request, model: type[_Model], media: Mapping[str, str], most_files: int
) -> tuple[_Model, dict[str, tuple[bytes, ...]]]:
    """Read a request with media.

    Args:
        request: The request.
        model: What its fields are, media as base64.
        media: Name of the part of multipart for each field with media; such a field is a list
            where the two names differ.
        most_files: Most files of one request.

    Returns:
        The fields without media, and the media of each field.

    Raises:
        Problem: The body cannot be read, or a field cannot be used.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        body = await request.body()
        return await run_in_threadpool(_from_json, body, model, media, most_files)
    if kind == "multipart/form-data":
        return await _from_parts(request, model, media, most_files)
    raise Problem("unsupported_media_type", "Send application/json or multipart/form-data.")


def body_schema(model: type[BaseModel], media: Mapping[str, str]) -> dict[str, Any]:
    """Return the body of a request for OpenAPI: JSON, and the same fields as multipart.

    Args:
        model: The fields as JSON.
        media: Name of the part of multipart for each field with media.
    """
    schema = model.model_json_schema()
    binary = {"type": "string", "format": "binary"}
    parts = {name: one for name, one in schema["properties"].items() if name not in media}
    for name, part in media.items():
        parts[part] = binary if name == part else {"type": "array", "items": binary}
    needed = [media.get(name, name) for name in schema.get("required", ())]
    form = {"type": "object", "properties": parts, "required": needed}
    known: dict[str, Any] = {"name": "kiosk-7", "consent": True}
    example: dict[str, Any] = {
        name: known[name] for name in schema.get("required", ()) if name in known
    }
    field, part = next(iter(media.items()))
    example[field] = (
        BASE64 if field == part else [BASE64] * schema["properties"][field].get("minItems", 1)
    )
    content = {
        "application/json": {"schema": schema, "example": example},
        "multipart/form-data": {"schema": {**form, "additionalProperties": False}},
    }
    return {"requestBody": {"required": True, "content": content}}


def parsed_json(body: bytes) -> Any:  # noqa: ANN401 - whatever was sent
    """Return the value of a JSON body.

    Raises:
        Problem: It is none, has too many values, or is nested too deeply.
    """
    # Counted in the bytes, at a small part of the cost of parsing; base64 has none of these.
    if sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise Problem("malformed", f"The JSON has more than {_MOST_VALUES:,} values.")
    try:
        value = json.loads(body)
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
    body: bytes, model: type[_Model], media: Mapping[str, str], most_files: int
) -> tuple[_Model, dict[str, tuple[bytes, ...]]]:
    fields = validated(model, parsed_json(body))
    found: dict[str, tuple[bytes, ...]] = {}
    try:
        for name in media:
            value = getattr(fields, name)
            if isinstance(value, str):
                found[name] = (decoded(value, f"/{name}"),)
            elif value is not None:
                _check_count(len(value), most_files, name)
                found[name] = tuple(decoded(one, f"/{name}/{n}") for n, one in enumerate(value))
    except ValueError as error:
        raise _wrong(str(error), "expected base64") from None
    return fields, found


async def _from_parts(
    request: Request, model: type[_Model], media: Mapping[str, str], most_files: int
) -> tuple[_Model, dict[str, tuple[bytes, ...]]]:
    parser = _InMemoryParser(
        request.headers,
        request.stream(),
        max_files=most_files,
        max_fields=_MOST_FIELDS,
        max_part_size=_MOST_FIELD_BYTES,
    )
    try:
        form = await parser.parse()
    except MultiPartException:
        raise Problem(
            "malformed",
            f"The multipart body cannot be read; it may have {most_files} files, {_MOST_FIELDS} "
            f"fields and {_MOST_FIELD_BYTES} bytes in a field.",
        ) from None
    try:
        found = {name: await _files(form, name, part) for name, part in media.items()}
        values: dict[str, Any] = {
            name: "file" if name == media[name] else ["file"] * len(files)
            for name, files in found.items()
            if files
        }
        values.update(_fields(form, set(media.values())))
    finally:
        parser.close()
    return validated(model, values), {name: files for name, files in found.items() if files}


async def _files(form: FormData, name: str, part: str) -> tuple[bytes, ...]:
    """Return the files of a part; a field that is named as its part holds one."""
    given = form.getlist(part)
    files = [one for one in given if isinstance(one, UploadFile)]
    if len(files) < len(given):
        raise _wrong(f"/{part}", "expected a file")
    if name == part and len(files) > 1:
        raise _wrong(f"/{part}", "expected one file")
    return tuple([await one.read() for one in files])


def _fields(form: FormData, parts: set[str]) -> dict[str, Any]:
    """Return the fields of a form that are not its files."""
    values: dict[str, Any] = {}
    for name in {key for key in form if key not in parts}:
        texts = form.getlist(name)
        if not all(isinstance(one, str) for one in texts):
            raise _wrong("", f"unknown name of a file; known: {', '.join(sorted(parts))}")
        values[name] = _split(texts) if name in _LISTS else texts[-1]
    return values


def _split(texts: Sequence[Any]) -> list[str]:
    """Return the values of a field that may be repeated, or hold a list with commas."""
    return [part.strip() for text in texts for part in str(text).split(",")]


def _check_count(count: int, most: int, name: str) -> None:
    if count > most:
        raise _wrong(f"/{name}", f"expected at most {most}")


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
