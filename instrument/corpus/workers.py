"""What happens on a worker: it gets the instruments, and makes items where the corpus is."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from instrument.corpus.folders import folder_when_whole
from instrument.corpus.items import Item
from instrument.corpus.making import Outcome, make
from instrument.errors import ArcoError, InstrumentError, MidiFileError
from instrument.model.graphs import Instrument, load_instrument
from instrument.model.spec import SPEC_FILE

Files = Mapping[str, bytes]


def instrument_files(instrument: Instrument) -> Files:
    """The files of an instrument that plays, by name."""
    spec = instrument.spec
    names = (SPEC_FILE, spec.envelope.file, spec.timbre.file)
    return {name: (instrument.folder / name).read_bytes() for name in names}


def place_instruments(instruments: Mapping[str, Files], place: Path) -> None:
    """On a worker: write instruments, by digest, where it finds them, in a folder of its own."""
    for digest, files in instruments.items():
        folder = place / f"arco-{digest}"
        if not folder.is_dir():  # another run may play it here
            with folder_when_whole(folder) as beside:
                for name, content in files.items():
                    (beside / name).write_bytes(content)
        _folders[digest] = folder


_folders: dict[str, Path] = {}
"""On a worker: where its instruments are, by digest."""


@cache
def _loaded(digest: str) -> Instrument:
    """On a worker: an instrument, which must be the one of the digest."""
    if digest not in _folders:
        raise InstrumentError(f"a worker hasn't got instrument {digest}; run it again")
    instrument = load_instrument(_folders[digest])
    if instrument.spec.digest != digest:
        raise InstrumentError(f"a worker has instrument {instrument.spec.digest}, not {digest}")
    return instrument


@dataclass(frozen=True, slots=True)
class Unread(Outcome):
    """What became of an item whose score a worker can't read, or sees as another.

    Attributes:
        node: Name of the worker's machine.
    """

    node: str = ""


def make_here(item: Item, mark: Path) -> Outcome:
    """On a worker: make an item in the corpus that has this mark, if it is seen from here."""
    corpus = mark.parent
    if not os.access(mark, os.F_OK):  # nor if another user may not look there
        stop = f"{corpus}: a worker on {platform.node()} doesn't see this folder; all workers must"
        return Outcome(item.key, stop=stop)
    try:
        instrument = _loaded(item.instrument)
    except ArcoError as error:
        return Outcome(item.key, stop=str(error))
    try:
        item.score.read()
    except MidiFileError as error:
        return Unread(item.key, refused=str(error), node=platform.node())
    return make(item, instrument, corpus)
