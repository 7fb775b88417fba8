"""A backend that runs everything in the process of the test: workers take longer to start than small runs take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.config.run_config import RunConfig
from pipeline.flow.local import LocalBackend
from pipeline.tasks import Shard, ShardOutcome, Task


class InProcess(LocalBackend):
    """This machine, without workers."""

    def map(self, task: Task, config: RunConfig, shards: Sequence[Shard]) -> Iterator[ShardOutcome]:
        for shard in shards:
            yield shard, task(self.store, config, shard)
