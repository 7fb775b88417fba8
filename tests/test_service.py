"""The service: what it answers, what it refuses, and that it stays alive."""

from __future__ import annotations

import base64
import json
import logging
import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
from live_service import TOKEN, Live, live_service
from processes import wait_until

from pipeline import align_texts
from pipeline.service.wire import ENGLISH, GERMAN
from stages.encode import load_encoder
from stages.encode.config import EncodeConfig

PAIR = {"source": ENGLISH, "target": GERMAN, "source_language": "en", "target_language": "de"}
TEXTS = ["The ferry was late.", "Die Fähre kam zu spät.", "The ferry was late."]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_service(tmp_path_factory.mktemp("jobs")) as live:
        yield live


@pytest.fixture
def client(live: Live) -> Iterator[httpx2.Client]:
    with live.client() as client:
        yield client


# ---- alignments


def test_texts_are_aligned_as_by_the_library(client: httpx2.Client) -> None:
    answer = client.post("/v1/align", json=PAIR).json()
    beads = align_texts(ENGLISH, GERMAN, source_language="en", target_language="de")
    assert [bead["type"] for bead in answer["beads"]] == [bead.type for bead in beads] == ["2-1", "1-1"]
    assert [(bead["source"], bead["target"]) for bead in answer["beads"]] == [(b.source, b.target) for b in beads]
    assert [bead["score"] for bead in answer["beads"]] == pytest.approx([bead.score for bead in beads], abs=1e-3)
    assert answer["source_sentences"] == beads.source_sentences


def test_lists_are_taken_as_sentences_and_languages_are_detected(client: httpx2.Client) -> None:
    lists = {
        "source": ["The ferry was late.", "", "Nobody complained."],
        "target": ["Die Fähre kam.", "Niemand klagte."],
    }
    answer = client.post("/v1/align", json=lists).json()
    assert [bead["type"] for bead in answer["beads"]] == ["1-1", "1-0", "1-1"]
    assert (answer["source_language"], answer["target_language"]) == ("en", "de")


def test_options_are_those_of_a_config(client: httpx2.Client) -> None:
    answer = client.post("/v1/align", json={**PAIR, "options": {"max_bead": 2}}).json()
    assert {bead["type"] for bead in answer["beads"]} <= {"1-1", "1-0", "0-1"}


def test_empty_texts_have_no_beads(client: httpx2.Client) -> None:
    answer = client.post("/v1/align", json={**PAIR, "source": "", "target": []})
    assert answer.json()["beads"] == []


def test_a_stream_tells_progress_and_then_the_same_answer(client: httpx2.Client) -> None:
    plain = client.post("/v1/align", json=PAIR).json()
    streamed = client.post("/v1/align", json={**PAIR, "stream": True})
    assert streamed.headers["content-type"].startswith("text/event-stream")
    events = [event.split("\n", 1) for event in streamed.text.strip().split("\n\n")]
    assert events[0][0] == "event: progress"
    assert json.loads(events[0][1].removeprefix("data: "))["characters"] == len(ENGLISH + GERMAN)
    assert events[-1][0] == "event: result"
    assert json.loads(events[-1][1].removeprefix("data: ")) == plain


def test_a_stream_that_fails_says_so_in_an_event(client: httpx2.Client) -> None:
    streamed = client.post("/v1/align", json={"source": "12", "target": "34", "stream": True})
    assert streamed.status_code == 200
    last = streamed.text.strip().split("\n\n")[-1]
    assert last.startswith("event: error")
    assert json.loads(last.split("data: ")[1])["errors"][0]["field"] == "source_language"


# ---- jobs


def finished(client: httpx2.Client, job_id: str) -> dict[str, Any]:
    for _ in range(400):
        job = client.get(f"/v1/jobs/{job_id}").json()
        if job["state"] not in ("queued", "running"):
            return dict(job)
        time.sleep(0.05)
    raise AssertionError(f"the job does not end: {job}")


def test_a_job_gives_the_same_answer_until_it_is_deleted(client: httpx2.Client) -> None:
    accepted = client.post("/v1/jobs", json=PAIR)
    assert accepted.status_code == 202
    job = finished(client, accepted.json()["id"])
    assert (job["state"], job["result"]) == ("done", client.post("/v1/align", json=PAIR).json())
    assert job["id"] in [known["id"] for known in client.get("/v1/jobs").json()["jobs"]]
    location = accepted.headers["location"]
    assert client.delete(location).status_code == 204
    assert client.get(location).status_code == client.delete(location).status_code == 404


def test_a_job_that_fails_says_why(client: httpx2.Client) -> None:
    job = finished(client, client.post("/v1/jobs", json={"source": "12", "target": "34"}).json()["id"])
    assert job["state"] == "failed"
    assert "source_language" in job["error"]


def test_old_jobs_make_room_for_new_ones(client: httpx2.Client) -> None:
    ids = []
    for _ in range(5):
        ids.append(client.post("/v1/jobs", json=PAIR).json()["id"])
        finished(client, ids[-1])
    assert [job["id"] for job in client.get("/v1/jobs").json()["jobs"]] == ids[-3:]


# ---- embeddings


def library_vectors() -> np.ndarray:
    encoder = load_encoder(EncodeConfig(encoder="use-multilingual"))
    distinct = encoder.encode(TEXTS[:2]).vectors
    return distinct[[0, 1, 0]]


@pytest.mark.parametrize("form", ["float", "base64", None])
def test_openais_client_gets_the_vectors_of_the_library(live: Live, form: str | None) -> None:
    options = {} if form is None else {"encoding_format": form}
    with openai.OpenAI(base_url=f"{live.url}/v1", api_key=TOKEN) as client:
        answer = client.embeddings.create(model="use-multilingual", input=TEXTS, **options)
        rows = [item.embedding for item in answer.data]
        if form == "base64":
            rows = [np.frombuffer(base64.b64decode(row), "<f4") for row in rows]
        assert np.array_equal(np.array(rows, np.float32), library_vectors())
        assert [item.index for item in answer.data] == [0, 1, 2]
        assert answer.usage.prompt_tokens == answer.usage.total_tokens > 10


def test_openais_client_takes_a_string_and_lists_models(live: Live) -> None:
    with openai.OpenAI(base_url=f"{live.url}/v1", api_key=TOKEN) as client:
        answer = client.embeddings.create(model="use-multilingual", input=TEXTS[0])
        assert len(answer.data) == 1
        assert len(answer.data[0].embedding) == 512
        assert [model.id for model in client.models.list()] == ["use-multilingual"]
        assert client.models.retrieve("use-multilingual").owned_by == "bitext"
        with pytest.raises(openai.NotFoundError, match="use-multilingual"):
            client.embeddings.create(model="gpt", input="x")
    with openai.OpenAI(base_url=f"{live.url}/v1", api_key="wrong") as client, pytest.raises(openai.AuthenticationError):
        client.models.list()


# ---- what is refused


def nested(depth: int) -> bytes:
    return b'{"source":' + b"[" * depth + b"]" * depth + b"}"


def pair(**changes: Any) -> dict[str, Any]:
    return {**PAIR, **changes}


def embed(**changes: Any) -> dict[str, Any]:
    return {"model": "use-multilingual", "input": "x", **changes}


BAD_FIELDS = {
    "no source": ({"target": "x"}, 422, "source"),
    "source is null": (pair(source=None), 422, "source"),
    "source is a number": (pair(source=7), 422, "source"),
    "source is an object": (pair(source={"text": "x"}), 422, "source"),
    "a sentence is a number": (pair(source=["x", 7]), 422, "source.1"),
    "a sentence is a list": (pair(target=[["x"]]), 422, "target.0"),
    "no language": (pair(source_language="klingonisch"), 422, "source_language"),
    "language is a path": (pair(target_language="../../etc/passwd"), 422, "target_language"),
    "language is empty": (pair(source_language=""), 422, "source_language"),
    "language is long": (pair(source_language="x" * 5000), 422, "source_language"),
    "no language can be told": ({"source": "1", "target": "2"}, 422, "source_language"),
    "unknown field": (pair(sauce="x"), 422, "sauce"),
    "unknown option": (pair(options={"max_bed": 3}), 422, "options.max_bed"),
    "negative option": (pair(options={"max_bead": -1}), 422, "options.max_bead"),
    "option is a string": (pair(options={"max_bead": "5"}), 422, "options.max_bead"),
    "option is a huge number": (pair(options={"top_k": 10**30}), 422, "options.top_k"),
    "option is a fraction": (pair(options={"top_k": 1.5}), 422, "options.top_k"),
    "option is a boolean": (pair(options={"top_k": True}), 422, "options.top_k"),
    "unknown method": (pair(options={"method": "magic"}), 422, "options.method"),
    "weights name a file": (pair(options={"weights": "/etc/passwd"}), 422, "options.weights"),
    "max_overlap is 0": (pair(max_overlap=0), 422, "max_overlap"),
    "max_overlap is beyond the limit": (pair(max_overlap=9), 422, "max_overlap"),
    "stream is a word": (pair(stream="yes"), 422, "stream"),
    "too many characters": (pair(source="x" * 10_001), 413, "source"),
    "too many sentences": (pair(source=["x"] * 101), 413, "source"),
    "too many empty sentences": (pair(target=[""] * 101), 413, "source"),
    "too many sentences in a text": (pair(source="Yes. " * 200), 413, "source"),
    "lone surrogate": (pair(source="a\ud800b"), 422, "source"),
    "lone surrogate in a name": (pair(**{"\udfff": 1}), 422, "body"),
    "lone surrogate in a list": (embed(input=["x", "\udc00"]), 422, "input.1"),
    "no input": ({"model": "use-multilingual"}, 422, "input"),
    "empty input": (embed(input=""), 422, "input"),
    "empty list": (embed(input=[]), 422, "input"),
    "empty text in a list": (embed(input=["x", ""]), 422, "input.1"),
    "tokens": (embed(input=[1, 2, 3]), 422, "input.0"),
    "too many inputs": (embed(input=["x"] * 9), 413, "input"),
    "other dimensions": (embed(dimensions=64), 422, "dimensions"),
    "unknown format": (embed(encoding_format="hex"), 422, "encoding_format"),
    "unknown model": (embed(model="gpt"), 404, "model"),
    "job with a stream": (pair(stream=True, source="job"), 422, "stream"),
}


@pytest.mark.parametrize("name", BAD_FIELDS)
def test_a_bad_field_is_named(live: Live, client: httpx2.Client, name: str) -> None:
    body, status, field = BAD_FIELDS[name]
    path = "/v1/embeddings" if "model" in body else "/v1/jobs" if name.startswith("job") else "/v1/align"
    answer = client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
    check_problem(answer, status)
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert live.health() == "ready"


BAD_BODIES = {
    "not JSON": (b"source=x", {}, 400),
    "no body": (b"", {}, 422),
    "half of JSON": (b'{"source": "x"', {}, 400),
    "a list": (b"[]", {}, 422),
    "not UTF-8": (b'{"source": "\xff\xfe"}', {}, 400),
    "a NUL byte": (b'{"source": "a\0b"}', {}, 400),
    "deep JSON": (nested(9_000), {}, 400),
    "NaN": (b'{"source": "x", "target": "y", "options": {"null_score": NaN}}', {}, 422),
    "infinite": (b'{"source": "x", "target": "y", "options": {"null_score": 1e999}}', {}, 422),
    "a number of 5000 digits": (b'{"source": ' + b"9" * 5000 + b"}", {}, 400),
    "a form": (b"source=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    "plain text, as any web page may send": (b"{}", {"Content-Type": "text/plain"}, 415),
    "a huge body": (b"x" * 20_001, {}, 413),
    "no token": (b"{}", {"Authorization": ""}, 401),
    "a wrong token": (b"{}", {"Authorization": "Bearer wrong"}, 401),
    "half a token": (b"{}", {"Authorization": f"Bearer {TOKEN[:-1]}"}, 401),
    "a token that is not ASCII": (b"{}", {"Authorization": "Bearer tökén"}, 401),
    "a password": (b"{}", {"Authorization": "Basic dXNlcjpwYXNz"}, 401),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_bad_body_is_refused(live: Live, client: httpx2.Client, name: str) -> None:
    body, headers, status = BAD_BODIES[name]
    encoded = {key: value.encode("latin-1") for key, value in {"Content-Type": "application/json", **headers}.items()}
    check_problem(client.post("/v1/align", content=body, headers=encoded), status)
    assert live.health() == "ready"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/align", 405),
        ("PUT", "/v1/jobs", 405),
        ("BREW", "/v1/align", 405),
        ("GET", "/v1/jobs/..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/v1/jobs/%00", 404),
        ("DELETE", "/v1/jobs/" + "x" * 3000, 404),
        ("GET", "/v1/models/nothing", 404),
    ],
)
def test_a_bad_path_is_refused(client: httpx2.Client, method: str, path: str, status: int) -> None:
    check_problem(client.request(method, path), status)


def check_problem(answer: httpx2.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text


def exchange(live: Live, request: bytes, end: bool = False) -> bytes:
    """Send raw bytes; return what comes back until the service closes the connection."""
    with socket.create_connection(live.address, timeout=10) as connection:
        connection.sendall(request)
        if end:
            return b""
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        return b"".join(parts)


HEAD = (
    f"POST /v1/align HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
).encode()


def test_a_slow_client_is_told_and_hung_up_on(live: Live) -> None:
    started = time.monotonic()
    answer = exchange(live, HEAD + b"Content-Length: 100\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - started < 30


def test_an_endless_body_is_cut_off(live: Live) -> None:
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    assert exchange(live, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 2).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("length", [b"-1", b"9" * 30, b"a"])
def test_a_length_that_is_none_is_refused(live: Live, length: bytes) -> None:
    status = int(exchange(live, HEAD + b"Connection: close\r\nContent-Length: " + length + b"\r\n\r\n")[9:12])
    assert status in (400, 413)


def test_no_http_at_all_is_refused(live: Live) -> None:
    assert exchange(live, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_goes_away_is_forgotten(live: Live, stream: bool) -> None:
    body = json.dumps(pair(source=ENGLISH * 20, target=GERMAN * 20, stream=stream)).encode()
    exchange(live, HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body, end=True)
    exchange(live, HEAD + b"Content-Length: 100\r\n\r\n{", end=True)
    deadline = time.monotonic() + 20
    while live.engine.n_admitted and time.monotonic() < deadline:
        time.sleep(0.05)
    assert live.engine.n_admitted == 0
    assert live.health() == "ready"


# ---- what is told of it


def lines_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    return [record.getMessage() for record in ours]


def test_neither_texts_nor_tokens_reach_the_log(client: httpx2.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.post("/v1/align?note=verysecret", json=pair(source="verysecret " * 3))
        client.post("/v1/align", json=pair(source=["verysecret", 3]))
        client.post("/v1/embeddings", json=embed(input="verysecret"))
        # A request is logged when it has been answered.
        assert wait_until(lambda: sum(line.startswith("POST /v1/") for line in lines_of(caplog)) == 3, seconds=10)
    noted = lines_of(caplog)
    assert not [line for line in noted if "verysecret" in line or TOKEN in line]


def test_metrics_count_requests_by_route(client: httpx2.Client) -> None:
    client.get("/v1/jobs/made-up")
    text = client.get("/metrics").text
    assert 'bitext_requests_total{method="GET",route="/v1/jobs/{job_id}",status="404"}' in text
    assert "made-up" not in text
    assert "bitext_batch_texts_count" in text


def test_a_request_keeps_the_id_that_it_brings(client: httpx2.Client) -> None:
    assert client.get("/health", headers={"X-Request-ID": "mine-1"}).headers["x-request-id"] == "mine-1"
    assert client.get("/health", headers={"X-Request-ID": "a b"}).headers["x-request-id"] != "a b"


def test_the_page_has_an_example_of_every_body(live: Live) -> None:
    with live.client(None) as client:
        page = client.get("/openapi.json").json()
        docs = client.get("/docs").text
        wanted = re.findall(r"""(?:href|src)=["']([^"']+)["']""", docs)
        assert {link for link in wanted if not link.startswith("#")} == {"/openapi.json"}
        names = set(re.findall(r'id="([^"]+)"', docs))
        assert {link.removeprefix("#") for link in wanted if link.startswith("#")} <= names
        assert "<script" not in docs
        assert client.get("/docs/files/other.js").status_code == 401
    for path, operations in page["paths"].items():
        assert all(f"{method.upper()} {path}" in docs for method in operations)
    for name in ("AlignRequest", "EmbeddingsRequest"):
        assert page["components"]["schemas"][name]["examples"]
    assert page["paths"]["/v1/align"]["post"]["responses"]["429"]["content"].keys() == {"application/problem+json"}
    assert page["security"] == [{"token": []}]
