"""Answer with problem JSON (RFC 9457) when something is wrong: it names fields and never repeats a text.

Problem
├── Refused      the request is not what was expected
├── Busy         the queue is full                        429 with Retry-After
├── Ending       the service is about to end              503 with Retry-After
└── TimedOut     it took too long                         504
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from stages.align.config import AlignConfig

MEDIA_TYPE = "application/problem+json"
TAGS = {"body", "text", "sentences"}
"""Parts of pydantic's locations that no user has written: where in the request, and which kind of text."""


class FieldProblem(BaseModel):
    """A field, such as `options.max_bead` or `source.3`, and what was expected of it."""

    field: str
    message: str


class OpenAIError(BaseModel):
    """The same once more, as clients of OpenAI's API look for it."""

    message: str
    param: str | None


class ProblemAnswer(BaseModel):
    """Problem details as RFC 9457 has them, with fields of our own."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []
    request_id: str
    error: OpenAIError


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """Something that the client is told."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Iterable[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ):
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, list(errors), dict(headers or {})

    def answer(self, request_id: str) -> ProblemAnswer:
        """Return what is sent."""
        return ProblemAnswer(
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            errors=self.errors,
            request_id=request_id,
            error=OpenAIError(message=self.detail, param=self.errors[0].field if self.errors else None),
        )


class Refused(Problem):
    """A field is not what was expected."""

    def __init__(self, field: str, message: str, status: int = 422):
        super().__init__(status, f"{field}: {message}", [FieldProblem(field=field, message=message)])
        self.args = (field, message, status)  # it travels from process to process


class Busy(Problem):
    """The queue is full."""

    def __init__(self, retry_seconds: int):
        detail = f"the queue is full; try again in {retry_seconds} s"
        super().__init__(429, detail, headers={"Retry-After": str(retry_seconds)})


class Ending(Problem):
    """New work is refused because the service is about to end."""

    def __init__(self) -> None:
        headers = {"Retry-After": "5", "Connection": "close"}
        super().__init__(503, "the service is about to end; try again", headers=headers)


class TimedOut(Problem):
    """A request took longer than it may."""

    def __init__(self, seconds: float):
        super().__init__(504, f"it took longer than {seconds:g} s; send less at once, or make it a job: POST /v1/jobs")


MOST_PROBLEMS = 20
"""A request may have twenty wrong fields and more."""

MOST_NAME_CHARS = 100
"""Of a field's name, which a client may make up."""


def from_validation(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """Say what is wrong with each field, and never which text it had."""
    problems = [_field_problem(error) for error in errors[:MOST_PROBLEMS]]
    if len(errors) > MOST_PROBLEMS:
        problems.append(FieldProblem(field="", message=f"and {len(errors) - MOST_PROBLEMS:,} more problems"))
    detail = "; ".join(
        f"{problem.field}: {problem.message}" if problem.field else problem.message for problem in problems
    )
    status = 400 if any(error["type"] == "json_invalid" for error in errors) else 422
    return Problem(status, detail, problems)


def _field_problem(error: Mapping[str, Any]) -> FieldProblem:
    location = [str(part)[:MOST_NAME_CHARS] for part in error["loc"] if part not in TAGS]
    context, kind = error.get("ctx", {}), error["type"]
    if kind == "json_invalid":
        return FieldProblem(field="", message=f"the body is not JSON: {context['error']} at character {location[-1]}")
    field = ".".join(location)
    if kind == "extra_forbidden":
        known = ", ".join(AlignConfig.model_fields) if location[0] == "options" else ""
        return FieldProblem(field=field, message="unknown field" + (f"; known here are {known}" if known else ""))
    if kind == "missing":
        return FieldProblem(field=field or "body", message="missing")
    if kind == "string_unicode":  # the name of a field
        return FieldProblem(field=field or "body", message="the name of a field must be Unicode text")
    message = str(context["error"]) if kind == "value_error" else error["msg"]
    for wording in ("Input should ", "String should ", "List should "):
        message = message.replace(wording, "it must ")
    return FieldProblem(field=field or "body", message=message)
