"""Stages of a training: which are done, which go on, and which nothing has changed for."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instrument.errors import OutputError, UsageError
from training.output import alone_in, plain, write_json
from training.reading import DamageError, digest_of, read_json

LEDGER = "stages.json"
ELSEWHERE = {"accelerator", "device", "precision"}
"""Settings that say where something is computed, and not what."""


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes:
        name: Of it.
        needs: Names of the stages whose results it takes.
        settings: All that decides its result besides these.
        makes: Files of its result.
        work: Does it; told whether to go on with what was begun with the same settings.
    """

    name: str
    needs: Sequence[str]
    settings: Mapping[str, Any]
    makes: Sequence[Path]
    work: Callable[[bool], None]


def digest_if_there(path: Path) -> str:
    """Digest of a file's content; empty if it isn't there or cannot be read."""
    try:
        return digest_of(path)[:32]
    except OSError:
        return ""


class Ledger:
    """What has been done in the folder of a run, kept in ``stages.json``.

    A stage has a key: its settings, and the keys and results of those that it needs. It is done if
    it was with this key and its files are as it left them.
    """

    def __init__(self, run: Path) -> None:
        """Open the ledger of a run.

        Args:
            run: Its folder, which may be missing.

        Raises:
            OutputError: The folder holds something else.
            UsageError: The ledger is damaged.
        """
        self.path = run / LEDGER
        self.entries: dict[str, dict[str, Any]] = {}
        if os.path.lexists(self.path):
            try:
                found = read_json(self.path)
            except DamageError as error:
                raise UsageError(f"{self.path}: {error}; remove it to begin anew") from error
            if not isinstance(found, dict) or not all(isinstance(v, dict) for v in found.values()):
                raise UsageError(f"{self.path}: isn't of a training; name another --run")
            self.entries = found
        elif os.path.lexists(run) and (not run.is_dir() or any(run.iterdir())):
            raise OutputError(
                f"{run}: holds something else than a run of 'arco train all'; name another --run"
            )

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Have the run's folder, which is made if need be, for oneself.

        Raises:
            OutputError: It cannot be made or written in.
            UsageError: Another training is at work in it.
        """
        with alone_in(self.path.parent):
            self._write()
            yield

    def key(self, stage: Stage) -> str:
        """What a stage depends on, as a digest."""
        settings = {k: v for k, v in stage.settings.items() if k not in ELSEWHERE}
        needed = {name: self.entries.get(name) for name in stage.needs}
        made = {
            name: [entry.get("key"), entry.get("made")] if entry else None
            for name, entry in needed.items()
        }
        text = json.dumps([stage.name, plain(settings), made], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def is_done(self, stage: Stage) -> bool:
        """Whether nothing has changed since a stage was done."""
        entry = self.entries.get(stage.name, {})
        return (
            entry.get("key") == self.key(stage)
            and entry.get("made") == [digest_if_there(path) for path in stage.makes]
            and all(entry["made"])
        )

    def do(self, stage: Stage) -> float:
        """Do a stage, from where it was stopped if it was begun with this key.

        Returns:
            How many seconds it took.
        """
        key, begun = self.key(stage), self.entries.get(stage.name, {})
        resume = begun.get("key") == key and "made" not in begun
        self.entries[stage.name] = {"key": key}
        self._write()
        start = time.monotonic()
        stage.work(resume)
        seconds = time.monotonic() - start
        made = [digest_if_there(path) for path in stage.makes]
        self.entries[stage.name] = {"key": key, "made": made, "seconds": round(seconds, 1)}
        self._write()
        return seconds

    def _write(self) -> None:
        write_json(self.entries, self.path)
