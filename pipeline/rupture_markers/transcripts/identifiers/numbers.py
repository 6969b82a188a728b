"""Telephone numbers and the numbers of records, accounts, licences, vehicles and devices, written or spoken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from rupture_markers.transcripts.identifiers.finding import Hit, Kind
from rupture_markers.transcripts.identifiers.spoken_numbers import NumeralView

_NUMBER = r"(?: ?(?:number|numbers|no\.?|num\.?|#|id|code)s?)?"
_CUES: tuple[tuple[Kind, int, str], ...] = (
    ("national_id", 4, r"social security|(?:my|his|her|the|your|on|last four(?: digits)? of (?:my|the|his|her|your)) social\b|\bssn\b|\bsin\b|national insurance|\bni number|\bpps|tax file|\btfn\b|taxpayer"),
    ("health_plan", 4, r"medicare|medicaid|member(?:ship)? ?(?:id|number)|policy|polic(?:y|ies)['’]s number|insurance|blue cross|group number|health card|plan id|plan number|subscriber|beneficiary"),
    ("record", 4, r"\bmrn\b|medical record|record(?:s)? (?:number|no)|chart (?:number|no)|\bnhs\b|patient (?:number|id)|hospital (?:number|no)|case (?:number|no)|file (?:number|no)|docket|reference|\bref\b|claim (?:number|no)|record id|study id|participant id"),
    ("account", 4, r"account|sort code|\biban\b|\bswift\b|routing|acct|customer (?:number|id)|card(?: number)?|\bpin\b|credit card|debit card|\bbic\b"),
    ("licence", 4, r"licen[cs]e|passport|badge|registration|certificate|\bnpi\b|\bgmc\b|\bdea\b|\bpin number|permit|diploma"),
    ("vehicle", 2, r"plates?\b|\breg\b|\bregistration\b|\bvin\b|tag (?:number|no)|number ?plate|registration (?:plate|mark)|licen[cs]e plate"),
    ("device", 4, r"serial|\bs/n\b|\bimei\b|mac address|device (?:id|number|no)|implant (?:number|no|id)|\budi\b|model(?: number)?|pacemaker|lot number"),
)  # fmt: skip
_ANY_NUMBER = 5
"""Digits from which a number that somebody calls a number is a finding, whatever it is of."""
_GAP = (
    r"(?:['’]s)?(?:[\s,:;#–—-]|\(\d{2}\)|\b(?:is|was|it|it['’]s|the|my|number|numbers?|no|num|id|code|um|so|hang|on|let|me|see|says?|said|read|of|that['’]s|ending|ends|in"
    r"|with|are|four|digits?|last|called|like|right|here|and|board|state|model)\b\.?|(?<=model )[A-Z]{2,4},){0,14}"
)
_LETTERS = r"(?:(?-i:[A-Z]{1,6})|[b-hj-z]|a(?= [a-z\d]\b))"
_CODE = (
    rf"((?<![\w.])(?:{_LETTERS}[ ,/:-]{{1,3}}){{0,3}}(?:[a-z]{{3,6}} )?[A-Za-z]{{0,6}}\d[\dA-Za-z]*"
    rf"(?:[ ,./–-]{{1,3}}(?:\d[\dA-Za-z]*|(?-i:[A-Z]{{1,4}})\d*(?![\w'’])|[b-hj-z](?![\w'’])))*)"
)
_CUED = tuple(
    (kind, least, re.compile(rf"(?:{cue}){_NUMBER}{_GAP}{_CODE}", re.IGNORECASE)) for kind, least, cue in _CUES
)
_IN_LABELS: dict[Kind, str] = {
    "record": r"\bmrn\b|medical record|\bnhs\b|(?:chart|hospital) (?:number|no)", "national_id": r"social security|\bssn\b|national insurance|\btfn\b",
    "health_plan": r"medicare|medicaid|insurance|policy|health card", "account": r"account|\biban\b|\bacct\b|credit card",
    "licence": r"licen[cs]e|passport", "device": r"serial|\bimei\b", "vehicle": r"\bvin\b|number ?plate",
}  # fmt: skip
_CUED_IN_LABELS = tuple(
    (kind, 4, re.compile(rf"(?:{cue}){_NUMBER}[\s:#]{{0,3}}{_CODE}", re.IGNORECASE)) for kind, cue in _IN_LABELS.items()
)
_PHONE_GROUPS = re.compile(
    r"(?<![\w-])(?:\+\d{1,3}(?:[ ().-]{0,2}\d){7,12}|\(?\d{3}\)?[-. ]{1,2}\d{3}[-. ]\d{4})(?![\w-])"
)
_EXTENSION_ALONE = re.compile(
    r"\b(?:ext(?:ension)?|durchwahl)\.? (?:number |is )?(\d(?:[ -]?\d){2,4})(?![\w%])", re.IGNORECASE
)
_LAST_DIGITS = re.compile(
    r"\b(?:number|phone|mobile|cell|card|account|social)s?\b[^.\d\n]{0,20}\b(?:ends?|ending|finish(?:es|ing)?) (?:in|with) (\d(?:[ ,-]{0,2}\d){2,5})(?!\w)",
    re.IGNORECASE,
)
_CALLED_NUMBER = re.compile(rf"\b(?:number|id|no\.)[’'s]{{0,2}}{_GAP}{_CODE}", re.IGNORECASE)
_VANITY = re.compile(
    r"\b(?:plates? |vanity |tag )(?:was|is|said|says|saying|read|reads|number|reading) ([A-Z][A-Z0-9]{4,8})\b"
)
_LOGIN = re.compile(
    r"\b(?:user ?name|login|log ?in|handle|screen ?name|gamer ?tag|insta(?:gram)?|snap(?:chat)?|twitter|tiktok)(?: id| name)?(?:['’]s| is| was|:) "
    r"(@?[A-Za-z][\w.-]*[\d_.][\w.-]*\w)",
    re.IGNORECASE,
)
_ON_A_SITE = re.compile(
    r"\b(?:reddit|discord|snap(?:chat)?|insta(?:gram)?|twitter|tiktok|facebook|steam|xbox|twitch|telegram|skype|kik|youtube)"
    r"(?:,| as| under| at|:| it['’]s| i['’]m| i am| is){0,3} (@?[A-Za-z][A-Za-z-]*(?:[._]\w|\d)[\w.-]*\w)",
    re.IGNORECASE,
)
_HANDLE = re.compile(
    r"(?<![\w.@])@[A-Za-z_][\w.]{2,40}\w|(?<![\w/])[ur]?/?u/[\w-]{3,20}|(?<![\w#])[A-Za-z][\w.]{1,30}#\d{4}(?!\w)"
)
_SHAPES: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("national_id", re.compile(r"(?<![\w-])\d{3}[-.–]\d{2}[-.–]\d{4}(?![\w-])|(?<![\w-])\d{3} \d{2} \d{4}(?! ?\d)(?![\w-])")),
    ("national_id", re.compile(r"(?<![\w-])[A-Za-z](?: (?=[A-Za-z],? ?\d))?[A-Za-z](?:[ ,-]{0,2}\d){6}[ ,-]{0,2}[A-Da-d](?![\w-])")),
    ("health_plan", re.compile(r"(?<![\w-])\d[A-Z][A-Z\d]\d-?[A-Z][A-Z\d]\d-?[A-Z]{2}\d{2}(?![\w-])", re.IGNORECASE)),
    ("account", re.compile(r"(?<![\w-])[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){3,7}(?: ?[A-Z\d]{1,3})?(?![\w-])", re.IGNORECASE)),
    ("vehicle", re.compile(r"(?<![\w-])(?=(?:[A-Z]*\d){5})(?=(?:\d*[A-Z]){3})[A-HJ-NPR-Z\d]{17}(?![\w-])", re.IGNORECASE)),
    ("vehicle", re.compile(r"(?<![\w-])[A-Z]{2}\d{2} ?[A-Z]{3}(?![\w-])|(?<![\w-])[A-Z]{3}-\d{3,4}(?![\w-])")),
    ("vehicle", re.compile(r"(?<![\w-])[a-z]{2}\d{2} ?(?!and\b|the\b|but\b|for\b|yes\b)[a-z]{3}(?![\w'’-])")),
    ("record", re.compile(r"(?<![\w@.-])(?=[A-Z\d/-]{0,20}[A-Z])(?=(?:[A-Z/-]*\d){4})[A-Z\d]{1,12}(?:[-/][A-Z\d]{1,12}){0,3}(?![\w@-])", re.IGNORECASE)),
)  # fmt: skip
_RUN = re.compile(r"(?<![\w.,$£€/-])(?:\+ ?|\(\+?)?\d+(?:(?!\.\.)[ ,./()–—-]{1,5}\d+)*(?!\w)")
_IDIOM = re.compile(r"\b(?:24/7|50[-/ ]50|80/20|9/11|7/11|20/20|12[- ]step)\b")
_EXTENSION = re.compile(r"[, ]{1,3}(?:ext(?:ension)?\.?|x) ?\d{1,5}\b", re.IGNORECASE)
_THOUSANDS = re.compile(r"[$£€]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$")
_YEAR = re.compile(r"(?:1[6-9]|20|21)\d\d$")
_THIS_CENTURY = re.compile(r"(?:19|20) ?\d ?\d$")
_WITH_YEARS = frozenset({"record", "health_plan", "device", "vehicle"})
_VANITY_PHONE = re.compile(
    r"(?<![\w-])1?[-. ]?\(?8(?:00|88|77|66|55|44|33)\)?[-. ][A-Z]{4,10}\b|(?<![\w-])1?[-. ]?\(?8(?:00|88|77)\)?[-. ][A-Z\d]{2,5}-[A-Z\d]{2,6}\b"
)
_LEAST_DIGITS, _MOST_PHONE, _LONGEST_SUM = 7, 15, 9


def _digits(text: str) -> int:
    return sum(ch.isdecimal() for ch in text)


def _is_list(groups: list[str]) -> bool:
    """Whether the numbers of a run are a count, a scale, sums or years, and no number of anything."""
    values = [int(group) for group in groups]
    padded = len(groups[0]) > 1 and groups[0][0] == "0"
    if len(groups) >= 3 and not padded and all(len(group) <= 3 for group in groups):
        steps = [b - a for a, b in pairwise(values)]
        if all(step > 0 for step in steps) or all(step < 0 for step in steps):
            return True
    if len(groups) >= 2 and all(_YEAR.match(group) for group in groups):
        return True
    repeated = len(groups) > 2 and len(set(groups)) == 1 and len(groups[0]) > 1
    return repeated or (len(groups) > 1 and all(group.endswith("000") for group in groups))


def phone_hits(view: NumeralView) -> Iterator[Hit]:
    """Runs of seven digits or more, in whatever groups; sixteen or more are taken for a card."""
    text = _IDIOM.sub(lambda idiom: "~" * len(idiom.group()), view.text)
    for found in _RUN.finditer(text):
        run = found.group()
        groups = re.findall(r"\d+", run)
        count = sum(map(len, groups))
        if count < _LEAST_DIGITS or _THOUSANDS.match(run) or (run[0] != "+" and _is_list(groups)):
            continue
        if len(groups) == 1 and count <= _LONGEST_SUM and int(groups[0]) % 100_000 == 0:
            continue  # 'ten million' is a sum
        extension = _EXTENSION.match(view.text, found.end())
        end = extension.end() if extension else found.end()
        kind: Kind = "phone" if count <= _MOST_PHONE else "account"
        yield Hit(*view.source(found.start(), end), kind)
    for found in _VANITY_PHONE.finditer(view.text):
        yield Hit(*view.source(*found.span()), "phone")


def code_hits(view: NumeralView) -> Iterator[Hit]:
    """Numbers of a kind that their shape or the words before them tell."""
    text = view.text
    for kind, shape in _SHAPES:
        for found in shape.finditer(text):
            yield Hit(*view.source(*found.span()), kind)
    for kind, least, cue in _CUED:
        for found in cue.finditer(text):
            if _digits(found[1]) >= least and (kind not in _WITH_YEARS or not _THIS_CENTURY.match(found[1])):
                yield Hit(*view.source(*found.span(1)), kind)
    for pattern in (_EXTENSION_ALONE, _LAST_DIGITS):
        for found in pattern.finditer(text):
            yield Hit(*view.source(*found.span(1)), "phone")
    for found in _CALLED_NUMBER.finditer(text):
        if _digits(found[1]) >= _ANY_NUMBER:
            yield Hit(*view.source(*found.span(1)), "record")


def label_hits(text: str) -> Iterator[Hit]:
    """Numbers in a name of a file or a session that what stands before them, or their groups, tell: no pseudonyms."""
    for found in _PHONE_GROUPS.finditer(text):
        yield Hit(*found.span(), "phone")
    for kind, least, cue in _CUED_IN_LABELS:
        for found in cue.finditer(text):
            if _digits(found[1]) >= least and not _THIS_CENTURY.match(found[1]):
                yield Hit(*found.span(1), kind)


def word_code_hits(text: str) -> Iterator[Hit]:
    """User names and number plates that need no digit, in a text as it stands."""
    cued: tuple[tuple[re.Pattern[str], Kind], ...] = (
        (_VANITY, "vehicle"), (_LOGIN, "account"), (_ON_A_SITE, "account"),
    )  # fmt: skip
    for pattern, kind in cued:
        for found in pattern.finditer(text):
            yield Hit(*found.span(1), kind)
    for found in _HANDLE.finditer(text):
        yield Hit(*found.span(), "account")
