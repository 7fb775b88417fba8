"""The OpenAPI page keeps its word: requests are made up from it, and answers held to it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from live_service import TOKEN, Live, live_service
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
    use_after_free,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
    unsupported_method,
    use_after_free,
    ignored_auth,
]
"""All but `positive_data_acceptance`: no schema can say that a language is known, or that a text's can be told."""

N_EXAMPLES = int(os.environ.get("BITEXT_TEST_EXAMPLES", "12"))
"""For each operation, of requests that are right and of such that are wrong."""

TAKE_ANYTHING = ("GET /health", "GET /metrics", "GET /v1/jobs", "GET /v1/models")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_service(tmp_path_factory.mktemp("jobs")) as live:
        yield live


@pytest.fixture(scope="module")
def page(live: Live) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{live.url}/openapi.json")


OPERATIONS = (
    "GET /health",
    "GET /metrics",
    "GET /v1/jobs",
    "GET /v1/jobs/{job_id}",
    "GET /v1/models",
    "GET /v1/models/{name}",
    "DELETE /v1/jobs/{job_id}",
    "POST /v1/align",
    "POST /v1/embeddings",
    "POST /v1/jobs",
)


def test_every_operation_is_tried(page: schemathesis.BaseSchema) -> None:
    assert sorted(found.ok().label for found in page.get_all_operations()) == sorted(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("mode", GenerationMode)
def test_made_up_requests_are_answered_as_the_page_says(
    page: schemathesis.BaseSchema, name: str, mode: GenerationMode
) -> None:
    (operation,) = (found.ok() for found in page.get_all_operations() if found.ok().label == name)
    if mode is GenerationMode.NEGATIVE and name in TAKE_ANYTHING:
        pytest.skip("nothing that can be sent is wrong")

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=N_EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}"}, checks=CHECKS)

    check()
