"""Cut work into shards, run them, and try again those whose worker died."""

from __future__ import annotations

import traceback
from collections.abc import Sequence

from pipeline.config.run_config import RunConfig
from pipeline.corpus.manifest import Document, DocumentPair, Failure
from pipeline.errors import BitextError
from pipeline.flow.backend import Backend
from pipeline.progress import StageProgress
from pipeline.tasks import Outcome, Shard, Task
from stages.text import primary_language

Item = Document | DocumentPair

SHARDS_PER_WORKER = 8
"""Small corpora are cut at least so fine, so that no core idles while the last shard runs."""

MAX_DEATHS = 2
"""How often a shard may kill its worker before its items are tried one by one."""


DENSE_LANGUAGES = frozenset(("zh", "ja", "ko", "th", "lo", "km", "my"))
DENSITY = 2.8
"""How many times as many tokens a character makes in these languages, whose writing says more with each."""


def cut_shards(items: Sequence[Item], config: RunConfig, n_workers: int, min_chars: int = 1) -> list[Shard]:
    """Group documents or pairs, largest first, so that no shard but one of a single item is too large.

    Characters are weighed by the tokens that they make, so that shards of Chinese and of German take as long.
    `min_chars` : a smaller shard isn't worth starting.
    """
    total = sum(map(effort, items))
    max_chars = min(config.compute.shard_chars, max(min_chars, total / (n_workers * SHARDS_PER_WORKER)))
    shards: list[list[Item]] = []
    n_chars = 0.0
    for item in sorted(items, key=lambda item: -effort(item)):
        n_chars += effort(item)
        if not shards or n_chars > max_chars:
            shards.append([])
            n_chars = effort(item)
        shards[-1].append(item)
    return [Shard(tuple(shard)) for shard in shards]


def effort(item: Item) -> float:
    """Return the size of a document or pair in characters of a language like English."""
    if isinstance(item, DocumentPair):
        return effort(item.source) + effort(item.target)
    return item.n_chars * (DENSITY if primary_language(item.language) in DENSE_LANGUAGES else 1.0)


def run_shards(
    backend: Backend, stage: str, task: Task, config: RunConfig, shards: Sequence[Shard], progress: StageProgress
) -> Outcome:
    """Run a task on every shard and add up the outcomes.

    A shard whose worker dies is tried again; if it kills that one too, its items are tried one by one, so that only the
    one to blame fails. An error that a user can mend, such as a full disk or a missing model, ends the run.
    """
    total = Outcome()
    deaths = dict.fromkeys(shards, 0)
    while deaths:
        again: dict[Shard, int] = {}
        for shard, result in backend.map(task, config, list(deaths)):
            if isinstance(result, BitextError):
                raise result
            if isinstance(result, Outcome):
                total.add(result)
                progress.advance(result.counts)
            else:
                again.update(_after_death(shard, deaths[shard] + 1, result, stage, total, progress))
        deaths = again
    return total


def _after_death(
    shard: Shard, n_deaths: int, error: Exception, stage: str, total: Outcome, progress: StageProgress
) -> dict[Shard, int]:
    """Return what to try again after a shard killed its worker."""
    n_items = len(shard.items)
    if n_deaths < MAX_DEATHS:
        progress.note(f"{stage}: {_what_happened(error)}; its shard of {n_items} is tried again")
        return {shard: n_deaths}
    if n_items > 1:
        progress.note(f"{stage}: {_what_happened(error)} again; the {n_items} items of its shard are tried one by one")
        return {Shard((item,)): n_deaths - 1 for item in shard.items}
    (item,) = shard.items
    name = item.path if isinstance(item, Document) else item.pair_id
    reason = f"{_what_happened(error)}, {n_deaths} times"
    total.failures.append(Failure(stage, name, reason, "".join(traceback.format_exception(error))))
    return {}


def _what_happened(error: Exception) -> str:
    exit_code = getattr(error, "exitcode", None)
    if exit_code is None:
        return f"a worker failed with {type(error).__name__}: {error}"
    return f"a worker died with exit code {exit_code} (killed, or out of memory?)"
