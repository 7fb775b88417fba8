"""A service's config, and other encoders than the embedded one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from live_service import live_service
from tiny_model import save_tiny_model

from pipeline import align_texts
from pipeline.errors import ConfigError
from pipeline.service.config import ServeConfig, load_serve
from pipeline.service.wire import ENGLISH, GERMAN
from stages.encode import load_encoder
from stages.encode.config import EncodeConfig

ROOT = Path(__file__).parents[1]


def test_a_model_of_ones_own_is_shared_by_threads_under_its_folders_name(tmp_path: Path) -> None:
    encode = EncodeConfig(encoder=str(save_tiny_model(tmp_path / "my-encoder")), dtype="float32")
    texts = [f"number {letter}" for letter in "abcdefghijklmnop"]
    with live_service(tmp_path / "jobs", ServeConfig(encode=encode, workers=4)) as live, live.client() as client:
        assert [model["id"] for model in client.get("/v1/models").json()["data"]] == ["my-encoder"]
        assert str(tmp_path) not in client.get("/openapi.json").text

        def embed(text: str) -> list[float]:
            answer = client.post("/v1/embeddings", json={"model": "my-encoder", "input": text})
            return list(answer.json()["data"][0]["embedding"])

        with ThreadPoolExecutor(4) as threads:
            vectors = list(threads.map(embed, texts))
        pair = {"source": ENGLISH, "target": GERMAN, "source_language": "en", "target_language": "de"}
        answer = client.post("/v1/align", json=pair).json()
    assert np.allclose(vectors, load_encoder(encode).encode(texts).vectors, atol=1e-5)
    beads = align_texts(ENGLISH, GERMAN, encoder=encode.encoder, source_language="en", target_language="de")
    assert [bead["type"] for bead in answer["beads"]] == [bead.type for bead in beads]


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "serve").glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_configs_load_and_are_named_as_their_files(path: Path) -> None:
    assert load_serve(path).name == path.stem


@pytest.mark.parametrize(
    ("encoder", "name"),
    [
        ("labse", "labse"),
        ("intfloat/multilingual-e5-small", "intfloat/multilingual-e5-small"),
        ("/weights/models/my-encoder", "my-encoder"),
        ("./my-encoder", "my-encoder"),
    ],
)
def test_a_model_is_called_as_in_the_config_but_for_where_it_lies(encoder: str, name: str) -> None:
    config = ServeConfig(encode=EncodeConfig(encoder=encoder))
    assert (config.model_name, config.wants_gpu) == (name, True)
    assert config.model_copy(update={"model": "mine"}).model_name == "mine"


def test_what_is_wrong_with_a_config_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "serve.toml"
    path.write_text('name = "A B"\n[limits]\ntimeout = 3\nqueue = -1\n')
    with pytest.raises(ConfigError) as told:
        load_serve(path)
    for part in ("3 problems", "name: 'A B' is not valid", "limits.timeout: unknown key", "limits.queue: -1"):
        assert part in str(told.value)
