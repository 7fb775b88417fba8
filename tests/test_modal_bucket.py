"""A bucket as a corpus: when it is mounted, and what is said when it isn't."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cloud import images
from pipeline.config.corpus_config import CorpusConfig
from pipeline.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]


def mounts(**environment: str) -> str:
    code = "from pipeline.cloud import app; print(app.BUCKET)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_bucket_is_mounted_for_reading_where_a_corpus_is_looked_for() -> None:
    mounted = mounts(BITEXT_MODAL_BUCKET="my-bucket")
    for part in ("'/bucket': ", "bucket_name='my-bucket'", "Secret.from_name('bitext-bucket')", "read_only=True"):
        assert part in mounted


@pytest.mark.skipif(images.BUCKET is not None, reason="BITEXT_MODAL_BUCKET is set")
def test_a_corpus_in_a_bucket_that_is_not_mounted_is_refused_before_anything_is_started() -> None:
    images.require_bucket(CorpusConfig(documents="volume:{language}/*.txt", pairs=("en-de",)))
    with pytest.raises(ConfigError, match="set BITEXT_MODAL_BUCKET"):
        images.require_bucket(CorpusConfig(documents="bucket:{language}/*.txt", pairs=("en-de",)))
