"""The service on Modal: deployed, and asked from a laptop, as a class and over HTTP.

Requests reach the ASGI application as on Modal, by the runtime of the real client in the container; but the stand-in
for Modal has no way to send their bodies: they travel with the first message instead.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest
from modal_world import LOOPMODAL, ROOT, RUN_SECONDS, ModalWorld

from pipeline import __version__

pytestmark = [
    pytest.mark.modal,
    pytest.mark.skipif(not LOOPMODAL.exists(), reason="the loopback Modal is not here"),
]

CONFIG = 'name = "test"\nworkers = 1\n[deploy]\nmax_containers = 1\n'
TOKEN = "a token that only tests know"
UNCOMPILED = ("--env", "NUMBA_DISABLE_JIT=1")
"""Compiling takes longer than all else here."""

ASK = """
import asyncio, modal
from pipeline.client import Bertalign, align_remote
from pipeline.errors import ServiceError

pair = ("It rained. We left.", "Es regnete, und wir gingen.")
aligner = Bertalign(*pair, where="bitext-serve-test")
aligner.align_sents()
print("class", aligner.result, aligner.src_sents)
print("call", [bead.target for bead in align_remote(*pair, where="bitext-serve-test", max_bead=3).beads])
service = modal.Cls.from_name("bitext-serve-test", "Service")()
print("vector", len(service.embed.remote(["It rained."])[0]))
for pair, where in ((("1", "2"), "bitext-serve-test"), (("x", "y"), "bitext-serve-other")):
    try:
        align_remote(*pair, where=where)
    except ServiceError as error:
        print("refused", error)

from pipeline.service.config import ServeConfig
from pipeline.service.modal_containers import ModalJobs
from pipeline.service.problems import Busy
from pipeline.service.wire import AlignRequest

class Unlimited:
    is_ending = False
    def check(self, request): pass

async def ask_for_jobs():
    jobs = ModalJobs(ServeConfig(name="test"), Unlimited())
    good = await jobs.submit(AlignRequest(source="It rained.", target="Es regnete."))
    bad = await jobs.submit(AlignRequest(source="1", target="2"))
    states = []
    for job in (good, bad):
        while (found := await jobs.get(job.id))[0].state == "running":
            await asyncio.sleep(0.1)
        states.append(found)
    print("jobs", [job.state for job, _ in states], len(states[0][1]) > 100, "source_language" in states[1][0].error)
    print("listed", [(job.id, job.state) for job in await jobs.find()] == [(good.id, "done"), (bad.id, "failed")])
    full = ModalJobs(ServeConfig(name="test", limits={"jobs": 2}), Unlimited())
    long = {"source": "It rained. We left. " * 15, "target": "Es regnete. Wir gingen. " * 15}  # it is not done at once
    third = await full.submit(AlignRequest(**long))
    print("room made", [job.id for job in await full.find()] == [bad.id, third.id])
    try:
        await ModalJobs(ServeConfig(name="test", limits={"jobs": 1}), Unlimited())._make_room()
    except Busy:
        print("full")
    good = third
    await jobs.delete(good.id)
    try:
        await jobs.get(good.id)
    except KeyError:
        print("deleted")

asyncio.run(ask_for_jobs())
"""


REFUSED = """
import modal
try:
    modal.Cls.from_name("bitext-serve-test", "Service")().embed.remote(["It rained."])
except Exception as error:
    print(error)
else:
    print("answered")
"""

WEB = """
import importlib.abc, importlib.util, sys

class Body:
    def __init__(self, body):
        self.get_data_in = self
        self._body = body

    async def aio(self, *_):
        yield {"type": "http.request", "body": self._body, "more_body": False}

def with_bodies(wrap):
    def wrapped(app, io):
        def answer(scope):
            return wrap(app, Body(scope.pop("body")))[0](scope)
        return answer, wrap(app, io)[1]
    return wrapped

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "modal._runtime.asgi":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module
        def exec_module(module):
            execute(module)
            module.asgi_app_wrapper = with_bodies(module.asgi_app_wrapper)
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder())
"""

ASK_WEB = """
import asyncio, json, sys
from modal._serialization import serialize
from modal._utils.function_utils import _stream_function_call_data
from modal.client import _Client
from modal_proto import api_pb2

async def ask(method, path, body=None, token=None):
    headers = [(b"content-type", b"application/json"), (b"host", b"somebody--bitext-serve-test.modal.run")]
    if token is not None:
        headers.append((b"authorization", b"Bearer " + token.encode()))
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https"}
    scope |= {"path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers, "root_path": ""}
    scope |= {"client": ("203.0.113.1", 1), "server": None, "body": json.dumps(body).encode() if body else b""}
    client = await _Client.from_env()
    put = api_pb2.FunctionPutInputsItem(idx=0, input=api_pb2.FunctionInput(
        args=serialize(((scope,), {})), data_format=api_pb2.DATA_FORMAT_PICKLE, method_name="web"))
    call = await client._stub.FunctionMap(api_pb2.FunctionMapRequest(
        function_id=sys.argv[2], function_call_type=api_pb2.FUNCTION_CALL_TYPE_UNARY, pipelined_inputs=[put]))
    status, answer = 0, b""
    messages = _stream_function_call_data(client, client._stub, call.function_call_id, "data_out")
    async for message in messages:
        status = message.get("status", status)
        answer += message.get("body", b"")
        if message["type"] == "http.response.body" and not message.get("more_body"):
            break
    return status, answer.decode()

async def main():
    for _ in range(600):  # a worker whose alignment was given up is started anew
        if (await ask("GET", "/health"))[0] == 200:
            break
        await asyncio.sleep(0.2)
    token, pair = sys.argv[1], {"source": ["It rained.", "We left."], "target": ["Es regnete, und wir gingen."]}
    for asked in (
        ("GET", "/health"),
        ("POST", "/v1/align", pair),
        ("POST", "/v1/align", pair, ""),
        ("POST", "/v1/align", pair, "not the token of this"),
        ("POST", "/v1/align", pair, token),
        ("POST", "/v1/embeddings", {"input": "It rained.", "model": "use-multilingual"}, token),
        ("GET", "/openapi.json"),
    ):
        print(json.dumps(await ask(*asked)))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModalWorld]:
    options = ("--secret", f"bitext-api-token:BITEXT_API_TOKEN={TOKEN}", *UNCOMPILED)
    world = ModalWorld(tmp_path_factory.mktemp("modal") / "world", *options, images=["serve_on_cpu"], site=WEB)
    yield world
    world.close()


@pytest.fixture(scope="module")
def service(world: ModalWorld, tmp_path_factory: pytest.TempPathFactory) -> ModalWorld:
    """Return a world with a service that has been deployed, as the README says."""
    config = tmp_path_factory.mktemp("config") / "serve.toml"
    config.write_text(CONFIG)
    world.modal("deploy", "-m", "pipeline.serve", BITEXT_SERVE=str(config))
    return world


def ask(world: ModalWorld, code: str, *arguments: str) -> str:
    """Run Python on the laptop."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=world.environment(), text=True, capture_output=True, check=False, timeout=RUN_SECONDS
    )
    assert done.returncode == 0, done.stderr + world.log()[-3000:]
    return done.stdout


def test_a_deployed_class_aligns_embeds_and_keeps_jobs(service: ModalWorld) -> None:
    lines = ask(service, ASK).splitlines()
    assert lines[:3] == [
        "class [([0, 1], [0])] ['It rained.', 'We left.']",
        "call ['Es regnete, und wir gingen.']",
        "vector 512",
    ]
    assert lines[3].startswith("refused bitext-serve-test on Modal: ")
    assert "give source_language" in lines[3]
    assert lines[4].startswith("refused bitext-serve-other on Modal: ")
    assert lines[5:] == ["jobs ['done', 'failed'] True True", "listed True", "room made True", "full", "deleted"]
    assert len(service.started()) == 1, "one warm container answers all"


def test_the_deployed_application_answers_those_who_have_the_token(service: ModalWorld) -> None:
    (function,) = (app["functions"]["Service.*"] for app in service.state()["apps"].values())
    answers = [json.loads(line) for line in ask(service, ASK_WEB, TOKEN, function).splitlines()]
    assert [status for status, _ in answers] == [200, 401, 401, 401, 200, 200, 200]
    bodies = [json.loads(body) for _, body in answers]
    assert bodies[0]["status"] == "ready"
    assert [bead["target"] for bead in bodies[4]["beads"]] == ["Es regnete, und wir gingen."]
    assert len(bodies[5]["data"][0]["embedding"]) == 512
    assert bodies[6]["info"]["version"] == __version__


@pytest.mark.parametrize("token", ["", "too short"], ids=["none", "short"])
def test_no_token_no_answer(tmp_path_factory: pytest.TempPathFactory, token: str) -> None:
    folder = tmp_path_factory.mktemp("w")  # a folder named after the test makes the path of a socket too long
    options = ("--secret", f"bitext-api-token:BITEXT_API_TOKEN={token}", *UNCOMPILED)
    with closing(ModalWorld(folder / "w", *options, images=["serve_on_cpu"], site=WEB)) as world:
        (folder / "serve.toml").write_text(CONFIG)
        world.modal("deploy", "-m", "pipeline.serve", BITEXT_SERVE=str(folder / "serve.toml"))
        refused = ask(world, REFUSED)
    assert "BITEXT_API_TOKEN must have at least 16 ASCII characters" in refused
