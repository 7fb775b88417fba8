"""`bitext fit`: weights for texts and encoders unlike those that the shipped ones were fitted on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.commands.exits import reported
from pipeline.commands.finish import read_gold_of
from pipeline.commands.options import CONFIG, PATH, STORE, make_flow, spare
from pipeline.config.run_config import RunConfig, load_config
from pipeline.errors import ConfigError
from pipeline.evaluate.fitting import fit_reviewed, fit_run
from pipeline.evaluate.gold import holds_corrections, read_gold
from pipeline.flow.local import require_stages
from pipeline.flow.run import Run
from pipeline.progress import units
from pipeline.store.files import write_text

if TYPE_CHECKING:
    from stages.fit.held_out import HeldOut

CHANCE = 0.05
"""What is likelier than this where weights don't matter is no proof of anything."""

FLATTERED = (
    "What people have reviewed began as beads of this aligner, and what nobody saw to be wrong counts as right: that "
    "favours the weights as configured."
)


@click.command()
@CONFIG
@click.option("--gold", type=PATH, help="A folder of gold or of corrections [default: [corpus] gold].")
@click.option("-o", "--output", type=PATH, default=Path("weights.toml"), help="The file to write.", show_default=True)
@STORE
@reported
def fit(config_path: Path, gold: Path | None, output: Path, store: Path | None) -> None:
    """Fit the weights of [align] to hand-made beads, with the vectors that a run has left.

    \b
    bitext fit configs/demo.toml -o weights.toml

    Gold is a folder of <pair_id>.gold.txt, or of corrections as `bitext review` leaves them: of these, stretches that
    were gone through bead by bead. Ten documents of two kinds are better than one long one. What is printed as
    "fitted" was measured on pairs that the weights were not fitted to, where there are two or more.
    """
    require_stages()
    spare([config_path], output)
    config = load_config(config_path)
    if config.align.method != "bitext":
        raise ConfigError(f"[align] method {config.align.method!r} has no weights; only bitext has")
    flow = make_flow(Run(config), store, 1)
    flow.read_manifest()
    config = flow.run.config
    is_reviewed = gold is not None and holds_corrections(gold)
    if gold is not None and is_reviewed:
        result, left_out = flow.backend.do(fit_reviewed, config, read_gold(flow, gold))
        for reason in left_out:
            click.echo(f"left out: {reason}", err=True)
    else:
        _, lines = read_gold_of(flow, gold)
        result = flow.backend.do(fit_run, config, flow.run.manifest.shards, lines)
    write_text(output, render_weights(result, config))
    click.echo("\n".join([*describe(result), *([FLATTERED] if is_reviewed else [])]))
    click.echo(f'{output}: to align with it, write into {config_path}:\n[align]\nweights = "{named(output, config)}"')


def describe(result: HeldOut) -> list[str]:
    """Say what the weights were fitted to, and what they bring."""
    left_out = (
        f" ({result.n_left_out:,} more are too large, or not of consecutive sentences)" if result.n_left_out else ""
    )
    lines = [
        f"Fitted to {result.n_beads:,} gold beads of {units({'pairs': result.n_pairs})}{left_out}.",
        "                 strict F1   lax F1",
    ]
    for name, evaluation in (("as configured", result.before), ("fitted", result.fitted)):
        lines.append(f"{name:<16} {evaluation.strict.f1:9.3f} {evaluation.lax.f1:8.3f}")
    return [*lines, _where(result), _verdict(result)]


def _where(result: HeldOut) -> str:
    if result.n_parts == 1:
        return (
            "Measured on what it was fitted to, which flatters: give gold of two pairs or more, without a document in "
            "common, to see what it brings elsewhere."
        )
    return f"Each pair was aligned with weights fitted to the others, in {result.n_parts} parts."


def _verdict(result: HeldOut) -> str:
    found = f"{result.n_better:,} gold beads are found that were not, and {result.n_worse:,} no longer"
    if result.chance > CHANCE:
        return f"{found}: no more than chance. Stay with the weights that you have."
    if result.n_better < result.n_worse:
        return f"{found}: the fitted weights are worse. Stay with those that you have."
    return f"{found}: more than chance."


def render_weights(result: HeldOut, config: RunConfig) -> str:
    """Return the weights as a file that `[align] weights` can name."""
    f1 = f"{result.before.strict.f1:.3f} before, {result.fitted.strict.f1:.3f} after"
    kind = "cross-validated" if result.n_parts > 1 else "on the same pairs"
    lines = [
        f"# Weights for [align], fitted by `bitext fit` to {result.n_beads:,} gold beads of {config.name}",
        f"# with {config.encode.encoder}. Strict F1, {kind}: {f1}.",
    ]
    for table, weights in result.weights.model_dump(exclude_defaults=True).items():
        lines += ["", f"[{table}]", *(f"{name} = {weight}" for name, weight in weights.items())]
    return "\n".join(lines) + "\n"


def named(output: Path, config: RunConfig) -> str:
    """Return how a config names a file: relative to itself where it lies beside or below it."""
    path = output.resolve()
    return str(path.relative_to(config.folder) if path.is_relative_to(config.folder) else path)
