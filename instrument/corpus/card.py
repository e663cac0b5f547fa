"""The card of a corpus, and its index as mirdata has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from instrument.corpus.items import SPLITS, VERSION, Plan, canonical
from instrument.corpus.making import FRAMES, MIX, NOTES, STEMS
from instrument.corpus.manifest import Row
from instrument.corpus.variation import Range
from instrument.files import replacing
from instrument.model.spec import InstrumentSpec
from instrument.text import encodable

CARD, INDEX = "README.md", "index.json"
NOT_TOLD = "not told"


def write_card(corpus: Path, plan: Plan, rows: Sequence[Row], refused: Sequence[Row]) -> None:
    """Write README.md: what the corpus is, how it was made, and whose scores and sounds it has.

    Raises:
        OutputError: It can't be written.
    """
    with replacing(corpus / CARD) as beside:
        text = _card(encodable(corpus.resolve().name), plan, rows, refused)
        beside.write_text(text, encoding="utf-8", newline="\n")


def write_index(corpus: Path, rows: Sequence[Row]) -> None:
    """Write index.json: the files of each item with their MD5, as an index of mirdata has them.

    Raises:
        OutputError: It can't be written.
    """
    with replacing(corpus / INDEX) as beside:
        text = canonical(index_of(rows))
        beside.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def index_of(rows: Sequence[Row]) -> dict[str, Any]:
    """What the index of these rows holds, in plain values."""
    tracks = {}
    for row in rows:
        files = {_index_name(row["key"], each["path"]): each for each in row["files"]}
        tracks[row["key"]] = {
            name: [each["path"], each["md5"]] for name, each in sorted(files.items())
        }
    return {"version": "1.0", "tracks": tracks}


def _index_name(key: str, path: str) -> str:
    """What an index calls a file: mix, notes, stem_channel_01, frames_channel_01."""
    folder, _, name = path.partition(f"{key}/")[2].rpartition("/")
    part = name.partition(".")[0].replace("-", "_")
    return f"{ {STEMS: 'stem_', FRAMES: 'frames_'}.get(folder, '') }{part}"


def hours(rows: Sequence[Row]) -> float:
    """Hours of sound, counted once for each item."""
    return sum(float(row["seconds"]) for row in rows) / 3600


def _card(name: str, plan: Plan, rows: Sequence[Row], refused: Sequence[Row]) -> str:
    stems = f"`{STEMS}/`: a file for each channel. " if plan.form.stems else ""
    return f"""# {name}

{len(rows)} items, {hours(rows):.2f} hours of sound at {plan.form.sample_rate} Hz with its notes,
pitch and loudness. MIDI scores were rendered by Arco {VERSION}; the annotation is what was
rendered, not an estimate. `arco corpus check` verifies items, tables and shards.

| split | scores | items | hours |
|---|---|---|---|
{_split_table(rows)}

Splits are by score: all variants of a score are in one.

## How it was made

{_variation_table(plan)}

{len(refused)} items were left out; `refused.jsonl` says why.

## Files

`manifest.jsonl` and `manifest.parquet` have a row for each item: its score, split, settings, files
and SHA-256. `index.json` has the files with MD5, as mirdata wants it. An item's folder holds:

- `{MIX}`: stereo, 24 bits. {stems}
- `{NOTES}`: onset and end in seconds, pitch as MIDI note, velocity, channel from 0, and how the
  note is joined to the one before.
- `{FRAMES}/`: a table for each channel, {plan.form.frame_rate:g} times a second: time, row of the
  note (−1 for none), f0 in Hz, loudness in dB(A), voiced.
- `item.json`: all settings, and the files' digests.

## Sources

| scores in | scores | licence |
|---|---|---|
{_score_table(plan)}

{_instruments(plan.instruments)}
"""


def _split_table(rows: Sequence[Row]) -> str:
    lines = []
    for split in SPLITS:
        own = [row for row in rows if row["split"] == split]
        scores = len({row["score_sha256"] for row in own})
        lines.append(f"| {split} | {scores} | {len(own)} | {hours(own):.2f} |")
    return "\n".join(lines)


def _variation_table(plan: Plan) -> str:
    given = plan.variation

    def told(drawn: Range) -> str:
        return f"{drawn.low:g}" if drawn.low == drawn.high else f"{drawn.low:g} to {drawn.high:g}"

    rows = {
        "variants of a score": str(plan.variants),
        "seed": str(plan.seed),
        "transposed, semitones": told(given.transpose),
        "tempo, times the score's": told(given.tempo),
        "added to velocities": told(given.velocity),
        "preset": ", ".join(given.presets) or "the first",
        **{f"knob {name}": told(turned) for name, turned in sorted(given.knobs.items())},
        "joins": ", ".join(given.joins),
        "room": told(given.room),
        "humanize": told(given.humanize),
        "mode": given.mode,
        "notes outside the range": given.outside or "skipped more than an octave below",
    }
    return "| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows.items())


def _score_table(plan: Plan) -> str:
    counts = Counter(
        (str(PurePosixPath(score.name).parent), score.licence or NOT_TOLD)
        for score in plan.distinct.values()
    )
    return "\n".join(
        f"| {_cell(folder)} | {count} | {_cell(licence)} |"
        for (folder, licence), count in sorted(counts.items())
    )


def _instruments(instruments: Sequence[InstrumentSpec]) -> str:
    lines = ["| instrument | digest | learned from | licence |", "|---|---|---|---|"]
    for spec in instruments:
        for source in (*spec.sources, *spec.performances):
            licence = source.licence or NOT_TOLD
            cells = (spec.name, spec.digest, source.name, licence)
            lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
