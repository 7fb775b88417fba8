"""Say what is wrong with a config, in the words of someone who writes TOML."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Location = tuple[int | str, ...]


def explain(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """Return every problem of a config of this model: its key, its value and what was expected."""
    errors = error.errors()
    wrong_items = {details["loc"][:-1] for details in errors}  # a list without its wrong items may look too short
    return [
        problem
        for details in errors
        if not (details["type"] == "too_short" and details["loc"] in wrong_items)
        for problem in _explain(details, model)
    ]


def _explain(details: ErrorDetails, model: type[BaseModel]) -> list[str]:
    location = tuple(part for part in details["loc"] if part != "folder")
    key = ".".join(map(str, location))
    kind, context = details["type"], details.get("ctx", {})
    if kind == "extra_forbidden":
        return [f"{key}: unknown key{_nearest(location, model)}"]
    if kind == "missing":
        return [f"{key}: missing; {_describe(location, model)}"]
    if kind == "value_error":
        return str(context["error"]).splitlines()  # our own validators: they name keys, and may find several problems
    expected = EXPECTED[kind](context) if kind in EXPECTED else _in_words_of_pydantic(details["msg"])
    return [f"{key}: {details['input']!r} is not valid; {expected}"]


EXPECTED: dict[str, Callable[[dict[str, Any]], str]] = {
    "bool_parsing": lambda _: "it must be true or false",
    "bool_type": lambda _: "it must be true or false",
    "dict_type": lambda _: "it must be a table",
    "float_parsing": lambda _: "it must be a number",
    "float_type": lambda _: "it must be a number",
    "greater_than_equal": lambda context: f"it must be at least {context['ge']}",
    "int_from_float": lambda _: "it must be a whole number",
    "int_parsing": lambda _: "it must be a whole number",
    "int_type": lambda _: "it must be a whole number",
    "less_than_equal": lambda context: f"it must be at most {context['le']}",
    "literal_error": lambda context: f"it must be {context['expected']}",
    "model_type": lambda context: f"it must be a section, [{context['class_name'].removesuffix('Config').lower()}]",
    "string_pattern_mismatch": lambda context: f"it must match {context['pattern']}",
    "string_too_long": lambda context: f"it must have at most {context['max_length']} characters",
    "string_type": lambda _: "it must be text in quotes",
    "too_short": lambda _: "it must not be empty",
    "tuple_type": lambda _: 'it must be a list, such as ["..."]',
}
"""What was expected, by pydantic's name of the error."""


def _in_words_of_pydantic(message: str) -> str:
    return re.sub(r"^(Input|Value) should ", "it must ", message)


def _nearest(location: Location, model: type[BaseModel]) -> str:
    """Suggest the known key that was meant: the same one of another section, or one that is spelt much like it."""
    known = _known_keys(model)
    key = ".".join(map(str, location))
    siblings = [name for name in known if name.rpartition(".")[0] == key.rpartition(".")[0]]
    found = [name for name in known if name.rpartition(".")[2] == str(location[-1])]
    found = found or difflib.get_close_matches(key, siblings, n=1, cutoff=0.75)
    if found:
        return f"; did you mean {found[0]}?"
    return f"; known here are {', '.join(name.rpartition('.')[2] for name in siblings)}" if siblings else ""


def _known_keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    keys = []
    for name, field in model.model_fields.items():
        if not field.exclude:
            keys.append(prefix + name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys.extend(_known_keys(field.annotation, f"{prefix}{name}."))
    return keys


def _describe(location: Location, model: type[BaseModel]) -> str:
    """Say what a missing key means, in the words of its own docstring."""
    section: Any = model
    for part in location[:-1]:
        section = section.model_fields[part].annotation
    field = section.model_fields[location[-1]]
    return field.description or f"the section [{location[-1]}] is required"
