"""Runs as the flow leaves them, made up."""

from __future__ import annotations

from collections import Counter
from typing import Any

from run_configs import config_of

from pipeline.flow.run import Run
from pipeline.manifest import Failure, Manifest, Shard
from pipeline.tasks.export import Exported
from stages.report.summary import CorpusSummary


def run_of(n_pairs: int = 1, failures: int = 0, **changes: Any) -> Run:
    shards = (Shard(0, "0", "0", n_pairs, 2, 2, 2.0, 2 * n_pairs, 2.0 * n_pairs),) if n_pairs else ()
    listed = [Failure("read", f"d{number}.txt", f"reason {number}", "Traceback …") for number in range(failures)]
    return Run(config_of(), manifest=Manifest(shards, n_listed=n_pairs), failures=listed, **changes)


def exported(*pairs: Any) -> Exported:
    summary = CorpusSummary()
    for pair in pairs:
        summary.add(pair)
    return Exported(len(pairs), Counter(), summary.as_dict())
