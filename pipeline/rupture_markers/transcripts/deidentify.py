"""The de-identification gate's scan: what in a session may identify a person.

A clean scan is no certificate (docs/privacy.md): it stops what slipped through a de-identification that the lab made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rupture_markers.transcripts.identifiers.contacts import address_hits, contact_hits, place_number_hits
from rupture_markers.transcripts.identifiers.dates import age_hits, date_hits
from rupture_markers.transcripts.identifiers.deny_list import DenyList
from rupture_markers.transcripts.identifiers.finding import Finding, Hit, Kind, merged
from rupture_markers.transcripts.identifiers.names import NameScanner
from rupture_markers.transcripts.identifiers.numbers import code_hits, label_hits, phone_hits, word_code_hits
from rupture_markers.transcripts.identifiers.place_names import PlaceScanner
from rupture_markers.transcripts.identifiers.placeholders import masked
from rupture_markers.transcripts.identifiers.spoken_numbers import numeral_view
from rupture_markers.transcripts.identifiers.word_lists import words
from rupture_markers.transcripts.transcript import Transcript

RULES = 3
"""Version of the rules; part of the key of what was scanned, raised when they change."""

Recogniser = Callable[[str], Iterable[Hit]]
"""A model of named entities, passed in: the hits of one text."""

_SIGNS = str.maketrans("_.-", "   ")
_LABEL_WORD = re.compile(r"[A-Z]?[a-zß-ÿ]{3,}|[A-Z]{4,}")
_LISTED: tuple[tuple[Kind, str], ...] = (("name", "given_names"), ("name", "surnames"))
_OF_LABELS = frozenset({"email", "url", "date", "national_id", "ip", "address", "postcode"})
_FAMILY_NAME = re.compile(r"\b(?:[OD]['’]|Ma?c)[A-Z][a-z]{2,}")
_AGE_COLUMN, _OLD = re.compile(r"(?:^|[\W_])age", re.IGNORECASE), re.compile(r"\s*(?:9\d|1[0-4]\d)(?:\.\d*)?\s*$")
_ZIP_COLUMN, _ZIP = re.compile(r"zip|post(?:al)?[\W_]?code", re.IGNORECASE), re.compile(r"\d{4,5}(?:-\d{4})?")
_LOWER = re.compile(r"(?<![\w'’])[a-z][a-z'’-]+")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Scanner:
    """What texts are scanned with.

    Attributes
    ----------
    deny : DenyList
        The study's own names.
    recogniser : Recogniser or None
        A model of named entities, where one is installed; its hits are added.
    """

    deny: DenyList = field(default_factory=DenyList)
    recogniser: Recogniser | None = None

    def text(self, text: str, lower_words: frozenset[str] = frozenset()) -> tuple[Hit, ...]:
        """Hits of one text, in order.

        Parameters
        ----------
        text : str
        lower_words : frozenset of str
            Words that stand in lower case elsewhere in the same session.
        """
        visible = masked(text)
        return merged(self._hits(visible, NameScanner(lower_words), PlaceScanner(lower_words)))

    def session(self, transcript: Transcript) -> tuple[Finding, ...]:
        """Findings of a session: its turns, and what else of it could be shown."""
        lower = frozenset(word for turn in transcript.turns for word in _LOWER.findall(turn.text))
        names, places = NameScanner(lower), PlaceScanner(lower)
        found = [
            Finding(transcript.session_id, str(turn.index), hit.start, hit.end, hit.kind)
            for turn in transcript.turns
            for hit in merged(self._hits(masked(turn.text), names, places))
        ]
        column_of = {f"groups.{n}": name for n, name in enumerate(sorted(transcript.groups))}
        for where, value in metadata(transcript):
            hits = self.value(value, column_of[where]) if where in column_of else self.label(value)
            found += [Finding(transcript.session_id, where, h.start, h.end, h.kind) for h in hits]
        return tuple(found)

    def value(self, value: str, column: str) -> tuple[Hit, ...]:
        """Hits of what a column of the lab's own says of a session: those of a text, of a label, and by the column's name.

        An age from 90 on is one where the column is of ages ('90+' is a group, and passes), a short number a postcode
        where it is of those.
        """
        hits = [*self._hits(masked(value), NameScanner(), PlaceScanner()), *self.label(value)]
        if _AGE_COLUMN.search(column) and (old := _OLD.match(value)):
            hits.append(Hit(0, old.end(), "age"))
        if _ZIP_COLUMN.search(column):
            hits += [Hit(*found.span(), "postcode") for found in _ZIP.finditer(value)]
        return merged(hits)

    def label(self, value: str) -> tuple[Hit, ...]:
        """Hits of a name of a file, a session or a column, whose words are joined by signs or capitals.

        Runs of digits and codes pass here unless they say what they are: a pseudonym is what such a label is for.
        """
        visible = masked(value)
        spaced = visible.translate(_SIGNS)
        hits = [hit for hit in self._hits(visible, NameScanner(), PlaceScanner()) if hit.kind in _OF_LABELS]
        hits += PlaceScanner().hits(spaced.lower()) if len(spaced.lower()) == len(spaced) else ()
        hits += self.deny.hits(spaced)
        hits += label_hits(visible)
        hits += label_hits(spaced)
        hits += [Hit(*found.span(), "name") for found in _FAMILY_NAME.finditer(visible)]
        for word in _LABEL_WORD.finditer(visible):
            known = next((kind for kind, listed in _LISTED if word.group().casefold() in words(listed)), None)
            capital = self.deny.hits(word.group().title())
            if known is not None:
                hits.append(Hit(*word.span(), known))
            hits += [Hit(word.start() + hit.start, word.start() + hit.end, hit.kind) for hit in capital]
        return merged(hits)

    def _hits(self, visible: str, names: NameScanner, places: PlaceScanner) -> Iterator[Hit]:
        yield from self.deny.hits(visible)
        yield from names.hits(visible)
        yield from places.hits(visible)
        yield from contact_hits(visible)
        yield from word_code_hits(visible)
        view = numeral_view(visible)
        if _DIGIT.search(view.text):
            yield from phone_hits(view)
            yield from code_hits(view)
            yield from place_number_hits(view)
            yield from date_hits(view)
        yield from address_hits(view)
        yield from age_hits(view)
        if self.recogniser is not None:
            yield from self.recogniser(visible)


def metadata(transcript: Transcript) -> list[tuple[str, str]]:
    """What belongs to a session beside its turns, as field and value."""
    fields = [
        ("session_id", transcript.session_id),
        ("case_id", transcript.case_id),
        ("source_name", transcript.source_name.rsplit(".", 1)[0]),
        ("therapist_id", transcript.therapist_id or ""),
        ("medium", transcript.medium),
    ]
    for number, (name, value) in enumerate(sorted(transcript.groups.items())):
        fields += [(f"groups.{number}", value), (f"group_names.{number}", name)]
    return [(where, value) for where, value in fields if value]
