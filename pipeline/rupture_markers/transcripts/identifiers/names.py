"""Names of people: by a list of given names and surnames, and by the places where a name stands.

Without a model. A word of the lists that is no other word ('Michelle') is a name wherever it has a capital; one that is
('Will', 'May') only where a name stands: after 'my name is', 'Hi', 'my brother', before 'said', within a sentence. An
unknown word with a capital within a sentence is a name unless it stands in lower case somewhere in the session too, or
is known to identify nobody (days, languages, brands, drugs).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rupture_markers.transcripts.identifiers.finding import Hit
from rupture_markers.transcripts.identifiers.spoken_numbers import numeral_view
from rupture_markers.transcripts.identifiers.word_lists import words

_TOKEN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_N = r"([^\W\d_][\w'’-]{1,30})"
_TITLE = re.compile(
    rf"\b((?:Dr|Mr|Mrs|Ms|Miss|Mx|Prof|Professor|Doctor|Father|Sister|Brother|Nurse|Sergeant|Judge|Officer|Pastor|Rabbi|Imam|Aunt|Auntie|Aunty|Uncle|Coach|Captain|Reverend|Rev|Detective|Inspector|Constable|Sir|Lady|Lord)\.? )((?:[A-Z]\. )?{_N})"
)
_LOW_TITLE = re.compile(rf"\b((?:dr|mr|mrs|ms|prof|professor|doctor|auntie|uncle|nurse)\.? ){_N}")
_SELF = re.compile(
    rf"\b(?:my|his|her|their|the|your|first|last|middle|maiden) (?:\w+['’]s )?name(?:['’]s| is| was|, it['’]s| would be),? (?:\w+,? um,? |um,? |like )?{_N}",
    re.IGNORECASE,
)
_CALLED = re.compile(
    rf"\b(?:called|named|nicknamed|call(?:s|ed|ing)? (?:me|him|her)|goes by|go by|known as|name of|introduced? (?:me|you|him|her) to|signed|this is|speaking (?:to|with)) {_N}",
    re.IGNORECASE,
)
_GREETING = re.compile(
    rf"\b(?:hi|hiya|hello|hey|dear|thanks|thank you|thank you so much|bye|goodbye|welcome|good (?:morning|afternoon|evening)|sorry|please|okay|well|so|right|and i said|love you|listen|look|come on|no|yes|yeah),? {_N}(?=[,.!?;:—–-]|$| (?:and|how|thanks|i|it|my|welcome|good|nice|come|thank))",
    re.IGNORECASE,
)
_LOW_GREETING = re.compile(r"\b(?:hi|hiya|hello|hey|dear|name is|name['’]s) ([a-z]{2,20})(?=[,.!?]|$)")
_KIN = (
    r"(?:brother|sister|wife|husband|daughter|son|boss|friend|mate|cousin|boyfriend|girlfriend|partner|ex|ex-wife|ex-husband|fiancé|fiancée|fiance|fiancee"
    r"|uncle|aunt|auntie|nephew|niece|grandson|granddaughter|manager|supervisor|colleague|neighbou?r|teacher|doctor|therapist|counsell?or|stepdad|stepmum|stepmom"
    r"|roommate|flatmate|buddy|kid|baby|boy|girl|dog|guy|man|woman|lady|nurse|sponsor|twins?|kids|boys|girls|sons|daughters|brothers|sisters|friends|children|mother|father|mum|mom|dad)"
)
_AFTER_KIN = re.compile(rf"\b{_KIN},? {_N}", re.IGNORECASE)
_SPELLED = re.compile(
    r"\bspel(?:l|t|led)\b[^.!?\n]{0,20}?(?<!\w)((?:[A-Za-z][ .,-]{1,2}){2,15}[A-Za-z])(?!\w)", re.IGNORECASE
)
"""'It is spelled S I O B H A N'."""
_IS_SPELLED = re.compile(rf"\b{_N} is how (?:you|I|he|she|they|we) (?:spell|say|pronounce|write)")
_CELTIC = re.compile(r"\b(?:O['’]|M[ac]{1,2}|Fitz)[A-Z][a-z]{2,20}\b(?!['’]s\b)")
_SAYS = re.compile(
    r" (?:said|says|told|tells|thinks|wants|wanted|asked|came|left|went|knows|knew|texted|hates|loves|cried|shouted|promised|and I|and me)\b"
)
_IS = re.compile(r" (?:is|was|has|had|did|does|just|never|always)\b")
_ABSTRACT = frozenset(
    {"grace", "hope", "joy", "faith", "charity", "patience", "mercy", "will", "art", "glory", "honor"}
)
_CLIPPED = frozenset({"kay", "cause", "til", "em"})
_TRADES = frozenset({"smith", "miller", "carpenter", "fletcher", "finch", "lynch", "wright", "brooks", "foley"})
_TO_A_PERSON = re.compile(r"\b(?:with|told|tell|ask|asked|met|poor|little) $", re.IGNORECASE)
_BEGINS = re.compile(r"(?:^|[.!?…:\"“”‘'(\[*•—–\n)\]-]|\b\d\.)\s*$")
_HEADING = re.compile(r"(?:[ /&-]+(?:[A-Z][\w’'-]*|and|of|or))*(?: \([A-Z]+\))?\s*(?::|\*\*)")
_NO_NAMES = words("proper_words") | words("usual_words")
_SHORT_ACRONYM = 4
_ACRONYM = re.compile(r"[^\Wa-z\d_]+(?:s|-.*)?$")
_CALENDAR_OR_PLACE = words("calendar_or_place_names")


def _bare(word: str) -> str:
    """A word without the ending of a genitive or a verb, and without what breaks it off."""
    return re.sub(r"(?:['’](?:s|ll|d|re|ve|m)?)?-*$", "", word)


class NameScanner:
    """Finds names in the turns of one session.

    Parameters
    ----------
    lower_words : frozenset of str
        Words that stand in lower case somewhere in the session: with a capital they are no proper names.
    """

    def __init__(self, lower_words: frozenset[str] = frozenset()) -> None:
        self._lower = lower_words
        self._given = words("given_names")
        self._ambiguous = words("ambiguous_names")
        self._surnames = words("surnames")

    def hits(self, text: str) -> Iterator[Hit]:
        """Names in one text, placeholders already blanked out."""
        if text.isupper() and len(text) > _SHORT_ACRONYM and len(text.title()) == len(text):
            text = text.title()
        yield from self._by_place(text)
        yield from self._by_word(text)

    def _known(self, word: str) -> bool:
        """Whether a word is a given name or a surname and no other word."""
        plain = _bare(word).casefold()
        first = plain.split("-")[0]
        return plain in self._given or plain in self._surnames or ("-" in plain and first in self._given)

    def _could_be(self, word: str) -> bool:
        """Whether a word may be a name where a name stands: with a capital any unusual word, else a given name."""
        plain = _bare(word).casefold()
        if len(plain) < 2 or (plain in _NO_NAMES and plain not in self._ambiguous):
            return False
        if not word[:1].isupper():
            return plain in self._given or plain in self._surnames
        acronym = word.isupper() and len(plain) <= _SHORT_ACRONYM
        known = self._known(word) or plain in self._ambiguous
        return known or (not acronym and plain not in self._lower)

    def _by_place(self, text: str) -> Iterator[Hit]:
        for found in _TITLE.finditer(text):
            if found[3][:1].isupper() and _bare(found[3]).casefold() not in _NO_NAMES:
                yield Hit(found.start(2), found.start(3) + len(_bare(found[3])), "name")
        for found in _LOW_TITLE.finditer(text):
            bare = _bare(found[2])
            if bare.islower() and bare not in _NO_NAMES and (self._known(bare) or found[1].startswith("m")):
                yield Hit(found.start(2), found.start(2) + len(bare), "name")
        for found in _LOW_GREETING.finditer(text):
            if found[1] in self._ambiguous and found[1] not in _NO_NAMES - {"will", "hope"}:
                yield Hit(*found.span(1), "name")
        for found in _SPELLED.finditer(text):
            yield Hit(*found.span(1), "name")
        for found in _CELTIC.finditer(text):
            if found.group().casefold() not in _NO_NAMES:
                yield Hit(*found.span(), "name")
        for pattern in (_SELF, _CALLED, _GREETING, _AFTER_KIN, _IS_SPELLED):
            for found in pattern.finditer(text):
                if self._could_be(found[1]):
                    yield Hit(found.start(1), found.start(1) + len(_bare(found[1])), "name")

    def _by_word(self, text: str) -> Iterator[Hit]:
        low = text.islower()
        began = ended = -2
        for token in _TOKEN.finditer(text):
            if not low and not token.group()[0].isupper():
                continue
            bare = _bare(token.group())
            follows = ended == token.start() - 1
            is_name = self._low_name(bare, follows=follows) if low else self._capital_name(text, token, follows=follows)
            if is_name:
                began = began if follows else token.start()
                ended = token.start() + len(bare)
                yield Hit(began, ended, "name")  # with the given name before it

    def _low_name(self, bare: str, *, follows: bool) -> bool:
        """Whether a word of a text without any capital is a name, or two names joined."""
        first, _, last = bare.partition("-")
        if first in self._given:
            return len(first) > 2 and first not in _NO_NAMES and (not last or last in self._given)
        known = first in self._surnames and (not last or last in self._surnames)
        return known and (follows or (len(bare) > 4 and bare not in _TRADES))

    def _capital_name(self, text: str, token: re.Match[str], *, follows: bool) -> bool:
        bare = _bare(token.group())
        plain = bare.casefold()
        if len(plain) < 2 or (plain in _CLIPPED and text[: token.start()].endswith(("'", "’"))):
            return False
        usual = plain in _NO_NAMES or all(part in _NO_NAMES for part in plain.split("-"))
        if self._known(bare):
            return follows or not (usual or token.group().casefold() in _NO_NAMES)
        if plain in self._ambiguous:
            return follows or self._stands_as_name(text, token, usual=usual)
        return not usual and (follows or self._is_unusual(text, token, bare))

    def _is_unusual(self, text: str, token: re.Match[str], bare: str) -> bool:
        """Whether an unknown word with a capital is a proper name by where it stands."""
        if bare.casefold() in self._lower or _ACRONYM.match(bare) or numeral_view(bare).text != bare:
            return False
        if _begins(text, token):
            return _SAYS.match(text, token.end()) is not None
        return _HEADING.match(text, token.end()) is None

    def _stands_as_name(self, text: str, token: re.Match[str], *, usual: bool) -> bool:
        """Whether a word that is a name and another word too stands as a name."""
        plain = _bare(token.group()).casefold()
        if _SAYS.match(text, token.end()):
            return True
        if plain in _CALENDAR_OR_PLACE:
            return _TO_A_PERSON.search(text[: token.start()]) is not None
        if _begins(text, token):
            return plain not in _ABSTRACT and plain not in self._lower and _IS.match(text, token.end()) is not None
        return not usual or plain in _ABSTRACT


def _begins(text: str, token: re.Match[str]) -> bool:
    """Whether a word begins a sentence, or may."""
    return _BEGINS.search(text[max(0, token.start() - 4) : token.start()]) is not None
