"""Runs on disk: begun anew, gone on with, and read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from instrument.errors import UsageError
from training.fitting.checkpoints import BEST, LAST
from training.fitting.loop import HISTORY, LoopSettings
from training.fitting.runs import SETTINGS_FILE, load_network, save_network, write_run
from training.networks.timbre import LOWEST_MIDI, TimbreDecoder, TimbreSettings

LOOP = LoopSettings(steps=10)


@pytest.fixture
def network() -> TimbreDecoder:
    return TimbreDecoder(TimbreSettings(hidden=8, harmonics=4, noise_bands=5))


@pytest.fixture
def run(network: TimbreDecoder, tmp_path: Path) -> Path:
    """A run with both checkpoints."""
    write_run(tmp_path, "timbre", network, LOOP, stage="fit")
    for name in (LAST, BEST, HISTORY):
        (tmp_path / name).write_text("earlier")
    return tmp_path


def test_a_run_that_is_begun_anew_has_nothing_of_the_one_before(
    run: Path, network: TimbreDecoder
) -> None:
    write_run(run, "timbre", network, LOOP, stage="fit")
    assert {file.name for file in run.iterdir()} == {SETTINGS_FILE}


def test_a_run_may_go_on_longer_and_elsewhere(run: Path, network: TimbreDecoder) -> None:
    longer = LoopSettings(steps=20, validate_every=7, accelerator="cpu", devices="2")
    write_run(run, "timbre", network, longer, resume=True, stage="fit")
    assert (run / LAST).read_text() == "earlier"
    assert json.loads((run / SETTINGS_FILE).read_text())["loop"]["steps"] == 20


def test_earlier_runs_that_do_not_say_their_lowest_note_are_read_and_gone_on_with(
    run: Path, network: TimbreDecoder
) -> None:
    settings = json.loads((run / SETTINGS_FILE).read_text())
    assert settings["network"].pop("lowest_midi") == LOWEST_MIDI
    (run / SETTINGS_FILE).write_text(json.dumps(settings))
    save_network(network, run)
    assert load_network(run, ("timbre",)).settings == network.settings
    write_run(run, "timbre", network, LOOP, resume=True, stage="fit")


@pytest.mark.parametrize(
    ("loop", "stage", "said"),
    [
        (LoopSettings(steps=10, learning_rate=0.1), "fit", "learning_rate 0.001, not 0.1"),
        (LoopSettings(steps=10, seed=1), "fit", "seed 0, not 1"),
        (LOOP, "refine", "stage fit, not refine"),
    ],
)
def test_a_run_goes_on_with_its_own_settings_only(
    loop: LoopSettings, stage: str, said: str, run: Path, network: TimbreDecoder
) -> None:
    before = (run / SETTINGS_FILE).read_text()
    with pytest.raises(UsageError, match=said):
        write_run(run, "timbre", network, loop, resume=True, stage=stage)
    assert (run / SETTINGS_FILE).read_text() == before


def test_a_file_is_no_folder_for_a_run(network: TimbreDecoder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be the folder of a run"):
        write_run(tmp_path / "file", "timbre", network, LOOP)


@pytest.mark.parametrize("checkpoint", [{}, [], {"network": {}}])
def test_a_checkpoint_of_something_else_is_refused(
    checkpoint: object, run: Path, network: TimbreDecoder
) -> None:
    torch.save(checkpoint, run / BEST)
    with pytest.raises(UsageError, match="doesn't fit its settings"):
        load_network(run, ("timbre",))


@pytest.mark.parametrize("content", ["", "[1]", '{"kind": "timbre", "network": {"wide": 1}}'])
def test_broken_settings_are_refused(content: str, run: Path, network: TimbreDecoder) -> None:
    save_network(network, run)
    (run / SETTINGS_FILE).write_text(content)
    with pytest.raises(UsageError, match="train anew"):
        load_network(run, ("timbre",))
