from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rupture_markers.errors import ModelError
from rupture_markers.learning.dataset import CodedSet
from rupture_markers.learning.language import english_share, sounds_like
from rupture_markers.learning.novelty import fit_novelty
from rupture_markers.learning.registry import LoadedModel
from rupture_markers.learning.scoring import score_transcript
from rupture_markers.transcripts.transcript import Transcript, Turn

GERMAN = (
    "Guten Tag, wie geht es Ihnen heute, und was hat Sie zu mir gebracht?",
    "Ich weiß nicht so recht, meine Frau hat gesagt, dass ich kommen soll, und jetzt sitze ich eben hier.",
    "Das klingt so, als ob es nicht ganz Ihre eigene Entscheidung gewesen ist. Wie ist das für Sie?",
    "Na ja, es geht schon. Man macht halt, was einem gesagt wird, und danach hat man wieder seine Ruhe.",
)


def session(*texts: str) -> Transcript:
    turns = tuple(Turn(n, "client" if n % 2 else "therapist", text) for n, text in enumerate(texts))
    return Transcript("s", "c", turns)


def test_german_that_is_said_to_be_english_is_refused_unless_forced(tiny_model: tuple[Path, LoadedModel]) -> None:
    _, loaded = tiny_model
    with pytest.raises(ModelError, match="few of its words") as caught:
        score_transcript(loaded, session(*GERMAN))
    assert "Guten" not in str(caught.value)
    assert score_transcript(loaded, session(*GERMAN), force=True).rows


def test_every_sample_session_is_told_to_be_english(sample_coded: CodedSet) -> None:
    assert all(sounds_like("en", transcript) for transcript in sample_coded.transcripts)
    assert min(english_share(transcript) or 1.0 for transcript in sample_coded.transcripts) > 0.4


def test_a_few_words_tell_no_language(tiny_model: tuple[Path, LoadedModel]) -> None:
    assert english_share(session("Hallo.", "Guten Tag.")) is None
    assert score_transcript(tiny_model[1], session("Hallo.", "Guten Tag.")).rows


def test_a_session_far_from_the_others_has_the_highest_novelty() -> None:
    random = np.random.default_rng(3)
    seen = random.normal(size=(60, 8))
    found = fit_novelty(seen)
    held_out = random.normal(size=(40, 8))
    far = np.full((1, 8), 6.0)
    assert found.distances(far)[0] > found.distances(held_out).max()
    assert 0.5 < np.median(found.distances(held_out)) < 2.0


def test_too_few_sessions_give_no_novelty() -> None:
    assert fit_novelty(np.ones((3, 4))).distances(np.zeros((2, 4))).tolist() == [0.0, 0.0]


def test_nonsense_is_more_novel_to_the_shipped_model_than_any_sample_session(sample_coded: CodedSet) -> None:
    from rupture_markers.learning.registry import load_model
    from rupture_markers.learning.scoring import is_novel

    loaded = load_model("baseline")
    usual = [score_transcript(loaded, transcript) for transcript in sample_coded.transcripts[:6]]
    first = sample_coded.transcripts[0]
    strange = replace(
        first,
        turns=tuple(
            replace(t, text="the zorvex and quimble of blorptang is frandled " * 3, events=()) for t in first.turns
        ),
    )
    odd = score_transcript(loaded, strange)
    assert is_novel(loaded, odd)
    assert (odd.novelty or 0.0) > max(s.novelty or 0.0 for s in usual)
