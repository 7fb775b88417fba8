"""A warm service on Modal: modal deploy -m pipeline.serve, with configs/serve/labse.toml (or $BITEXT_SERVE).

Modal reads the annotations of parameters as they are: no `from __future__ import annotations` here.
"""

import os
from pathlib import Path
from typing import Any

import modal

from pipeline.cloud import images
from pipeline.cloud.app import CACHE, WEIGHTS
from pipeline.cloud.images import HF_TOKEN
from pipeline.cloud.weights import refuse_folder_here
from pipeline.service import modal_containers as rented
from pipeline.service.config import load_serve
from pipeline.service.wire import TOKEN

SENT_ALONG = Path("/root/serve.toml")
CONFIG = Path(os.environ.get("BITEXT_SERVE", "configs/serve/labse.toml")) if modal.is_local() else SENT_ALONG

config = load_serve(CONFIG)
if modal.is_local():
    refuse_folder_here(config.encode)
deploy = config.deploy
app = modal.App(rented.app_name(config), include_source=False)
image = images.SERVE_ON_GPU if config.wants_gpu else images.SERVE_ON_CPU


@app.cls(
    image=image.add_local_file(CONFIG, str(SENT_ALONG)),
    volumes=WEIGHTS | CACHE,
    secrets=[
        modal.Secret.from_name(deploy.token_secret, required_keys=[TOKEN]),
        *([modal.Secret.from_name(deploy.hf_secret, required_keys=[HF_TOKEN])] if deploy.hf_secret else []),
    ],
    gpu=deploy.gpu if config.wants_gpu else None,
    cpu=deploy.cores,
    max_containers=deploy.max_containers,
    scaledown_window=deploy.scaledown_seconds,
    enable_memory_snapshot=deploy.memory_snapshot,
    timeout=rented.timeout_seconds(config),
)
@modal.concurrent(max_inputs=deploy.concurrent)
class Service:
    """One warm encoder: asked over HTTP, or by `pipeline.client` as a class."""

    @modal.enter(snap=True)
    def load_libraries(self) -> None:
        """Load what takes long and needs no GPU: it is part of the picture that later containers start from."""
        rented.load_libraries(config)

    @modal.enter()
    def load(self) -> None:
        """Load the encoder, and do once all that a first request would wait for."""
        self.container = rented.Container(config, images.WEIGHTS, images.CACHE)

    @modal.method()
    def align(self, request: dict[str, Any]) -> dict[str, Any]:
        """Align two texts: an AlignRequest and its AlignAnswer, as plain data."""
        return self.container.align(request)

    @modal.method()
    def embed(self, texts: list[str]) -> list[list[float]]:
        """Turn texts into vectors."""
        return self.container.embed(texts)

    @modal.asgi_app()
    def web(self) -> Any:
        """Answer HTTP requests, with the same paths as `bitext serve`."""
        return self.container.web()

    @modal.exit()
    def close(self) -> None:
        """End what is left."""
        self.container.close()
