"""E-mail, web and network addresses, street addresses and postcodes, written or spoken."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rupture_markers.transcripts.identifiers.finding import Hit, Kind
from rupture_markers.transcripts.identifiers.spoken_numbers import NumeralView
from rupture_markers.transcripts.identifiers.word_lists import words

_TLD_WORDS = (
    "com", "org", "net", "edu", "gov", "mil", "info", "biz", "io", "ie", "de", "fr", "ca", "au", "nz", "uk", "eu", "nl", "es", "ch", "at", "dk", "fi", "dev", "app", "tv", "blog", "health", "ac",
)  # fmt: skip
_TLD = f"(?:{'|'.join(_TLD_WORDS)})"
_DOMAIN = rf"[A-Za-z0-9](?:[\w-]{{0,60}}\w)?(?:\.[A-Za-z0-9-]{{1,60}}){{0,4}}\.{_TLD}"
_SPOKEN_TLD = rf"(?:{'|'.join((*_TLD_WORDS, 'me', 'us', 'se', 'pl', 'be', 'it', 'pt', 'cz', 'jp', 'br', 'za', 'co', 'xyz', 'online', 'site'))})"
"""More of them: said after 'dot' they are no words of a sentence."""
_SPOKEN_DOMAIN = rf"\w{{1,40}}(?: (?:dot|dash|hyphen|underscore) \w{{1,40}}){{0,4}} dot (?:co dot \w{{2}}|ac dot uk|org dot uk|{_SPOKEN_TLD})"
_FILL = r"(?:,? (?:um|uh|er|erm),?)?"
_DOT = " dot "
_TEXT_PATTERNS: tuple[tuple[tuple[str, ...], Kind, re.Pattern[str]], ...] = (
    (("@",), "email", re.compile(r"<?(?:mailto:)?[\w.+%-]{1,64}\s?@\s?[\w-]{1,60}(?:\.[\w-]{1,60}){1,4}>?")),
    (
        ("at]", "at)", "at}"), "email",
        re.compile(rf"[\w.+%-]{{1,64}}\s?(?:\[at\]|\(at\)|\{{at\}})\s?{_DOMAIN}", re.IGNORECASE),
    ),
    (
        (_DOT, *(f".{end}" for end in _TLD_WORDS)), "email",
        re.compile(
            rf"(?<![\w'’])(?:[\w.+-]{{1,40}} (?:dot |underscore |dash |hyphen |plus )?){{0,3}}[\w.+-]{{1,64}}{_FILL} at{_FILL} "
            rf"(?:{_DOMAIN}|{_SPOKEN_DOMAIN})(?![\w@])",
            re.IGNORECASE,
        ),
    ),
    (("http",), "url", re.compile(r"\bhttps?://[^\s<>\"]{3,200}", re.IGNORECASE)),
    (
        ("http",), "url",
        re.compile(
            rf"\bhttps? colon (?:forward )?slash (?:forward )?slash {_SPOKEN_DOMAIN}(?: slash \w{{1,40}}){{0,3}}",
            re.IGNORECASE,
        ),
    ),
    (("www.",), "url", re.compile(r"\bwww\.[\w-]{1,60}(?:\.[\w-]{1,60})*(?:/[^\s<>\"]{0,100})?", re.IGNORECASE)),
    (
        tuple(f".{end}" for end in _TLD_WORDS), "url",
        re.compile(rf"(?<![\w@.]){_DOMAIN}(?:/[^\s<>\"]{{0,100}})?(?![\w@-])", re.IGNORECASE),
    ),
    (("/",), "url", re.compile(r"(?<![\w@.])[\w-]{1,40}\.[A-Za-z]{2,6}/[\w./?=&-]{2,100}")),
    (
        (_DOT,), "url",
        re.compile(
            rf"\b(?:(?:w w w|www|(?:double[ -]?(?:u|you)[ ,]+){{3}}|triple w) dot )?{_SPOKEN_DOMAIN}\b"
            r"(?: (?:forward )?slash \w{1,40}){0,3}",
            re.IGNORECASE,
        ),
    ),
    ((":",), "ip", re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){4,7}[0-9A-Fa-f]{1,4}(?![\w:])")),
    (("::",), "ip", re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6}(?![\w:])")),
    ((":", "-"), "device", re.compile(r"(?<![\w:-])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![\w:-])")),
)  # fmt: skip
"""Signs of which a text must hold one (in lower case), the kind, and the pattern."""

_IP4 = re.compile(
    r"(?<![\d.])\d[\d ]{0,5} ?\. ?\d[\d ]{0,5} ?\. ?\d[\d ]{0,5} ?\. ?\d(?: ?\d){0,2}(?:[:/]\d{1,5})?(?!\d|\.\d)"
)

_TYPE = (
    r"(?:street|road|avenue|lane|drive|close|court|crescent|gardens|terrace|boulevard|place|square|mews|grove|parkway"
    r"|highway|circle|trail|row|alley|rise|view|walk|way|blvd|ave|rd|st|ln|dr|ct|pl|hwy|pkwy|cres)"
)
_CAPITAL_TYPE = (
    r"(?:Street|Road|Avenue|Lane|Drive|Close|Crescent|Gardens|Terrace|Boulevard|Place|Square|Mews|Grove|Parkway|Court|Way"
    r"|Blvd|Ave|Rd|St|Ln)"
)
_SIDE = r"(?:(?:[NSEW]|North|South|East|West|north|south|east|west)\.? )?"
_STREETS = (
    re.compile(rf"(?<![\d.,$£€])\b\d{{1,5}}(?:[ ]\d{{1,3}})?[A-Za-z]?,? {_SIDE}(?:[A-Z][\w'’.-]{{0,25}} ){{1,4}}(?i:{_TYPE})\b\.?"),
    re.compile(rf"(?:\b[A-Z][a-z][\w'’-]{{0,25}} ){{1,3}}{_CAPITAL_TYPE}\b(?!['’]s)"),
)  # fmt: skip
_ROADS = (
    re.compile(rf"\b{_SIDE}\d{{1,3}}(?:st|nd|rd|th) (?:Street|Avenue|Ave|St|street|avenue)\b"),
    re.compile(r"\b(?:p\.? ?o\.?|post office) box[ ,#]{1,3}\d(?:[ ,]{0,2}\d){0,5}", re.IGNORECASE),
    re.compile(r"\b(?:flat|apartment|apt|suite)\.?,? (?:number |no\.? ?|#)?\d{1,4} ?[A-Za-z]?\b", re.IGNORECASE),
    re.compile(r"\b(?:highway|hwy|interstate|route|I-) ?\d{1,3}\b,?(?: mile marker \d{1,4})?", re.IGNORECASE),
)  # fmt: skip
_ABROAD = re.compile(
    r"\b[A-ZÄÖÜ][\wß-]{1,30}(?:straße|strasse|straat|gasse|platz|allee|weg|plein|gracht|gatan|vej)\.? \d{1,4} ?[a-h]?\b"
    r"|\b(?:[Rr]ue|[Cc]alle|[Rr]ua|[Vv]iale) (?:(?:de|du|des|da|do|la|le|las|los|l['’]) ?){0,2}[A-Z][\w'’-]{2,25}(?: [A-Z][\w'’-]{2,25}){0,2}"
)
_LETTERS = re.compile(r"[A-Za-z'’]+")
_DETERMINERS = frozenset(
    {"the", "a", "an", "my", "his", "her", "our", "their", "your", "this", "that", "of", "in", "and", "to", "every"}
)
_LOW_STREET = re.compile(
    r"\b(?:at|on|past|to|of|address is|number|is|it's|its|live[sd]?|flat \d{1,4}[a-z]?,?) "
    r"((?:\d{1,5}[a-z]?,? )?(?:[a-z][a-z'’-]{2,20} ){1,3}"
    r"(?:street|road|avenue|lane|drive|crescent|terrace|boulevard|gardens|blvd|ave|rd|st|ln))\b"
    r"|\b(\d{1,5}(?: \d{1,3})?(?: ?[a-h])?,? (?:the )?(?:[nsew] )?(?:[a-z][a-z'’-]{2,20} ){1,3}(?:close|court|place|way|road|street|st|blvd|lane|avenue|gardens|terrace|crescent|mews|grove))\b"
)
_NO_STREETS = words("no_streets")
_POSTCODES: tuple[re.Pattern[str], ...] = (
    re.compile(r"(?<![\w-])[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}(?![\w-])"),
    re.compile(r"(?<![\w-])[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d(?!(?:st|nd|rd|th|hr|ft|lb)\b)[ABD-HJLNP-UW-Zabd-hjlnp-uw-z]{2}(?![\w-])"),
    re.compile(r"(?<![\w-])[ABCEGHJ-NPRSTVXYabceghj-nprstvxy]\d[A-Za-z][ -]?\d[A-Za-z]\d(?![\w-])"),
    re.compile(
        r"\b(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])"
        r",? \d{5}(?:-\d{4})?\b"
    ),
    re.compile(r"\b(?:ca|ny|tx|fl|il|nj|nc|ga|tn|az|wi|mn|ky|sc|wv|nv|ks|ut),? \d{5}(?:-\d{4})?\b"),
    re.compile(r"(?<![\d-])\d{5}-\d{4}(?![\d-])"),
)  # fmt: skip
_CODE_CUE = re.compile(
    r"\b(?:zip(?: ?code)?|post ?code|postal code|eircode|plz|postleitzahl|code postal|postnummer|pin ?code)\b(?:['’]s| is| was|:|,| of|[ ]?-)*[ ,:]*"
    r"((?:[A-Za-z]{1,2}[ ,]{0,2}){0,2}\d[\dA-Za-z]{0,5}(?:[ ,-]{1,2}(?:\d[\dA-Za-z]{0,4}|[A-Za-z]{1,2}(?= [A-Za-z]\b|[.,!?]|$| on\b| now\b)))*(?: [A-Za-z])?)",
    re.IGNORECASE,
)


def contact_hits(text: str) -> Iterator[Hit]:
    """E-mail addresses, web addresses, IPv6 and MAC addresses of a text as it stands."""
    folded = text.casefold()
    for signs, kind, pattern in _TEXT_PATTERNS:
        if any(sign in folded for sign in signs):
            for found in pattern.finditer(text):
                yield Hit(*found.span(), kind)


def _is_no_street(words_of: str) -> bool:
    """Whether the words before 'street' or 'way' say that none is named: 'the same street', 'one way'."""
    before = [word.casefold() for word in _LETTERS.findall(words_of)][:-1]
    return bool(before) and (before[-1] in _NO_STREETS or not _DETERMINERS.isdisjoint(before))


def address_hits(view: NumeralView) -> Iterator[Hit]:
    """Street addresses, with or without a number, post boxes and numbered roads, on the numeral view."""
    text = view.text
    for pattern in _STREETS:
        for found in pattern.finditer(text):
            if not _is_no_street(found.group()):
                yield Hit(*view.source(*found.span()), "address")
    for pattern in _ROADS:
        for found in pattern.finditer(text):
            yield Hit(*view.source(*found.span()), "address")
    for found in _ABROAD.finditer(text):
        yield Hit(*view.source(*found.span()), "address")
    for found in _LOW_STREET.finditer(text):
        group = 1 if found[1] else 2
        if not _is_no_street(found[group]):
            yield Hit(*view.source(*found.span(group)), "address")


def place_number_hits(view: NumeralView) -> Iterator[Hit]:
    """IPv4 addresses and postcodes, on a numeral view that holds a digit."""
    text = view.text
    for found in _IP4.finditer(text):
        parts = re.split(r"[:/]", found.group())[0].split(".")
        if all(int(part.replace(" ", "") or 999) <= 255 for part in parts):
            yield Hit(*view.source(*found.span()), "ip")
    for pattern in _POSTCODES:
        for found in pattern.finditer(text):
            yield Hit(*view.source(*found.span()), "postcode")
    for found in _CODE_CUE.finditer(text):
        if sum(ch.isdecimal() for ch in found[1]) >= 2:
            yield Hit(*view.source(*found.span(1)), "postcode")
