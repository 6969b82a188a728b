"""The spaCy component hears cues on the blank pipeline, and by lemma, tag and dependency where they are given."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc

from rupture_markers.errors import ConfigError
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.markers.cue_component import COMPONENT, RuptureCues, build_pipeline, cue_hits, cues_of, find_cues
from rupture_markers.markers.cues import CueList, load_cues


@pytest.fixture(scope="module")
def shipped() -> Language:
    return build_pipeline("blank")


def cue_list(folder: Path, *cues: str) -> CueList:
    path = folder / "cues.yaml"
    path.write_text('version: "1"\ncues:\n' + "".join(f"  - {{{cue}, why: test}}\n" for cue in cues), encoding="utf-8")
    return load_cues(path, load_codebook())


def heard(pipeline: Language, text: str) -> set[str]:
    (hits,) = find_cues(pipeline, [text])
    return {hit.cue_id for hit in hits}


@pytest.mark.parametrize(
    "text",
    ["If you say so.", "IF YOU SAY SO", "well, if you say so...", "if u say so", "Um, if you say so, doctor"],
)
def test_phrases_are_heard_in_any_case_and_in_chat_spelling(shipped: Language, text: str) -> None:
    assert "w5-if-you-say-so" in heard(shipped, text)


@pytest.mark.parametrize(
    "text", ["I don't know", "I don’t know", "i dont know", "I do not know.", "idk", "- I don't know --"]
)
def test_apostrophes_contractions_and_cut_offs_make_no_difference(shipped: Language, text: str) -> None:
    assert "w2-dont-know" in heard(shipped, text)


def test_offsets_are_those_of_the_text(shipped: Language) -> None:
    text = "--well, if you say so, 😀 fine"
    (hits,) = find_cues(shipped, [text])
    assert {text[h.start : h.end] for h in hits if h.cue_id == "w5-if-you-say-so"} == {"if you say so"}


def test_where_whole_and_most_words_are_kept(tmp_path: Path) -> None:
    pipeline = build_pipeline(
        "blank",
        cue_list(
            tmp_path,
            "id: c2-start, code: C2, phrases: ['red'], where: start",
            "id: c2-end, code: C2, phrases: ['red'], where: end",
            "id: w2-whole, code: W2, phrases: ['red'], whole: true",
            "id: w2-short, code: W2, phrases: ['red'], most_words: 3",
        ),
    )
    long = " ".join(["word"] * 20)
    assert heard(pipeline, "Um, well, red.") == {"c2-start", "c2-end", "w2-whole", "w2-short"}
    assert heard(pipeline, f"red {long}") == {"c2-start"}
    assert heard(pipeline, f"{long} red") == {"c2-end"}
    assert heard(pipeline, "it's red, isn't") == {"c2-start", "c2-end", "w2-short"}
    assert heard(pipeline, f"{long} red {long}") == set()


def test_one_cue_counts_a_stretch_once(tmp_path: Path) -> None:
    pipeline = build_pipeline("blank", cue_list(tmp_path, "id: w5-so, code: W5, phrases: ['I guess', 'I guess so']"))
    (hits,) = find_cues(pipeline, ["I guess so. I guess"])
    assert [(h.start, h.end) for h in hits] == [(0, 10), (12, 19)]


def test_token_patterns_are_tried_only_where_an_anchor_stands_and_match_chat_spelling(tmp_path: Path) -> None:
    cues = cue_list(
        tmp_path, "id: c1-you, code: C1, patterns: [[{LOWER: you}, {OP: '?'}, {LOWER: {IN: [forget, forgot]}}]]"
    )
    pipeline = build_pipeline("blank", cues)
    assert heard(pipeline, "u never forgot") == {"c1-you"}
    assert heard(pipeline, "you never knew") == set()


def test_a_pattern_without_a_word_of_its_own_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="c1-any"):
        build_pipeline("blank", cue_list(tmp_path, "id: c1-any, code: C1, patterns: [[{IS_ALPHA: true}]]"))


def test_a_pattern_that_spacy_does_not_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="c1-bad"):
        build_pipeline("blank", cue_list(tmp_path, "id: c1-bad, code: C1, patterns: [[{LOVER: you}]]"))


LEMMA = "id: w7-fail, code: W7, needs: [lemma], patterns: [[{LOWER: i}, {LEMMA: be}, {LOWER: a}, {LEMMA: failure}]]"
TAG = "id: r5-past, code: R5, needs: [tag], patterns: [[{LOWER: i}, {TAG: VBD}, {LOWER: you}]]"
DEP = (
    "id: c1-neg, code: C1, needs: [lemma, dep],"
    " patterns: [[{LOWER: you, DEP: nsubj}, {LEMMA: do}, {DEP: neg}, {LEMMA: understand}]]"
)


class Annotated:
    """A stand-in for a trained pipeline: a component that says it assigns lemmas, tags and dependencies."""

    def __call__(self, doc: Doc) -> Doc:
        return doc


@Language.factory("annotated_by_hand", assigns=["token.lemma", "token.tag", "token.dep"])
def annotated_by_hand(nlp: Language, name: str) -> Annotated:
    return Annotated()


def by_hand(pipeline: Language, cues: CueList) -> RuptureCues:
    pipeline.add_pipe("annotated_by_hand")
    return RuptureCues(pipeline, cues.cues)


def test_lemma_tag_and_dependency_patterns_are_heard_on_annotated_docs(tmp_path: Path) -> None:
    pipeline = spacy.blank("en")
    cues = cue_list(tmp_path, LEMMA, TAG, DEP)
    component = by_hand(pipeline, cues)
    lemma = Doc(pipeline.vocab, words=["I", "was", "a", "failure"], lemmas=["I", "be", "a", "failure"])
    tag = Doc(pipeline.vocab, words=["I", "hurried", "you"], tags=["PRP", "VBD", "PRP"])
    words = ["You", "did", "n't", "understand"]
    dep = Doc(
        pipeline.vocab, words=words, lemmas=["you", "do", "not", "understand"],
        heads=[3, 3, 3, 3], deps=["nsubj", "aux", "neg", "ROOT"],
    )  # fmt: skip
    found = [{h.cue_id for h in cue_hits(component(doc), cues)} for doc in (lemma, tag, dep)]
    assert found == [{"w7-fail"}, {"r5-past"}, {"c1-neg"}]


def test_patterns_that_need_what_the_pipeline_lacks_are_left_out(tmp_path: Path) -> None:
    pipeline = build_pipeline("blank", cue_list(tmp_path, LEMMA, TAG, DEP))
    assert heard(pipeline, "I was a failure. You didn't understand. I hurried you") == set()


def test_the_shipped_patterns_of_trained_pipelines_are_heard_too() -> None:
    pipeline = spacy.blank("en")
    component = by_hand(pipeline, load_cues(None, load_codebook()))
    doc = Doc(
        pipeline.vocab,
        words=["I", "am", "such", "a", "burden"],
        lemmas=["I", "be", "such", "a", "burden"],
    )
    assert "w7-i-am-noun" in {hit.cue_id for hit in cue_hits(component(doc), component.cues)}


def test_a_pipeline_that_is_not_installed_is_an_error_with_the_command() -> None:
    with pytest.raises(ConfigError, match="python -m spacy download en_none_sm"):
        build_pipeline("en_none_sm")


def test_the_component_can_be_added_by_name_alone() -> None:
    pipeline = spacy.blank("en")
    pipeline.add_pipe(COMPONENT)
    assert len(cues_of(pipeline).cues) > 150


def test_a_pipeline_without_the_component_is_an_error() -> None:
    with pytest.raises(ConfigError, match=COMPONENT):
        cues_of(spacy.blank("en"))


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=80))
def test_any_text_gives_hits_within_it_and_the_same_twice(shipped: Language, text: str) -> None:
    first, second = find_cues(shipped, [text, text])
    assert first == second
    assert all(0 <= hit.start < hit.end <= len(text) for hit in first)
