"""The service's class on Modal: deployed, and asked from a laptop; what is asked over HTTP is not emulated."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from modal_world import LOOPMODAL, ROOT, ModalWorld

pytestmark = [
    pytest.mark.modal,
    pytest.mark.skipif(not LOOPMODAL.exists(), reason="the loopback Modal is not here"),
]

CONFIG = 'name = "test"\nworkers = 1\n[deploy]\nmax_containers = 1\n'
SECRET = "bitext-api-token:BITEXT_API_TOKEN=a token that only tests know"
UNCOMPILED = ("--env", "NUMBA_DISABLE_JIT=1")
"""Compiling takes longer than all else here."""

ASK = """
import asyncio, modal
from pipeline.client import Bertalign, align_remote
from pipeline.errors import ServiceError

pair = ("It rained. We left.", "Es regnete, und wir gingen.")
aligner = Bertalign(*pair, where="bitext-serve-test")
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
    print("listed", [job.id for job in await jobs.find()] == [good.id, bad.id])
    await jobs.delete(good.id)
    try:
        await jobs.get(good.id)
    except KeyError:
        print("deleted")

asyncio.run(ask_for_jobs())
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModalWorld]:
    world = ModalWorld(tmp_path_factory.mktemp("modal") / "world", "--secret", SECRET, *UNCOMPILED)
    yield world
    world.close()


def ask(world: ModalWorld, code: str) -> str:
    """Run Python on the laptop."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("MODAL_", "BITEXT_"))},
        "MODAL_SERVER_URL": world._endpoint["grpc"],
        "MODAL_TOKEN_ID": "ak-test",
        "MODAL_TOKEN_SECRET": "as-test",
        "MODAL_CONFIG_PATH": "/nonexistent",
        "MODAL_DISABLE_API_PROXY": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr + world.log()[-3000:]
    return done.stdout


def test_a_deployed_class_aligns_embeds_and_keeps_jobs(world: ModalWorld, tmp_path: Path) -> None:
    (tmp_path / "serve.toml").write_text(CONFIG)
    world.modal("deploy", "-m", "pipeline.serve", BITEXT_SERVE=str(tmp_path / "serve.toml"))
    lines = ask(world, ASK).splitlines()
    assert lines[:3] == [
        "class [([0, 1], [0])] ['It rained.', 'We left.']",
        "call ['Es regnete, und wir gingen.']",
        "vector 512",
    ]
    assert lines[3].startswith("refused bitext-serve-test on Modal: ")
    assert "give source_language" in lines[3]
    assert lines[4].startswith("refused bitext-serve-other on Modal: ")
    assert lines[5:] == ["jobs ['done', 'failed'] True True", "listed True", "deleted"]
    assert len(world.started()) == 1, "one warm container answers all"
