"""Every night on Modal: modal deploy -m pipeline.nightly, with configs/nightly.toml (or $BITEXT_NIGHTLY)."""

import os
import tempfile
from functools import partial
from pathlib import Path

import modal

from pipeline.cloud import app as cloud
from pipeline.cloud import container, images, nights
from pipeline.cloud.backend import ModalBackend
from pipeline.cloud.machines import CLERK
from pipeline.cloud.nightly_config import load_nightly
from pipeline.config.run_config import RunConfig, weights_file
from pipeline.review.corrections import corrections_folder

SENT_ALONG = Path("/root/nightly")
CONFIG = (
    Path(os.environ.get("BITEXT_NIGHTLY", "configs/nightly.toml")) if modal.is_local() else SENT_ALONG / "nightly.toml"
)

app = modal.App("bitext-nightly", include_source=False).include(cloud.app)
settings, configs = load_nightly(CONFIG)
for config in configs:
    images.require_bucket(config.corpus)
lock = modal.Dict.from_name("bitext-nights", create_if_missing=True)

image = images.CLERK.add_local_file(CONFIG, f"{SENT_ALONG}/nightly.toml")
for name in settings.configs:
    image = image.add_local_file(CONFIG.parent / name, f"{SENT_ALONG}/{name}")
    if weights := weights_file(CONFIG.parent / name):
        within = weights.resolve().relative_to(CONFIG.parent.resolve())
        image = image.add_local_file(weights, str(SENT_ALONG / within))
for corrected in (folder for folder in map(corrections_folder, configs) if folder.is_dir()):
    image = image.add_local_dir(corrected, str(SENT_ALONG / corrected.relative_to(CONFIG.parent.resolve())))


@app.function(
    image=image,
    volumes=cloud.STORE | cloud.BUCKET,
    secrets=[modal.Secret.from_name(settings.webhook_secret)] if settings.webhook_secret else [],
    schedule=modal.Cron(settings.schedule, timezone=settings.time_zone),
    cpu=CLERK.cores,
    memory=CLERK.memory_gib * 1024,
    timeout=nights.LONGEST_NIGHT_SECONDS,
    max_containers=1,
)
def nightly() -> list[str]:
    """Run every config; only what is new or changed is done. Return a line for each."""
    call = modal.current_function_call_id() or container.container_name()
    if not nights.may_start(lock, call):
        return ["another night is still running; this one is left out"]
    try:
        with tempfile.TemporaryDirectory() as scratch:
            return [str(night) for night in nights.run_nights(settings, configs, _backend, Path(scratch))]
    finally:
        lock.pop("night")


def _backend(config: RunConfig, max_dollars: float | None) -> ModalBackend:
    """Drive the other machines from here, and be one's own clerk."""
    clerk = partial(container.run_task, images.STORE)
    return ModalBackend(config, partial(print, flush=True), clerk, max_dollars)
