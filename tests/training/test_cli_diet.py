"""`arco train diet` and `curve`, as a person runs them."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from instrument.cli import main
from training.data.features import FeatureCache
from training.diet import recipe
from training.fitting.checkpoints import EARLY, save_checkpoint
from training.fitting.loop import LoopSettings
from training.fitting.runs import load_timbre, write_run
from training.networks.timbre import TimbreDecoder

QUICK = ("--batch-size", "4", "--accelerator", "cpu")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few lessons."""
    monkeypatch.setattr(recipe, "LESSONS", 8)
    monkeypatch.setattr(recipe, "EXAMINED", 2)


def arco(*arguments: str | Path) -> int:
    return main(["train", *map(str, arguments)])


@pytest.mark.usefixtures("few")
def test_an_instrument_becomes_a_smaller_one_and_both_a_curve(
    tiny_instrument: Path,
    features: FeatureCache,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    small, run = tmp_path / "small", tmp_path / "run"
    features.save(tmp_path / "violin.npz")
    recorded = ("--features", tmp_path / "violin.npz")
    making = (tiny_instrument, "-o", small, "--run", run, "--weights", "3500", *recorded, *QUICK)
    assert arco("diet", *making, "--steps", "2") == 0
    assert "weights of the graphs that play" in capsys.readouterr().out
    assert arco("diet", *making, "--steps", "4", "--resume") == 0
    steps = [entry["step"] for entry in json.loads((run / "history.json").read_text())]
    assert max(steps) == 3
    settings = json.loads((run / "settings.json").read_text())
    assert settings["criterion"] == "activation"
    assert settings["control"] is None
    assert settings["features"] == "violin.npz"
    assert json.loads((small / "instrument.json").read_text())["name"] == "small"
    assert main(["info", str(small)]) == 0

    assert arco("curve", tiny_instrument, small, "-o", tmp_path / "curve") == 0
    assert "| small |" in capsys.readouterr().out
    assert (tmp_path / "curve" / "curve.svg").is_file()


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    "other",
    [
        ("--control", "random"),
        ("--control", "shuffled"),
        ("--criterion", "magnitude"),
        ("--criterion", "information"),
    ],
)
def test_other_units_and_weights_begin_otherwise(
    tiny_instrument: Path, tmp_path: Path, other: tuple[str, str]
) -> None:
    begun = {}
    for name, more in (("usual", ()), ("other", other)):
        run = tmp_path / name
        making = (tiny_instrument, "-o", tmp_path / f"{name}-made", "--run", run)
        assert arco("diet", *making, "--weights", "3500", "--steps", "1", *QUICK, *more) == 0
        begun[name] = json.loads((run / "history.json").read_text())[0]["train/loss"]
    assert begun["usual"] != begun["other"]


@pytest.mark.usefixtures("few")
def test_units_are_rewound_and_get_fewer_round_by_round(
    tiny_instrument: Path,
    tiny_networks: tuple[object, TimbreDecoder],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    full = tmp_path / "full"
    early = TimbreDecoder(tiny_networks[1].settings)
    write_run(full, "timbre", early, LoopSettings(1))
    save_checkpoint({"network": early.state_dict()}, full / EARLY)
    run = tmp_path / "run"
    making = (tiny_instrument, "-o", tmp_path / "small", "--run", run, "--weights", "3500")
    rewinding = ("--rewind", full, "--rounds", "2", "--steps", "1", "--learning-rate", "1e-9")
    assert arco("diet", *making, *QUICK, *rewinding) == 0
    (first,) = run.glob("units-*")
    between, last = load_timbre(first), load_timbre(run)
    assert early.settings.hidden > between.settings.hidden > last.settings.hidden
    # Hardly anything was learned: all weights are among the early ones.
    for one, other in ((last, between), (between, early)):
        weights = (n.get_parameter("after.1.0.weight").detach() for n in (one, other))
        mine, theirs = (w.flatten() for w in weights)
        assert torch.isclose(mine[:, None], theirs, rtol=0.0, atol=1e-6).any(dim=1).all()


def test_a_run_of_another_timbre_is_not_rewound_to(
    tiny_instrument: Path,
    tiny_networks: tuple[object, TimbreDecoder],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = TimbreDecoder(replace(tiny_networks[1].settings, hidden=8))
    write_run(tmp_path / "other", "timbre", other, LoopSettings(1))
    rewinding = ("--weights", "3500", "--rewind", tmp_path / "other")
    making = (tiny_instrument, "-o", tmp_path / "small", *rewinding)
    assert arco("diet", *making) == 2
    assert "early.ckpt: no such checkpoint" in capsys.readouterr().err
    save_checkpoint({"network": other.state_dict()}, tmp_path / "other" / EARLY)
    assert arco("diet", *making) == 2
    assert "of other sizes" in capsys.readouterr().err


@pytest.mark.parametrize(("full", "wanted", "rounds"), [(192, 40, 1), (192, 40, 3), (6, 5, 9)])
def test_each_round_leaves_about_as_large_a_share(full: int, wanted: int, rounds: int) -> None:
    falling = [full, *recipe.widths(full, wanted, rounds)]
    assert falling[-1] == wanted
    assert all(before > after for before, after in pairwise(falling))
    if full > 100:
        assert len(falling) == rounds + 1
        shares = [after / before for before, after in pairwise(falling)]
        assert max(shares) - min(shares) < 0.02


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--control", "random", "--rounds", "2"), "no units to --rewind"),
        (("--control", "chance"), "chance"),
        (("--criterion", "chance"), "chance"),
        (("--weights", "100"), "--weights 100: should be at least"),
    ],
)
def test_what_makes_no_diet_is_refused(
    tiny_instrument: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    said: str,
) -> None:
    assert arco("diet", tiny_instrument, "-o", tmp_path / "out", *options) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
