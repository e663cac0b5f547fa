"""One violin: of the keys that are down, which sound when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.engine.violin import QUICKEST_ROLL_SECONDS, ROLL_VARIES, SLOWEST_ROLL_SECONDS
from instrument.midi.events import ControlChange, Event, NoteOff, NoteOn
from tests.instrument.engine.violinist import Violinist, down, pedal, up

# --- Double stops --------------------------------------------------------------------------------


def test_keys_that_go_down_together_are_a_double_stop() -> None:
    player = Violinist().play(*down(0, 62, 71), *up(500, 62, 71))
    assert player.heard == [(0, [62, 71]), (500, [71]), (500, [])]


def test_the_first_key_sounds_at_once_and_the_second_beside_it() -> None:
    player = Violinist().play(*down(0, 71), *down(12, 62))
    assert player.heard == [(0, [71]), (12, [62, 71])]


def test_a_key_that_comes_later_is_slurred() -> None:
    player = Violinist().play(*down(0, 71), *down(200, 73), *up(260, 71))
    assert player.heard == [(0, [71]), (200, [73])]
    assert player.joined == [(200, 71, 73)]


def test_when_it_comes_up_the_line_goes_back() -> None:
    player = Violinist().play(*down(0, 71), *down(200, 73), *up(300, 73), *up(400, 71))
    assert player.heard == [(0, [71]), (200, [73]), (300, [71]), (400, [])]


def test_over_more_than_an_octave_a_later_key_sounds_beside_the_first() -> None:
    player = Violinist().play(*down(0, 55), *down(200, 71))
    assert player.heard == [(0, [55]), (200, [55, 71])]


def test_a_slur_in_one_string_leaves_the_other() -> None:
    player = Violinist().play(*down(0, 62, 71), *down(300, 73), *up(350, 71), *down(600, 74))
    assert [keys for _, keys in player.heard] == [[62, 71], [62, 73], [62, 74]]
    assert player.joined == [(300, 71, 73), (600, 73, 74)]


def test_a_double_stop_is_slurred_into_the_next() -> None:
    player = Violinist().play(*down(0, 64, 73), *down(300, 66), *down(308, 74), *up(350, 64, 73))
    assert player.joined == [(300, 64, 66), (308, 73, 74)]
    assert player.held() == [66, 74]


def test_each_finger_of_a_double_stop_goes_on_along_its_string() -> None:
    player = Violinist().play(*down(0, 60, 64), *down(300, 63, 67))
    assert player.joined == [(300, 60, 63), (300, 64, 67)]


def test_double_stops_a_moment_apart_change_the_bow_where_they_stay_on_their_strings() -> None:
    player = Violinist().play(*down(0, 57, 64), *up(300, 57, 64), *down(340, 57, 65))
    assert player.joined == [(340, 57, 57), (340, 64, 65)]
    player.play(*up(600, 57, 65), *down(640, 74, 81))
    assert player.joined[2:] == []
    assert player.held() == [74, 81]


def test_a_second_key_of_a_chord_takes_no_voice_from_the_first() -> None:
    player = Violinist().play(*down(0, 71), *down(300, 66), *down(310, 69))
    assert player.joined == [(300, 71, 66)]
    assert player.held() == [66, 69]


def test_music_in_two_voices_stays_so_while_a_key_is_held() -> None:
    """A melody over a pedal, with rests between its notes."""
    player = Violinist().play(*down(0, 62, 69), *up(300, 69), *down(500, 71), *up(700, 71))
    player.play(*down(730, 73), *up(900, 73), *up(950, 62))
    assert [keys for _, keys in player.heard] == [
        *([62, 69], [62], [62, 71], [62], [62, 73], [62], [])
    ]
    assert player.joined == [(730, 71, 73)]  # soon enough for the bow to change


def test_a_key_that_no_hand_reaches_beside_the_others_takes_over_the_nearest() -> None:
    player = Violinist().play(*down(0, 55, 62), *down(300, 90))
    assert player.joined == [(300, 62, 90)]
    assert player.held() == [90]


def test_a_line_goes_back_to_no_key_that_the_other_string_prevents() -> None:
    keys = (69, 57, 71, 74, 70, 72)
    line = [event for i, key in enumerate(keys) for event in down(100 + 100 * i, key)]
    player = Violinist().play(*down(0, 59, 66), *line)
    assert player.held() == [72, 74]
    player.play(*up(800, 71), *up(900, 74))  # 57 is down still
    assert player.held() == [72]


def test_a_key_that_is_struck_again_has_a_new_bow_in_its_voice() -> None:
    player = Violinist().play(*down(0, 62, 71), *down(300, 71))
    assert player.joined == [(300, 71, 71)]
    assert player.held() == [62, 71]


# --- Chords --------------------------------------------------------------------------------------


def test_a_chord_is_rolled_from_its_lower_strings_to_its_upper_ones() -> None:
    player = Violinist().play(*down(0, 55, 62, 71, 79), *up(800, 55, 62, 71, 79))
    assert [keys for _, keys in player.heard[:2]] == [[55, 62], [71, 79]]
    assert 60 <= player.heard[1][0] <= 120
    assert player.held() == []


def test_of_three_keys_the_middle_one_goes_on() -> None:
    player = Violinist().play(*down(0, 62, 69, 77))
    player.until(1000)
    assert [keys for _, keys in player.heard] == [[62, 69], [69, 77]]
    assert player.joined == []


@pytest.mark.parametrize("order", [(55, 62, 71, 79), (79, 71, 62, 55), (71, 55, 79, 62)])
def test_its_keys_needn_t_come_at_one_moment(order: tuple[int, ...]) -> None:
    keys = [event for place, key in enumerate(order) for event in down(8 * place, key)]
    player = Violinist().play(*keys)
    player.until(24)
    assert player.heard[0] == (0, [order[0]])
    player.until(25)
    assert player.held() == [55, 62]
    player.until(1000)
    assert player.held() == [71, 79]
    assert player.voices.notes == 4


def test_what_strings_can_t_hold_is_left_out_and_counted() -> None:
    player = Violinist().play(*down(0, 55, 62, 67, 71, 79))
    player.until(1000)
    assert player.held() == [71, 79]
    assert player.voices.dropped == 1


def test_a_short_chord_is_whole() -> None:
    player = Violinist().play(*down(0, 55, 62, 71, 79), *up(40, 55, 62, 71, 79))
    player.until(1000)
    assert [keys for _, keys in player.heard] == [[55, 62], [62], [], [71, 79], []]
    began, ended = player.heard[3][0], player.heard[4][0]
    assert ended - began == 50


def test_a_key_after_a_chord_waits_for_no_roll() -> None:
    player = Violinist().play(*down(0, 55, 62, 71, 79), *down(50, 81))
    assert player.heard[-1][0] == 50
    assert 81 in player.held()


def test_how_quickly_it_is_rolled_is_chance_and_louder_is_quicker() -> None:
    def roll(velocity: int, seed: int) -> int:
        player = Violinist(seed).play(*down(0, 55, 62, 71, 79, velocity=velocity))
        player.until(1000)
        return player.heard[1][0]

    soft, loud = ([roll(velocity, seed) for seed in range(40)] for velocity in (1, 127))
    assert roll(64, 3) == roll(64, 3)
    assert len(set(soft)) > 5
    for rolls, seconds in ((soft, SLOWEST_ROLL_SECONDS), (loud, QUICKEST_ROLL_SECONDS)):
        assert min(rolls) >= 1000 * seconds * (1 - ROLL_VARIES) - 1
        assert max(rolls) <= 1000 * seconds * (1 + ROLL_VARIES) + 1


# --- Pedals, channels, scores --------------------------------------------------------------------


def test_the_pedal_keeps_a_double_stop_and_the_next_key_goes_on_from_it() -> None:
    player = Violinist().play(pedal(0, 127), *down(10, 62, 71), *up(200, 62, 71))
    assert player.held() == [62, 71]
    player.play(*down(400, 73), *up(500, 73))
    assert player.held() == [62, 73]
    player.play(pedal(600, 0))
    assert player.held() == []


def test_the_pedal_keeps_the_note_that_a_line_can_t_go_back_from() -> None:
    """Of 62 and 55, 62 comes up, and 50 is still down but no string's beside 55."""
    player = Violinist().play(*down(0, 50), pedal(40, 127), *down(40, 62), *down(40, 55))
    player.play(*up(200, 62))
    assert player.held() == [55, 62]


def test_what_no_finger_holds_is_left_first() -> None:
    player = Violinist().play(pedal(0, 127), *down(10, 62, 71), *up(200, 62), *down(400, 66))
    assert player.held() == [66, 71]


def test_each_channel_is_a_violin() -> None:
    player = Violinist().play(*down(0, 55, 62), *down(0, 69, 76, channel=1))
    assert player.held() == [55, 62, 69, 76]


def test_an_mpe_zone_is_one_violin() -> None:
    zone: list[tuple[int, Event]] = [
        (0, ControlChange(0, number, value)) for number, value in ((101, 0), (100, 6), (6, 15))
    ]
    player = Violinist().play(*zone, *down(0, 71, channel=1), *down(300, 73, channel=2))
    assert player.held() == [73]
    player.play(*up(350, 71, channel=1), *up(400, 73, channel=2))
    assert player.held() == []


def test_a_mono_channel_is_left_to_itself() -> None:
    player = Violinist()
    player.state.change(ControlChange(0, 126, 1))
    steps = [*player.violins.arrive([NoteOn(0, 62, 80), NoteOn(0, 71, 80)], 0)]
    assert [step.place for step in steps] == [None, None]  # type: ignore[union-attr]


def test_notes_that_a_score_holds_at_once_sound_at_once() -> None:
    notes = [(0, NoteOn(0, 62, 80, note=0)), (300, NoteOn(0, 69, 80, note=1))]
    player = Violinist().play(*notes)
    assert player.held() == [62, 69]
    player.play((500, NoteOn(0, 71, 80, note=2, after=1)))
    assert player.held() == [62, 71]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("later", [0, 20])
@pytest.mark.parametrize("others", [(), (62,), (55, 62, 71)])
def test_two_parts_of_one_key_sound_as_long_as_the_longer(
    first: int, others: tuple[int, ...], later: int
) -> None:
    both = [NoteOn(0, 79, 80, note=part, seconds=(2.0, 0.5)[part]) for part in (first, 1 - first)]
    player = Violinist().play((0, both[0]), *down(0, *others), (later, both[1]))
    player.play((500, NoteOff(0, 79, note=1)))
    player.until(1000)
    assert 79 in player.held()
    assert player.voices.notes + player.voices.dropped == 2 + len(others)
    player.play((2000, NoteOff(0, 79, note=0)))
    player.until(2500)
    assert 79 not in player.held()


def test_all_notes_off_ends_what_is_still_to_come() -> None:
    player = Violinist().play(*down(0, 55, 62, 71, 79), (20, ControlChange(0, 123, 0)))
    player.until(1000)
    assert player.held() == []


# --- Any playing ---------------------------------------------------------------------------------

KEYS = st.integers(50, 90)
STEP = st.one_of(
    st.tuples(st.just("chord"), st.lists(KEYS, min_size=1, max_size=5, unique=True)),
    st.tuples(st.just("down"), KEYS),
    st.tuples(st.just("up"), KEYS),
    st.tuples(st.just("pedal"), st.booleans()),
)


@given(st.lists(st.tuples(st.sampled_from([0, 3, 12, 40, 90, 300]), STEP), max_size=40))
def test_whatever_is_played_two_voices_are_held_at_most_and_none_in_the_end(
    music: list[tuple[int, tuple[str, object]]],
) -> None:
    player, ms, pressed = Violinist(), 0, set[int]()
    for wait, (kind, what) in music:
        ms += wait
        events: list[tuple[int, Event]] = []
        match kind, what:
            case "chord", list(keys):
                events = down(ms, *(key for key in keys if key not in pressed))
                pressed |= set(keys)
            case "down", int(key) if key not in pressed:
                events, pressed = down(ms, key), pressed | {key}
            case "up", int(key) if key in pressed:
                events, pressed = up(ms, key), pressed - {key}
            case "pedal", bool(is_down):
                events = [pedal(ms, 127 * is_down)]
        player.play(*events)
        held = player.held()
        assert len(held) <= 2
        assert player.violins._strings.together(held) or not held
    player.play(*((ms + 1, NoteOff(0, key)) for key in sorted(pressed)), pedal(ms + 1, 0))
    player.until(ms + 10_000)
    assert player.held() == []
