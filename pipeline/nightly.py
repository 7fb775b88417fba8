"""Every night on Modal: modal deploy -m pipeline.nightly, with configs/nightly.toml (or $BITEXT_NIGHTLY)."""

import os
import tempfile
from functools import partial
from pathlib import Path

import modal

from pipeline.cloud import app as cloud
from pipeline.cloud import container, images
from pipeline.cloud.backend import ModalBackend
from pipeline.cloud.machines import CLERK
from pipeline.cloud.night_lock import NightLock
from pipeline.cloud.nightly_config import load_nightly
from pipeline.cloud.nights import LONGEST_NIGHT_SECONDS, Nightly
from pipeline.cloud.weights import refuse_folder_here, refuse_sat, resolve_encoder
from pipeline.config.run_config import RunConfig, weights_file
from pipeline.review.corrections import corrections_folder

SENT_ALONG = Path("/root/nightly")
CONFIG = (
    Path(os.environ.get("BITEXT_NIGHTLY", "configs/nightly.toml")) if modal.is_local() else SENT_ALONG / "nightly.toml"
)

settings, configs = load_nightly(CONFIG)
app = modal.App(settings.app_name, include_source=False).include(cloud.app)
for config in configs:
    images.require_bucket(config.corpus)
    if modal.is_local():
        refuse_folder_here(config.encode)
        refuse_sat(config.split)
shared = modal.Dict.from_name("bitext-nights", create_if_missing=True)

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
    timeout=LONGEST_NIGHT_SECONDS,
    max_containers=1,
)
def nightly() -> list[str]:
    """Run every config; only what is new or changed is done. Return a line for each."""
    call = modal.current_function_call_id() or container.container_name()
    lock = NightLock(shared, settings.app_name, call)
    with tempfile.TemporaryDirectory() as scratch:
        return [str(night) for night in Nightly(settings, configs, _backend, resolve_encoder).run(lock, Path(scratch))]


def _backend(config: RunConfig, max_dollars: float | None) -> ModalBackend:
    """Drive the other machines from here, and be one's own clerk."""
    clerk = partial(container.run_job, images.STORE)
    return ModalBackend(config, partial(print, flush=True), clerk, max_dollars)
