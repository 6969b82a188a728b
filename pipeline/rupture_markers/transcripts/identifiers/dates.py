"""Dates finer than a year and ages over 89, written or spoken (read on the numeral view)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rupture_markers.transcripts.identifiers.finding import Hit
from rupture_markers.transcripts.identifiers.spoken_numbers import NumeralView

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_YEAR = r"(?:(?:1[89]|20)[ -]?\d ?\d|['’]\d\d)(?!\d)"
_DAY = r"(?<![\d.,:/$£€-])(?:[12]\d|3[01]|0?[1-9])"
_SEP = r"\s?[/.\-–—]\s?"
_HOLIDAY = (
    r"(?:christmas(?: (?:eve|day))?|new year'?s?(?: (?:eve|day))?|halloween|easter(?: (?:sunday|monday|day))?|good friday"
    r"|thanksgiving(?: day)?|valentine'?s?(?: day)?|mother'?s day|father'?s day|boxing day|independence day|labou?r day"
    r"|memorial day|st\.? patrick'?s(?: day)?|diwali|hanukkah|eid|passover|ash wednesday)"
)
_WRITTEN = (
    re.compile(
        rf"(?<![\w.])(?:0?[1-9]|[12]\d|3[01]){_SEP}(?:0?[1-9]|[12]\d|3[01]){_SEP}(?:(?:1[89]|20)\d\d|\d\d)(?![\d\w]|\.\d|-\d)"
    ),
    re.compile(r"(?<!\d)(?:1[89]|20)\d\d\s?[-/.]\s?(?:0?[1-9]|1[0-2])\s?[-/.]\s?(?:0?[1-9]|[12]\d|3[01])(?!\d)"),
    re.compile(r"(?<!\d)(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)"),
    re.compile(
        rf"{_DAY}(?:st|nd|rd|th)?[, ]{{1,3}}(?:[12]?\d|3[01])(?:st|nd|rd|th)?[, ]{{1,3}}(?:1[89]|20) ?\d ?\d(?!\d)"
    ),
)
_NAMED = (
    re.compile(rf"{_DAY}(?:st|nd|rd|th)?,?(?: day)?[ -](?:of |in ){_MONTH}\b\.?(?:,? (?:of )?{_YEAR})?", re.IGNORECASE),
    re.compile(
        rf"{_DAY}(?:st|nd|rd|th)?(?:,? (?:of )|[ -/.]){_MONTH}\b\.?(?:(?:,? (?:of )?|[ -/.]){_YEAR}|[ -/.]\d\d(?!\d))?",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b{_MONTH}\b\.?,? (?:the )?(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?(?![\d:%]|[.,]\d)(?:,? (?:of )?{_YEAR})?",
        re.IGNORECASE,
    ),
    re.compile(rf"\b{_MONTH}\b\.?(?:,? (?:of |in )?|[-/]){_YEAR}", re.IGNORECASE),
    re.compile(rf"\b{_HOLIDAY},? (?:of |in )?{_YEAR}", re.IGNORECASE),
)
_BORN = re.compile(
    r"\b(?:date of birth|d\.?o\.?b\.?\b|birth ?date|birthday|born(?: on)?)[^\d\n]{0,25}?"
    r"(\d{1,2}(?:st|nd|rd|th)?[ ,./-]{1,3}\d{1,2}(?:st|nd|rd|th)?(?:[ ,./-]{1,3}(?:(?:1[89]|20)[ ]?\d ?\d|\d\d))?|\d{6}|\d{8})(?!\d)",
    re.IGNORECASE,
)
_SLASHED = re.compile(
    r"\b(?:on|since|until|till|dated|by|discharged|admitted|died|born|arrested|released|hospitali[sz]ed|operated|due|married|date)(?: the| was| is|:)? ((?:0?[1-9]|[12]\d|3[01])/(?:0?[1-9]|[12]\d|3[01]))(?![\d/])",
    re.IGNORECASE,
)
_COUNTED_MONTH = re.compile(
    r"(?<![\d.,])(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th) of the (?:1[0-2]|0?[1-9])(?:st|nd|rd|th),? (?:of )?" + _YEAR
)
_SPOKEN_AS_NUMBERS = re.compile(
    r"\b(?:on|since|born|until|dated|date of birth is) ((?:1[0-2]|0?[1-9]),? (?:[12]\d|3[01]|0?[1-9]),? (?:0 ?\d|[2-9]\d))(?![\d:]|[ ,./-]\d| ?%)",
    re.IGNORECASE,
)
"""'On nine eleven oh one'."""
_NO_DATES = frozenset({"9/11", "24/7", "7/11"})
_AMBIGUOUS = re.compile(r"\b(?:may|march)\b")
_SURE = re.compile(r"['’]\d\d|\d(?:st|nd|rd|th)|\bof\b|(?:1[89]|20) ?\d ?\d|the \d")

_OLD = r"(?<![\d.,$£€])(?:9\d|1[01]\d|12[0-2])"
_UNIT = (
    r"(?!\d|[.,:/]\d|\s?(?:%|per ?cent|pounds?|lbs?|kilos?|kgs?|minutes?|mins?|days?|hours?|weeks?|months?|seconds?|miles?"
    r"|degrees|dollars|bucks|quid|times|mg|proof|calories|steps|mph|k\b|of\b|out of|points?|people|cents|to\b|and\b \d|or\b|-\d|-(?!year|and)\w))"
)
_HEDGE = r"(?:about |nearly |almost |around |only |just |like |now |over |maybe |probably |already |going on |coming up to )?"
_WHO = (
    r"(?:she|he|they|who|(?:grand)?(?:ma|pa|mother|father|mum|mom|dad|nan|nana|gran|granny|grandad|granddad|aunt|auntie"
    r"|uncle|neighbou?r|lady|man|woman))"
)
_AGES = (
    re.compile(rf"{_OLD}[ -]?(?:years?|yrs?|yr)(?:[ -]old|[ -]of[ -]age|[ -]young)\b", re.IGNORECASE),
    re.compile(rf"{_OLD}[ ]?(?:y/?o|-year-old)\b", re.IGNORECASE),
    re.compile(
        rf"\b(?:aged?|turn(?:s|ed|ing)?|reach(?:ed|ing)?|age of|age is|aged? about)[:,]? {_HEDGE}({_OLD}){_UNIT}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b{_WHO}(?:['’]s| is| was|['’]ll be| will be|['’]d be| would be| turns?| turned|['’]re| are| were),? {_HEDGE}({_OLD}){_UNIT}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:lived? to(?: be)?|made it to|died at|passed(?: away)? at|(?:dead|gone) at|until (?:she|he) was|when (?:she|he) was) {_HEDGE}({_OLD}){_UNIT}",
        re.IGNORECASE,
    ),
    re.compile(r"\b(?:his|her|their|my|your|our) (?:early |mid[- ]|late )?(?:nineties|90['’]?s)\b", re.IGNORECASE),
    re.compile(rf"{_OLD}(?:st|nd|rd|th)(?: \d{{1,2}}(?:st|nd|rd|th))? birthday\b", re.IGNORECASE),
    re.compile(rf"({_OLD}),? (?:she|he|they)(?: is| was|['’]s| are)(?=[,.!?]|$| now| and)", re.IGNORECASE),
    re.compile(
        rf"\b(?:i['’]?m|i am|i['’]?ll be) {_HEDGE}((?<![\d.,$£€])(?:9\d|10[1-9]|11\d))(?=\s*(?:[,.!?;]|$|now\b|this\b|next\b))",
        re.IGNORECASE,
    ),
    re.compile(rf"\b{_WHO} of ({_OLD}){_UNIT}", re.IGNORECASE),
    re.compile(rf"\b{_WHO}, ({_OLD})(?=,)", re.IGNORECASE),
    re.compile(r"\b(?:nonagenarian|centenarian)s?\b", re.IGNORECASE),
)


_MAY_BE_OLD = re.compile(r"9\d|1[0-2]\d|nineties|(?:nonagen|centen)arian", re.IGNORECASE)


def date_hits(view: NumeralView) -> Iterator[Hit]:
    """Dates finer than a year: a day of a month, a month of a year, a holiday of a year.

    A weekday, a month by itself ('last May'), a year and a time of day are none.
    """
    text = view.text
    for pattern in _WRITTEN:
        for found in pattern.finditer(text):
            yield Hit(*view.source(*found.span()), "date")
    for pattern in _NAMED:
        for found in pattern.finditer(text):
            words = found.group()
            if _AMBIGUOUS.search(words) and not _SURE.search(words):
                continue  # 'you may one day', 'march two by two'
            yield Hit(*view.source(*found.span()), "date")
    for found in _COUNTED_MONTH.finditer(text):
        yield Hit(*view.source(*found.span()), "date")
    for pattern in (_BORN, _SLASHED, _SPOKEN_AS_NUMBERS):
        for found in pattern.finditer(text):
            if found[1] not in _NO_DATES:
                yield Hit(*view.source(*found.span(1)), "date")


def age_hits(view: NumeralView) -> Iterator[Hit]:
    """Ages of ninety and more, as HIPAA counts them: said to be an age, or to be what a person is."""
    if _MAY_BE_OLD.search(view.text) is None:
        return
    for pattern in _AGES:
        for found in pattern.finditer(view.text):
            group = 1 if pattern.groups else 0
            yield Hit(*view.source(*found.span(group)), "age")
