"""`arco train diet` and `curve`, as a person runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from instrument.cli import main
from training.data.features import FeatureCache
from training.diet import recipe

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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--control", "chance"), "chance"),
        (("--criterion", "chance"), "chance"),
        (("--weights", "100"), "--weights 100: should be at least"),
    ],
)
def test_what_makes_no_diet_is_refused(
    tiny_instrument: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, str],
    said: str,
) -> None:
    assert arco("diet", tiny_instrument, "-o", tmp_path / "out", *options) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
