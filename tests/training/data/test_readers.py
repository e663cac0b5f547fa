"""Labels from CSVs, and from names where there is none."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.errors import RecordingError, UnknownName
from tests.training.folders import make
from training.data.labels import RecordingLabel
from training.data.left_out import read_left_out, spans_of, unmatched
from training.data.readers import LAYOUTS, read_labels


def write_csv(folder: Path, text: str, name: str = "notes.csv") -> None:
    (folder / name).write_text(text, encoding="utf-8")


# --- CSV --------------------------------------------------------------------------------------


def test_a_csv_says_everything(tmp_path: Path) -> None:
    make(tmp_path, "b/long.flac", "a.wav")
    write_csv(
        tmp_path,
        "file,instrument,source,midi,dynamic,string,articulation\n"
        "b/long.flac,Violin,mine,69,mezzo-forte,sulA,arco\n"
        "a.wav,violin,mine,55,,G,\n",
    )
    result = read_labels(tmp_path)
    assert result.problems == []
    assert result.labels == [
        RecordingLabel(tmp_path / "a.wav", "a.wav", 55, "", "G", "", "mine", "violin"),
        RecordingLabel(
            tmp_path / "b/long.flac", "b/long.flac", 69, "mf", "A", "arco", "mine", "violin"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "midi"),
    [
        ("file,midi\na.wav,69\n", 69),
        ("file,pitch\na.wav,Bb3\n", 58),
        ("midi,pitch,file\n,A4,a.wav\n", 69),
        ("midi,pitch,file\n70,A4,a.wav\n", 70),
        ("file,midi\na.wav,69.0\n", 69),
        ("\ufeffFile, MIDI\r\na.wav , 69\r\n\r\n", 69),
        ('"file","midi"\n"a.wav","69"', 69),
        ("file,midi,other,string\na.wav,69\n", 69),
        ("file;midi\na.wav;69\n", 69),
        ("\ufefffile;pitch;remark\r\na.wav;A4;softly, near\r\n", 69),
        ("file\tmidi\na.wav\t69\n", 69),
    ],
)
def test_a_csv_needs_a_file_and_a_note_only(tmp_path: Path, text: str, midi: int) -> None:
    make(tmp_path, "a.wav")
    write_csv(tmp_path, text)
    assert read_labels(tmp_path).labels == [RecordingLabel(tmp_path / "a.wav", "a.wav", midi)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "column 'file'"),
        ("name,midi\na.wav,69\n", "column 'file'"),
        ("file,note\na.wav,69\n", "column 'midi'"),
        ('file,midi\n"a.wav,69\n', "cannot be read as CSV"),
    ],
)
def test_an_unusable_csv_is_one_line_that_says_why(tmp_path: Path, text: str, message: str) -> None:
    make(tmp_path, "a.wav")
    write_csv(tmp_path, text)
    with pytest.raises(RecordingError) as caught:
        read_labels(tmp_path, "csv")
    said = str(caught.value)
    assert "notes.csv: " in said
    assert message in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("row", "name", "message"),
    [
        ("a.wav,A4", "a.wav", "midi is 'A4'"),
        ("a.wav,128", "a.wav", "midi is '128'"),
        ("a.wav,-1", "a.wav", "midi is '-1'"),
        ("a.wav,69.5", "a.wav", "midi is '69.5'"),
        ("a.wav", "a.wav", "no pitch"),
        ("a.wav,,H4", "a.wav", "'H4' is not a note name"),
        (",69", "notes.csv", "no file"),
        ("../b.wav,69", "../b.wav", "'../b.wav'"),
        ("/b.wav,69", "/b.wav", "'/b.wav'"),
    ],
)
@pytest.mark.parametrize("layout", ["csv", "auto"])
def test_a_row_that_says_no_note_is_reported_and_others_are_used(
    tmp_path: Path, row: str, name: str, message: str, layout: str
) -> None:
    make(tmp_path, "a.wav", "good.wav")
    write_csv(tmp_path, f"file,midi,pitch\n\n{row}\ngood.wav,69\n")
    result = read_labels(tmp_path, layout)
    assert [label.name for label in result.labels] == ["good.wav"]
    reasons = dict(result.problems)
    assert reasons[name].startswith("notes.csv, line 3: ")
    assert message in reasons[name]


def test_a_csv_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_bytes("file,midi\nflûte.wav,69\n".encode("latin-1"))
    with pytest.raises(RecordingError, match="cannot be read as CSV"):
        read_labels(tmp_path, "csv")
    make(tmp_path, "Vn-ord-A4-ff-2c-N.wav")
    result = read_labels(tmp_path)
    assert [label.midi for label in result.labels] == [69]
    assert [name for name, _ in result.problems] == ["notes.csv"]


@pytest.mark.parametrize("layout", ["csv", "auto"])
def test_a_csv_of_something_else_beside_stops_nothing(tmp_path: Path, layout: str) -> None:
    make(tmp_path, "a.wav", "b.wav", "sub/c.wav")
    write_csv(tmp_path, "file,midi\na.wav,69\n")
    write_csv(tmp_path, "day,rain\n1,2\n", "weather.csv")
    write_csv(tmp_path, "file,size\na.wav,2\n", "sizes.csv")
    (tmp_path / "broken.csv").write_bytes(b"\xff\xfe")
    result = read_labels(tmp_path, layout)
    assert [label.name for label in result.labels] == ["a.wav"]
    assert [name for name, _ in result.problems] == [
        "b.wav",
        "broken.csv",
        "sizes.csv",
        "sub/c.wav",
        "weather.csv",
    ]


def test_files_that_are_missing_or_named_twice_are_reported(tmp_path: Path) -> None:
    make(tmp_path, "a.wav")
    write_csv(tmp_path, "file,midi\na.wav,69\ngone.wav,70\na.wav,71\n")
    result = read_labels(tmp_path)
    assert [(label.name, label.midi) for label in result.labels] == [("a.wav", 69)]
    assert [name for name, _ in result.problems] == ["a.wav", "gone.wav"]
    assert "line 4" in result.problems[0][1]
    assert "line 3" in result.problems[1][1]


@pytest.mark.parametrize(("typed", "called"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_may_be_letters_of_their_own(
    tmp_path: Path, typed: Literal["NFC", "NFD"], called: Literal["NFC", "NFD"]
) -> None:
    """As in names of files that were on a Mac."""
    name = normalize(called, "dóppio/señal.wav")
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).touch()
    write_csv(tmp_path, f"file,midi\n{normalize(typed, name)},69\n")
    found = read_labels(tmp_path)
    assert [(label.name, label.path) for label in found.labels] == [(name, tmp_path / name)]
    assert not found.problems


@pytest.mark.parametrize(("typed", "called"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_may_be_letters_of_their_own_where_recordings_are_left_out(
    tmp_path: Path, typed: Literal["NFC", "NFD"], called: Literal["NFC", "NFD"]
) -> None:
    name = normalize(called, "dóppio/señal.wav")
    (tmp_path / "bad.csv").write_text(
        f"recording,begin_s,end_s\n{normalize(typed, 'señal.wav')},,\n", encoding="utf-8"
    )
    left_out = read_left_out(tmp_path / "bad.csv")
    assert spans_of(name, left_out)
    assert not unmatched([name], left_out)


def test_the_csv_layout_needs_exactly_one_csv(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="found: none"):
        read_labels(tmp_path, "csv")
    write_csv(tmp_path, "file,midi\n", "one.csv")
    write_csv(tmp_path, "file,midi\n", "two.csv")
    with pytest.raises(RecordingError, match=r"found: one\.csv, two\.csv"):
        read_labels(tmp_path, "csv")


@pytest.mark.parametrize("tables", [{"a.csv": "Path,Pitch\n"}, dict.fromkeys("ab", "file,midi\n")])
def test_auto_goes_by_the_names_where_no_csv_is_the_one(
    tmp_path: Path, tables: dict[str, str]
) -> None:
    make(tmp_path, "Vn-ord-A4-ff-2c-N.wav")
    for name, text in tables.items():
        write_csv(tmp_path, text, Path(name).with_suffix(".csv").name)
    result = read_labels(tmp_path)
    assert [label.midi for label in result.labels] == [69]
    assert len(result.problems) == len(tables)
    assert all("not used" in reason for _, reason in result.problems)


@pytest.mark.parametrize("name", ["x" * 300, "a/" * 3000, "a\0b", "gone"])
def test_a_row_may_name_what_no_file_can_be_called(tmp_path: Path, name: str) -> None:
    write_csv(tmp_path, f"file,midi\n{name},69\n")
    result = read_labels(tmp_path, "csv")
    assert result.labels == []
    assert len(result.problems) == 1


@pytest.mark.parametrize("column", ["source", "articulation", "instrument"])
@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("\x1b[2jgone", "\\x1b[2jgone"),
        ('"two\nlines"', "two lines"),
        ("\u202ereversed", "\\u202ereversed"),
        ("a\xa0space", "a space"),
    ],
)
def test_a_label_is_one_line_that_steers_no_terminal(
    tmp_path: Path, column: str, text: str, label: str
) -> None:
    make(tmp_path, "a.wav")
    write_csv(tmp_path, f"file,midi,{column}\na.wav,69,{text}\n")
    (found,) = read_labels(tmp_path, "csv").labels
    assert getattr(found, column) == label


CELLS = st.one_of(
    st.sampled_from(["file", "midi", "pitch", "source", "a.wav", "../a.wav", "/a", "69", "A4"]),
    st.text(max_size=12),
    st.integers().map(str),
)


@pytest.mark.fuzz
@given(rows=st.lists(st.lists(CELLS, max_size=5), max_size=5), noise=st.binary(max_size=20))
def test_a_table_may_be_anything(
    rows: list[list[str]], noise: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    text = "\n".join(["file,midi,source", *(",".join(row) for row in rows)])
    (folder / "notes.csv").write_bytes(text.encode(errors="replace") + noise)
    with contextlib.suppress(RecordingError):
        assert read_labels(folder, "csv").labels == []


def test_a_table_that_is_larger_than_any_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "notes.csv").open("wb") as stream:
        stream.truncate(20 * 2**30)
    with pytest.raises(RecordingError, match="larger than"):
        read_labels(tmp_path, "csv")


# --- Folders and layouts ----------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_folder_that_is_not_there_is_named(tmp_path: Path, layout: str) -> None:
    make(tmp_path, "file.wav")
    for path in (tmp_path / "gone", tmp_path / "file.wav"):
        with pytest.raises(RecordingError, match=path.name):
            read_labels(path, layout)


def test_an_unknown_layout_is_named_with_its_neighbours(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="philharmonia"):
        read_labels(tmp_path, "philharmonic")
