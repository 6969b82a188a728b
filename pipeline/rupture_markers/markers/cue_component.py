"""The spaCy component ``rupture_cues``: all cues compiled into one pass over a turn.

Phrases cost next to nothing (PhraseMatcher); token patterns are dear (a Matcher of 200 patterns is ten times
slower than the tokeniser), so a pattern is tried only on turns that hold one of its anchor words.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import spacy
from spacy.language import Language
from spacy.matcher import Matcher, PhraseMatcher
from spacy.tokens import Doc, Span, Token

from rupture_markers.errors import ConfigError
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.markers.cue_patterns import anchor_of, by_norm
from rupture_markers.markers.cues import START_WORDS, Cue, CueHit, CueList, Need, load_cues
from rupture_markers.markers.phrases import teach_spellings, without_loose_hyphens
from rupture_markers.markers.word_counts import FILLERS

COMPONENT = "rupture_cues"
SPANS = "cues"
_PASSED_OVER = frozenset((*FILLERS, "well", "oh", "hmm", "mm", "just", "like", "really", "honestly"))
_ANNOTATION: dict[Need, str] = {"lemma": "LEMMA", "tag": "TAG", "dep": "DEP"}
_TEXT = "text"


class RuptureCues:
    """Callable component; hits go to ``doc.spans["cues"]``, each span labelled with its cue's id.

    Conditions on the turn itself (``where``, ``whole``, ``most_words``) are kept here; those on the dialogue
    (speaker, the turn before, events) need the session and are kept by `cue_context.cues_in_session`.

    Parameters
    ----------
    pipeline : Language
        Its tokeniser reads the phrases.
    cues : iterable of Cue
    version, sha256 : str
        Of the cue list.
    """

    def __init__(self, pipeline: Language, cues: Iterable[Cue], version: str = "", sha256: str = "") -> None:
        self.hear(pipeline, CueList(tuple(cues), version, sha256))

    def hear(self, pipeline: Language, cues: CueList) -> None:
        """Compile these cues in place of those heard so far."""
        self.cues = cues
        self._phrases = PhraseMatcher(pipeline.vocab, attr="NORM")
        self._patterns: dict[int, tuple[Cue, Matcher]] = {}
        self._unanchored: list[tuple[Cue, Matcher]] = []
        self._by_key: dict[int, Cue] = {}
        self._limits = {
            pipeline.vocab.strings.add(cue.id): cue.most_words for cue in cues.cues if cue.most_words is not None
        }
        given = _annotations(pipeline)
        for cue in self.cues.cues:
            if cue.phrases:
                key = pipeline.vocab.strings.add(cue.id)
                self._by_key[key] = cue
                self._phrases.add(cue.id, [pipeline.make_doc(phrase) for phrase in cue.phrases])
            if cue.patterns and given.issuperset(cue.needs):
                self._add_patterns(pipeline, cue)

    def _add_patterns(self, pipeline: Language, cue: Cue) -> None:
        matcher = Matcher(pipeline.vocab, validate=False)
        try:
            Matcher(pipeline.vocab, validate=True).add(cue.id, [list(pattern) for pattern in cue.patterns])
            matcher.add(cue.id, [list(by_norm(pattern)) for pattern in cue.patterns])
        except ValueError:
            raise ConfigError(
                f"cue {cue.id}: one of its patterns is none that spaCy's Matcher takes.",
                "Check the names of its keys (docs/cues.md).",
            ) from None
        anchors = [anchor_of(pattern) for pattern in cue.patterns]
        if not all(anchors):
            if not cue.needs:
                raise ConfigError(
                    f"cue {cue.id}: a pattern has no token that must be one of a list of words.",
                    "Give one token LOWER, or LOWER: {IN: [...]}: to try it on every turn is slow.",
                )
            self._unanchored.append((cue, matcher))
            return
        name = f"anchor of {cue.id}"
        self._patterns[pipeline.vocab.strings.add(name)] = (cue, matcher)
        self._phrases.add(name, [pipeline.make_doc(word) for words in anchors for word in sorted(words)])

    def __call__(self, doc: Doc) -> Doc:
        """Find the cues of one turn."""
        found: dict[tuple[str, int, int], Cue] = {}
        tried: set[int] = set()
        for key, start, end in self._phrases(doc):
            cue = self._by_key.get(key)
            if cue is not None:
                found[cue.id, start, end] = cue
            elif key not in tried:
                tried.add(key)
                self._try(doc, *self._patterns[key], found)
        for cue, matcher in self._unanchored:
            self._try(doc, cue, matcher, found)
        if found:
            size = len(doc)
            core = _core(doc) if any(cue.whole for cue in found.values()) else (0, size)
            kept = [
                Span(doc, start, end, label=cue.id)
                for (_, start, end), cue in found.items()
                if _fits(size, core, start, end, cue)
            ]
            if kept:
                doc.spans[SPANS] = _outermost(self._short_enough(doc, kept))
        return doc

    def _short_enough(self, doc: Doc, spans: list[Span]) -> list[Span]:
        """Leave out the cues that hold only in shorter turns; the words are counted only where that is asked."""
        # A turn of so many tokens has more words than the cue allows (a word is one token, or two and a mark).
        spans = [span for span in spans if len(doc) <= 3 * self._limits.get(span.label, len(doc)) + 3]
        limits = [self._limits.get(span.label) for span in spans]
        if all(limit is None or len(doc) <= limit for limit in limits):
            return spans
        words = _words(doc)
        return [span for span, limit in zip(spans, limits, strict=True) if limit is None or words <= limit]

    @staticmethod
    def _try(doc: Doc, cue: Cue, matcher: Matcher, found: dict[tuple[str, int, int], Cue]) -> None:
        # A component may leave a doc without annotation (an empty one); spaCy's Matcher would raise.
        if not all(doc.has_annotation(_ANNOTATION[need]) for need in cue.needs):
            return
        for _, start, end in matcher(doc):
            found[cue.id, start, end] = cue


def _outermost(spans: list[Span]) -> list[Span]:
    """One cue counts a stretch once: its shorter hits inside a longer one fall away."""
    spans.sort(key=lambda span: (span.start, -span.end, span.label_))
    kept: list[Span] = []
    reach: dict[int, int] = {}
    for span in spans:
        if span.end > reach.get(span.label, -1):
            kept.append(span)
            reach[span.label] = span.end
    return kept


def _fits(size: int, core: tuple[int, int], start: int, end: int, cue: Cue) -> bool:
    if cue.where == "start" and start >= START_WORDS:
        return False
    if cue.where == "end" and size - end >= START_WORDS:
        return False
    return not cue.whole or (start <= core[0] and end >= core[1])


def _core(doc: Doc) -> tuple[int, int]:
    """Half-open range of tokens from the first to the last one that is not 'um', 'well', a comma ..."""
    first, past = 0, len(doc)
    while first < past and _is_aside(doc[first]):
        first += 1
    while past > first and _is_aside(doc[past - 1]):
        past -= 1
    return first, past


def _is_aside(token: Token) -> bool:
    return bool(token.is_punct or token.is_space or token.norm_ in _PASSED_OVER)


def _words(doc: Doc) -> int:
    # Not tokens: "don't" is two tokens and one word.
    # The text as it was given, where it is at hand: to put it together again from the tokens is slow.
    text = doc.user_data.get(_TEXT) or doc.text
    return sum(any(character.isalnum() for character in word) for word in text.split())


def _annotations(pipeline: Language) -> frozenset[Need]:
    """Which of lemma, tag and dep the pipeline's components assign."""
    assigned = {name for pipe in pipeline.pipe_names for name in pipeline.get_pipe_meta(pipe).assigns}
    given: set[Need] = set()
    for need in _ANNOTATION:
        if f"token.{need}" in assigned:
            given.add(need)
    return frozenset(given)


@Language.factory(COMPONENT, default_config={"cues": None, "version": "", "sha256": ""}, assigns=["doc.spans"])
def _make(
    nlp: Language,
    name: str,  # noqa: ARG001 -- spaCy passes it by name
    cues: list[dict[str, Any]] | None,
    version: str,
    sha256: str,
) -> RuptureCues:
    if cues is None:
        shipped = load_cues(None, load_codebook())
        return RuptureCues(nlp, shipped.cues, shipped.version, shipped.sha256)
    return RuptureCues(nlp, map(_cue_from_row, cues), version, sha256)


def _cue_from_row(row: Mapping[str, Any]) -> Cue:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    values["patterns"] = tuple(tuple(pattern) for pattern in row["patterns"])
    return Cue(**values)


def build_pipeline(spacy_model: str = "blank", cues: CueList | None = None) -> Language:
    """Make the pipeline that hears the cues.

    Parameters
    ----------
    spacy_model : str
        ``blank`` for the tokeniser alone, or the name of an installed pipeline such as ``en_core_web_sm``.
    cues : CueList, optional
        None for the shipped cues.

    Raises
    ------
    ConfigError
        If that pipeline is not installed, with the command that installs it.
    """
    if spacy_model == "blank":
        pipeline = spacy.blank("en")
    elif importlib.util.find_spec(spacy_model) is None:
        raise ConfigError(
            f"the spaCy pipeline '{spacy_model}' is not installed.",
            f"Install it with 'python -m spacy download {spacy_model}', or set 'spacy_model: blank'.",
        )
    else:
        pipeline = spacy.load(spacy_model, exclude=["ner"])
    teach_spellings(pipeline)
    if cues is None:
        cues = load_cues(None, load_codebook())
    # Not through spaCy's config: it would copy and check tens of thousands of phrases one by one.
    pipeline.add_pipe(COMPONENT, config={"cues": []})
    _component(pipeline).hear(pipeline, cues)
    return pipeline


def cues_of(pipeline: Language) -> CueList:
    """Return the cues that a pipeline made by `build_pipeline` hears."""
    return _component(pipeline).cues


def _component(pipeline: Language) -> RuptureCues:
    component = pipeline.get_pipe(COMPONENT) if pipeline.has_pipe(COMPONENT) else None
    if not isinstance(component, RuptureCues):
        raise ConfigError(f"the pipeline has no component '{COMPONENT}'.", "Make it with build_pipeline().")
    return component


def cue_hits(doc: Doc, cues: CueList) -> tuple[CueHit, ...]:
    """Read the hits off a doc that went through the component."""
    if SPANS not in doc.spans:
        return ()
    by_id = cues.by_id
    return tuple(
        CueHit(span.label_, by_id[span.label_].code, span.start_char, span.end_char) for span in doc.spans[SPANS]
    )


def turn_docs(pipeline: Language, texts: Iterable[str]) -> Iterator[Doc]:
    """Send the speaker's words of turns through the pipeline; loose hyphens of cut-offs are blanked."""
    return pipeline.pipe((_doc(pipeline, without_loose_hyphens(text)) for text in texts), batch_size=256)


def _doc(pipeline: Language, text: str) -> Doc:
    doc = pipeline.make_doc(text)
    doc.user_data[_TEXT] = text
    return doc


def find_cues(pipeline: Language, texts: Iterable[str]) -> Iterator[tuple[CueHit, ...]]:
    """Find the cues in texts that stand alone, one tuple a text; conditions on the dialogue are not asked."""
    cues = cues_of(pipeline)
    for doc in turn_docs(pipeline, texts):
        yield cue_hits(doc, cues)
