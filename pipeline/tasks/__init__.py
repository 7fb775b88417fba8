"""Do a stage to a shard, one file a stage: see what is missing, call the stage, write a file, say what became of it.

Tasks run wherever the store lies, here or on a rented machine. Each imports its stage inside, so that a worker loads
only what it runs, and the machine that orchestrates loads nothing.
"""

from __future__ import annotations

from pipeline.config.run_config import (
    RunConfig,
    beads_address,
    embeddings_address,
    sentences_address,
    summaries_address,
    which_overlaps,
)
from pipeline.tasks.align import ALIGN, whole_sizes
from pipeline.tasks.edit import EDIT
from pipeline.tasks.encode import ENCODE, ENCODE_REQUESTS
from pipeline.tasks.request import REQUEST
from pipeline.tasks.split import SPLIT
from pipeline.tasks.summarise import SUMMARISE
from pipeline.tasks.work import Task

TASKS: dict[str, Task] = {task.name: task for task in (SPLIT, ENCODE, SUMMARISE, EDIT, REQUEST, ENCODE_REQUESTS, ALIGN)}
"""All tasks, in the order in which they are done to a shard."""


def tasks_of(config: RunConfig) -> list[Task]:
    """Return what is done to a shard of a run, in order; no more than its documents need, as long as none is paired."""
    if config.is_paired_by_content:
        return [SPLIT, ENCODE, SUMMARISE]
    is_on_demand = which_overlaps(config) == "on-demand"
    on_demand = (REQUEST.name, ENCODE_REQUESTS.name)
    left_out = {SUMMARISE.name, *(() if is_on_demand else on_demand)}
    return [task for name, task in TASKS.items() if name not in left_out]


def address_of(task: Task, config: RunConfig) -> str:
    """Return what tells apart whatever of the config makes a task's results what they are."""
    if task.name == SPLIT.name:
        return sentences_address(config)
    if task.name in (ENCODE.name, EDIT.name):
        return f"{embeddings_address(config)}-{max(whole_sizes(config))}"
    if task.name == SUMMARISE.name:
        return summaries_address(config)
    return beads_address(config)
