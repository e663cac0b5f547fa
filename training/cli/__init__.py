"""``arco train …``: from recordings to an exported instrument, one command a step."""

from __future__ import annotations

import typer

from training.cli import diet, instruments, networks, recordings, whole

app = typer.Typer(
    name="train",
    help="Train an instrument: all, or prepare → envelopes → timbre → export → evaluate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command("all")(whole.whole)
app.command()(recordings.prepare)
app.command()(recordings.render_notes)
app.command()(networks.envelopes)
app.command()(networks.images)
app.command()(networks.timbre)
app.command()(instruments.export)
app.command()(instruments.joins)
app.command()(instruments.evaluate)
app.command()(diet.diet)
app.command()(diet.curve)
app.command()(instruments.phrases)
app.command()(instruments.pictures)
app.command()(instruments.score)
app.command()(instruments.draw_sound)
