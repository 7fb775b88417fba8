"""`bitext eval`: how well beads agree with gold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.commands.exits import reported
from pipeline.commands.finish import evaluate_gold
from pipeline.commands.options import PATH, STORE, make_flow
from pipeline.config.run_config import RunConfig, load_config
from pipeline.errors import ConfigError
from pipeline.evaluate.evaluation import evaluate_files
from pipeline.evaluate.gold import evaluate_corrections, holds_corrections
from pipeline.flow.run import Run

if TYPE_CHECKING:
    from stages.evaluate.scores import Evaluation


@click.command("eval")
@click.argument("predicted", type=PATH, required=False)
@click.argument("gold_beads", type=PATH, required=False)
@click.option("--config", "config_path", type=PATH, help="A config whose run has been done.")
@click.option("--gold", type=PATH, help="With --config: a folder of gold or of corrections [default: [corpus] gold].")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with precision, recall and f1, strict and lax.")
@STORE
@reported
def evaluate(
    predicted: Path | None,
    gold_beads: Path | None,
    config_path: Path | None,
    gold: Path | None,
    as_json: bool,
    store: Path | None,
) -> None:
    """Compare beads with gold: strict and lax precision, recall and F1, as Vecalign defines them.

    Gold is a folder of <pair_id>.gold.txt. A folder of corrections, as `bitext review` leaves it, is gold for what was
    judged: other beads don't count.

    \b
    bitext eval configs/demo.toml
    bitext eval out/demo/beads configs/demo/gold
    """
    from stages.evaluate.scores import summarize
    from stages.evaluate.table import render_table

    if predicted is not None and gold_beads is None and config_path is None and predicted.suffix == ".toml":
        predicted, config_path = None, predicted
    if config_path is not None and predicted is None:
        documents = _evaluate_config(config_path, gold, store)
    elif predicted is not None and gold_beads is not None and config_path is None:
        documents = evaluate_files(predicted, gold_beads).documents
    else:
        raise ConfigError("name the config of a run, or two files or folders of beads: bitext eval PREDICTED GOLD")
    click.echo(json.dumps(summarize(documents), indent=2) if as_json else render_table(documents))


def _evaluate_config(config_path: Path, gold: Path | None, store: Path | None) -> dict[str, Evaluation]:
    config: RunConfig = load_config(config_path)
    if gold is None and config.corpus.gold is None:
        raise ConfigError(f"{config_path} names no [corpus] gold; name the folder with --gold")
    flow = make_flow(Run(config), store, 1)
    flow.read_manifest()
    flow.require_beads()
    if gold is None or not holds_corrections(gold):
        return evaluate_gold(flow, gold)
    documents, left_out = evaluate_corrections(flow, gold)
    for reason in left_out:
        click.echo(f"left out: {reason}", err=True)
    return documents
