"""Settings of all stages as TOML."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import pytest
import typer

from instrument.errors import UsageError
from training.pipeline.settings import (
    Settings,
    merged,
    options_of,
    read_settings,
    usual_settings,
    write_settings,
)


def bake(
    where: Path,
    loaves: Annotated[int, typer.Option(min=1, max=9)] = 2,
    heat: Annotated[float | None, typer.Option(min=0.0, max=300.0)] = None,
    spice: Annotated[list[str] | None, typer.Option()] = None,
    flour: str = "rye",
    crust: bool = True,
    secret: int = 0,
) -> None:
    """A command."""


TABLES = {"bake": options_of(bake, but={"secret"})}


def read(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "run.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path, TABLES)


def test_the_options_of_a_command_are_its_settings_without_its_paths() -> None:
    assert list(TABLES["bake"]) == ["loaves", "heat", "spice", "flour", "crust"]
    assert usual_settings(TABLES) == {"bake": {"loaves": 2, "flour": "rye", "crust": True}}


def test_what_is_read_is_what_is_there(tmp_path: Path) -> None:
    found = read(tmp_path, '[bake]\nloaves = 3\nheat = 220\nspice = "salt"\ncrust = false')
    assert found == {"bake": {"loaves": 3, "heat": 220, "spice": ["salt"], "crust": False}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[bake]\nloafs = 3", "did you mean 'loaves'"),
        ("[bak]\nloaves = 3", "did you mean 'bake'"),
        ("bake = 3", "should be a table"),
        ("[bake]\nloaves = 0", "[bake] loaves 0: should be from 1 to 9"),
        ("[bake]\nloaves = 2.5", "loaves 2.5: should be a whole number"),
        ("[bake]\nloaves = true", "loaves True"),
        ("[bake]\nheat = nan", "heat nan: should be from 0 to 300"),
        ("[bake]\nheat = inf", "heat inf"),
        ("[bake]\nflour = 7", "flour 7: should be a text"),
        ("[bake]\ncrust = 1", "crust 1: should be true or false"),
        ("[bake]\nspice = ['salt', 3]", "spice 3: should be a text"),
        ("[bake", "no settings"),
        ("#" * 2**20 + "\n[bake]\nloaves = 3", "larger than 1 MiB"),
        ("[bake]\nflour = '\udcff'", "no settings"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "run.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match=r"run\.toml") as error:
        read_settings(tmp_path / "run.toml", TABLES)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("path", [Path("missing.toml"), Path()])
def test_a_file_that_isnt_there_is_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no settings"):
        read_settings(tmp_path / path, TABLES)


def test_settings_that_are_written_are_read_again(tmp_path: Path) -> None:
    odd = 'a "b" \\ \x7f é 🎻 = [x]'
    written = {
        "bake": {"loaves": 9, "heat": 1e-9, "spice": ["salt", odd], "flour": odd, "crust": True}
    }
    write_settings(written, tmp_path / "again.toml")
    assert read_settings(tmp_path / "again.toml", TABLES) == written


def test_what_is_no_text_is_written_escaped(tmp_path: Path) -> None:
    write_settings({"bake": {"spice": ["caf\udce9"]}}, tmp_path / "again.toml")
    assert read_settings(tmp_path / "again.toml", TABLES) == {"bake": {"spice": [r"caf\udce9"]}}


def test_later_settings_count_before_earlier_ones() -> None:
    usual = {"bake": {"loaves": 2, "flour": "rye"}}
    assert merged(usual, {"bake": {"loaves": 3}}, {"other": {}}) == {
        "bake": {"loaves": 3, "flour": "rye"},
        "other": {},
    }
    assert usual["bake"]["loaves"] == 2


def test_numbers_without_a_range_have_none() -> None:
    option = options_of(bake)["secret"]
    assert (option.least, option.most) == (-math.inf, math.inf)
