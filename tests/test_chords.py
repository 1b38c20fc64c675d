import pytest

from lyricgen.music.chords import QUALITIES, Chord


def test_names_are_spelled_in_the_key():
    assert [Chord(root).name() for root in (0, 5, 7, 10)] == ["C", "F", "G", "Bb"]
    assert Chord(9, "minor").name() == "Am"
    assert Chord(7, "dominant seventh").name() == "G7"
    # the same black key: the third of D major, and the fourth of Db major
    assert Chord(6).name(2) == "F#" and Chord(6).name(-5) == "Gb"


@pytest.mark.parametrize("sharps", range(-6, 6))
def test_the_degrees_of_a_key_have_seven_letters(sharps):
    tonic = 7 * sharps % 12
    names = [Chord((tonic + step) % 12).name(sharps) for step in (0, 2, 4, 5, 7, 9, 11)]
    assert len({name[0] for name in names}) == 7


def test_a_chord_is_a_root_and_its_thirds():
    assert Chord(9, "minor").pitch_classes == (9, 0, 4)
    assert Chord(7, "dominant seventh").pitch_classes == (7, 11, 2, 5)
    assert all(Chord(3, quality).pitch_classes[0] == 3 for quality in QUALITIES)
    for root, quality in ((12, "major"), (0, "sweet")):
        with pytest.raises(ValueError, match="There is no chord"):
            Chord(root, quality)
