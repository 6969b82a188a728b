"""What the gate finds, what it passes, and where it says it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_markers.transcripts.deidentify import Scanner
from rupture_markers.transcripts.identifiers.deny_list import deny_list
from rupture_markers.transcripts.identifiers.finding import Hit
from rupture_markers.transcripts.identifiers.spoken_numbers import numeral_view
from rupture_markers.transcripts.transcript import Transcript, Turn

SCANNER = Scanner()


def found(text: str, scanner: Scanner = SCANNER) -> list[tuple[str, str]]:
    return [(hit.kind, text[hit.start : hit.end]) for hit in scanner.text(text)]


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("phone", "It's (555) 010-1234 now.", "(555) 010-1234"),
        ("phone", "ring me on five five five, oh one two, three four five six", "five five five, oh one two, three four five six"),
        ("phone", "07700 900 123, any time", "07700 900 123"),
        ("email", "so I wrote to kestrel@example.com twice", "kestrel@example.com"),
        ("email", "it's blue bird at gmail dot com", "blue bird at gmail dot com"),
        ("url", "on www.example.org/me", "www.example.org/me"),
        ("ip", "from 203.0.113.7 they said", "203.0.113.7"),
        ("national_id", "it's 123-45-6789", "123-45-6789"),
        ("national_id", "my NI number is AB 12 34 56 C", "AB 12 34 56 C"),
        ("record", "MRN 0048213", "0048213"),
        ("account", "4111 1111 1111 1111", "4111 1111 1111 1111"),
        ("vehicle", "he drove AB12 CDE home", "AB12 CDE"),
        ("device", "serial number SN-4821-33X", "SN-4821-33X"),
        ("date", "on the twenty-third of March, nineteen eighty-four", "twenty-third of March, nineteen eighty-four"),
        ("date", "12/03/2019 it was", "12/03/2019"),
        ("age", "she's ninety-three now", "ninety-three"),
        ("address", "at 42 Maple Street", "42 Maple Street"),
        ("postcode", "in SW1A 1AA", "SW1A 1AA"),
        ("place", "We moved to Leicester", "Leicester"),
        ("name", "I told Michelle", "Michelle"),
        ("name", "hi michelle, thanks", "michelle"),
        ("name", "My name is Thandiwe.", "Thandiwe"),
        ("name", "Then Will said no.", "Will"),
        ("name", "Dr. Okonkwo was kind", "Okonkwo"),
    ],
)  # fmt: skip
def test_an_identifier_is_found_as_what_it_is(kind: str, text: str, words: str) -> None:
    assert (kind, words) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "My name is [NAME] and I live in <City>.",
        "I told XXX, and then [PERSON 1] left with PERSON2.",
        "Mr. A and Dr. B came on [DATE], call me at [PHONE NUMBER].",
        "You moved to [name of town] with [client's sister].",
        "On Monday, or last May, I think, at half past ten.",
        "In 2019 it was worse, and in the nineties better.",
        "Will it be better in May? Grace is what I need.",
        "One, two, three, four, five, six, seven, eight, and breathe.",
        "I smoke ten, fifteen, twenty, sometimes thirty a day.",
        "On a scale from one to ten, maybe a seven or an eight.",
        "It cost 1,200,000 dollars, about a hundred percent more.",
        "[unintelligible 00:01:33] and 24/7, fifty-fifty.",
        "'Cause I'm-- I-I-I don't know. (pause) Hang on.",
        "She's a hundred percent right, ninety days in.",
        "I take Prozac, I watch Netflix, I'm Irish, and God knows.",
        "That was the first time, the second, may I say, was worse.",
    ],
)
def test_what_identifies_nobody_passes(text: str) -> None:
    assert found(text) == []


def test_the_studys_names_are_found_in_other_spellings() -> None:
    scanner = Scanner(deny_list(["# clients", "Katherine Fearnley", "", "The Oaks"]))
    for text, words in (
        ("so kathryn said", "kathryn"),
        ("and Katie left", "Katie"),
        ("Ms Fernley rang", "Fernley"),
        ("FEARNLEY's car", "FEARNLEY"),
        ("at the Oaks again", "Oaks"),
        ("Fearnly, was it?", "Fearnly"),
    ):
        assert ("listed", words) in found(text, scanner), text
    assert found("i saw some oaks and a fern", scanner) == []


def test_a_capital_that_the_session_writes_small_too_is_no_name() -> None:
    turns = (Turn(0, "therapist", "I like your Blorps."), Turn(1, "client", "These blorps?"))
    assert SCANNER.session(Transcript("s", "c", turns)) == ()
    assert [f.where for f in SCANNER.session(Transcript("s", "c", turns[:1]))] == ["0"]


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [
        ("age", "93", "age"),
        ("client_age", "101", "age"),
        ("contact", "555-010-7788", "phone"),
        ("chart", "MRN 0048213", "record"),
        ("page", "www.example.org/me", "url"),
        ("therapist", "O'Brien", "name"),
        ("zip", "80331", "postcode"),
        ("seen", "2019-03-02", "date"),
    ],
)
def test_a_groups_value_is_scanned_as_a_text_and_by_its_columns_name(column: str, value: str, kind: str) -> None:
    assert kind in {hit.kind for hit in SCANNER.value(value, column)}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("age", "90+"),
        ("age", "45"),
        ("share", "95"),
        ("arm", "waitlist"),
        ("year", "2019"),
        ("site", "B"),
        ("zip3", "-"),
    ],
)
def test_a_groups_value_that_identifies_nobody_passes(column: str, value: str) -> None:
    assert SCANNER.value(value, column) == ()


@pytest.mark.parametrize(
    ("label", "kinds"),
    [
        ("MRN-4839201", {"record"}),
        ("session-555-010-7788", {"phone"}),
        ("passport_A1234567", {"licence"}),
        ("patient-4839201", set()),
        ("annomi-109546082", set()),
        ("P0412_S03", set()),
        ("model-2024", set()),
    ],
)
def test_a_number_in_a_label_is_a_finding_where_it_says_what_it_is(label: str, kinds: set[str]) -> None:
    assert {hit.kind for hit in SCANNER.label(label)} == kinds


def test_names_of_files_and_columns_are_scanned_too() -> None:
    turns = (Turn(0, "therapist", "Hello."), Turn(1, "client", "Hello."))
    transcript = Transcript(
        "michelle-03", "case-1", turns, source_name="MichelleFerris_2019-03-02.txt",
        therapist_id="th-A", groups={"site": "leicester", "arm": "waitlist", "with_michelle": "yes"},
    )  # fmt: skip
    places = {(f.where, f.kind) for f in SCANNER.session(transcript)}
    assert {
        ("session_id", "name"),
        ("source_name", "name"),
        ("source_name", "date"),
        ("groups.1", "place"),
        ("group_names.2", "name"),
    } <= places
    assert not any(where in {"case_id", "therapist_id", "groups.0", "group_names.0"} for where, _ in places)


def test_pseudonyms_pass() -> None:
    turns = (Turn(0, "therapist", "Hello."), Turn(1, "client", "Hello."))
    for name in ("s01", "invented-000", "P1_T3", "case-85a134ca", "1002345", "rose-02", "client_A"):
        assert SCANNER.session(Transcript(name, name, turns, source_name=f"{name}.txt")) == ()


@given(st.text(st.sampled_from("ab oh five twenty-three,.\U0001f642 [NAME]dash one 5 7 Will"), max_size=60))
def test_offsets_lie_within_the_text_and_apart(text: str) -> None:
    at = 0
    for hit in SCANNER.text(text):
        assert at <= hit.start < hit.end <= len(text)
        at = hit.end


WORDS = st.sampled_from(
    [
        "five",
        "oh",
        "twenty",
        "three",
        "hundred",
        "and",
        "dash",
        "um",
        "double",
        "third",
        "so",
        "a",
        ",",
        "5",
        "\U0001f642",
        "thousand",
    ]
)


@given(st.lists(WORDS, max_size=12).map(" ".join))
def test_a_spoken_number_leads_back_to_its_words(text: str) -> None:
    view = numeral_view(text)
    for i in range(len(view.text)):
        start, end = view.source(i, i + 1)
        assert 0 <= start < end <= len(text)
        if not view.text[i].isdecimal() and view.text[i].isalpha() and not view.text[i - 1].isdecimal():
            assert view.text[i] in text[start:end]


@pytest.mark.parametrize(
    ("spoken", "digits"),
    [
        ("five five five", "5 5 5"), ("twenty-three", "23"), ("two thousand and nineteen", "2019"),
        ("nineteen eighty-four", "19 84"), ("one hundred and three", "103"), ("double seven oh two", "77 02"),
        ("the twenty-first", "the 21st"), ("oh dear, five", "oh dear, 5"), ("a hundred", "100"), ("nineteen oh five", "19 05"),
    ],
)  # fmt: skip
def test_spoken_numbers_read_as_digits(spoken: str, digits: str) -> None:
    assert numeral_view(spoken).text == digits


def test_a_recogniser_that_is_passed_in_adds_to_what_is_found() -> None:
    scanner = Scanner(recogniser=lambda text: [Hit(0, 4, "name")] if text.startswith("mira") else [])
    assert found("mira said so", scanner) == [("name", "mira")]
