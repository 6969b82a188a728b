"""Documents of every format, drawn by their grammar with odd parts in odd places."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from hypothesis import strategies as st

LABELS = ("T", "C", "T1", "C2", "Dr Therapist", "Client A", "SPEAKER_00", "SPEAKER_01", "THE", "CLI", "Therapist")
_ODD = (
    "", " ", "\x00", "\ufeff", "\u202e", "\u2028", "\x85", "\x0b", "\x1c", "\x15", "\U0001f600", "\ud7ff", "A" * 3000,
    "(" * 400, "[" * 400, "<" * 400, "*" * 400, "(pause 99999999999999999999)", "[00:00:00]", "[pause: 3s]", "(T: Mhm)",
    "&#55296;", "&amp;lt;", "-->", "::", "\t", '"', "'", "=1+1", "@SUM(A1)", "</v>", "<v T>", "xxx", "&=laughs",
    "٣:٤", "²", "１２", "9" * 400, "1e400", "-0", "NaN", "Infinity",
)  # fmt: skip
_WORDS = (
    "I",
    "mean,",
    "well",
    "no.",
    "What was that like?",
    "(laughs)",
    "[silence 12 seconds]",
    "(crosstalk)",
    "mm-hmm",
)


@dataclass(frozen=True)
class Parts:
    """What documents are drawn from: what transcripts hold, with something odd for one part in so many (None: never)."""

    odd_among: int | None

    def mixed(self, plain: st.SearchStrategy[Any], *others: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        """Plain, but for one in so many."""
        if self.odd_among is None:
            return plain
        return st.integers(1, self.odd_among).flatmap(lambda n: st.one_of(*others) if n == 1 else plain)

    @property
    def least(self) -> int:
        """Turns that a document has at least, so that most of them have two people in them."""
        return 0 if self.odd_among == _OFTEN else 4

    @cached_property
    def words(self) -> st.SearchStrategy[str]:
        """A few words."""
        word = self.mixed(st.sampled_from(_WORDS), odd, st.text(max_size=12))
        return st.lists(word, min_size=self.least // 4, max_size=6).map(" ".join)

    @cached_property
    def label(self) -> st.SearchStrategy[str]:
        """Who speaks."""
        return self.mixed(st.sampled_from(LABELS), odd, st.text(max_size=8))

    @cached_property
    def number(self) -> st.SearchStrategy[Any]:
        """A number where one is due."""
        return self.mixed(st.integers(0, 400), st.sampled_from(_LARGE), st.integers(-3, -1))

    @cached_property
    def clock(self) -> st.SearchStrategy[str]:
        """A time of the day or of the recording."""
        return self.mixed(_hours, _minutes, st.sampled_from(_CLOCKS))

    @cached_property
    def any(self) -> st.SearchStrategy[Any]:
        """A value of JSON."""
        leaf = st.one_of(st.none(), self.number, self.words, st.booleans())
        return st.recursive(leaf, lambda v: st.lists(v, max_size=3), max_leaves=4)


_OFTEN = 3
odd = st.sampled_from(_ODD)
_LARGE = [10**30, -(10**30), 1e308, float("inf"), float("nan"), 0.1, 2**63]
_CLOCKS = ["", "::", "99:99:99.999", "00:00:00,000", "-1:00", "1:2:3:4", "٠٠:٠٠:٠١", "9" * 50 + ":00:00"]
_hours = st.integers(0, 90000).map(lambda s: f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}")
_minutes = st.integers(0, 5000).map(lambda s: f"{s // 60:02}:{s % 60:02}")
PARTS = (Parts(None), Parts(40), Parts(_OFTEN))


def _lines(line: st.SearchStrategy[str], most: int = 25, least: int = 0) -> st.SearchStrategy[str]:
    ends = st.sampled_from(["\n", "\n", "\r\n", "\r", "\n\n"])
    return st.builds(lambda parts, end: end.join(parts), st.lists(line, min_size=least, max_size=most), ends)


def _text(p: Parts) -> st.SearchStrategy[str]:
    separator = st.sampled_from([": ", ":", "\t", " ", " : ", ":: "])
    spoken = st.builds(lambda a, s, w: f"{a}{s}{w}", p.label, separator, p.words)
    timed = st.builds(lambda c, line: f"[{c}] {line}", p.clock, spoken)
    return _lines(
        p.mixed(st.one_of(spoken, spoken, timed), p.clock, p.words, odd, st.just("Page 1 of 9")), least=p.least
    )


def _captions(p: Parts, comma: bool) -> st.SearchStrategy[str]:
    def caption(at: int, first: str, last: str, who: str, said: str, voice: bool) -> str:
        mark = "," if comma else "."
        start, end = f"{first}{mark}000", f"{last}{mark}500"
        content = f"<v {who}>{said}" if voice else f"{who}: {said}"
        return f"{at}\n{start} --> {end}\n{content}\n"

    one = st.builds(caption, st.integers(-1, 99), p.clock, p.clock, p.label, p.words, st.booleans())
    notes = st.sampled_from(["NOTE x\n", "STYLE\n::cue{}\n", "REGION\nid:1\n", "-->"])
    body = st.lists(p.mixed(one, p.words, notes), min_size=p.least, max_size=15).map("\n".join)
    head = p.mixed(st.just("WEBVTT\n\n"), st.sampled_from(["WEBVTT - x\n\n", "\n", ""]))
    return body if comma else st.builds(str.__add__, head, body)


def _table(p: Parts, delimiters: str) -> st.SearchStrategy[str]:
    def write(header: list[str], rows: list[list[str]], delimiter: str, quoting: bool) -> str:
        out = io.StringIO()
        writer = csv.writer(
            out, delimiter=delimiter, quoting=csv.QUOTE_ALL if quoting else csv.QUOTE_MINIMAL, escapechar="\\"
        )
        writer.writerows([header, *rows])
        return out.getvalue()

    short = st.builds(lambda *cells: list(cells), p.label, p.words)
    long = st.builds(lambda *cells: list(cells), p.clock, p.clock, p.label, p.words)
    kinds = ((["speaker", "text"], short, long), (["start", "end", "speaker", "text"], long, short))

    def table(kind: tuple[list[str], st.SearchStrategy[Any], st.SearchStrategy[Any]]) -> st.SearchStrategy[str]:
        header = p.mixed(st.just(kind[0]), st.lists(odd, max_size=5))
        row = p.mixed(kind[1], kind[2], st.lists(odd, max_size=6))
        return st.builds(
            write, header, st.lists(row, min_size=p.least, max_size=20), st.sampled_from(delimiters), st.booleans()
        )

    return st.sampled_from(kinds).flatmap(table)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _whisperx(p: Parts) -> st.SearchStrategy[str]:
    word = st.fixed_dictionaries(
        {"word": p.words}, optional={"start": p.number, "end": p.number, "score": p.number, "speaker": p.label}
    )
    segment = st.fixed_dictionaries(
        {"text": p.mixed(p.words, p.any)},
        optional={
            "start": p.mixed(p.number, p.any), "end": p.number, "speaker": p.mixed(p.label, p.any), "x": p.any,
            "words": p.mixed(st.lists(word, max_size=4), p.any),
        },
    )  # fmt: skip
    document = st.fixed_dictionaries({"segments": p.mixed(st.lists(segment, min_size=p.least, max_size=12), p.any)})
    return p.mixed(document, p.any).map(_json)


def _interchange(p: Parts) -> st.SearchStrategy[str]:
    offset = p.mixed(st.integers(0, 3), p.number)
    kind = p.mixed(st.sampled_from(["pause", "laughter", "sigh"]), st.just("odd"))
    event = st.fixed_dictionaries(
        {"kind": kind, "start": offset, "end": offset}, optional={"seconds": p.mixed(p.number, st.none())}
    )
    speaker = p.mixed(st.sampled_from(["client", "therapist"]), st.sampled_from(["other", "nobody", "who"]))
    turn = st.fixed_dictionaries(
        {"turn": st.integers(0, 5), "speaker": speaker, "text": p.words},
        optional={
            "start_s": p.mixed(p.number, st.none()), "end_s": p.number, "events": st.lists(event, max_size=2),
            "back_channel": p.mixed(st.booleans(), p.any),
        },
    )  # fmt: skip
    numbered = st.lists(turn, min_size=p.least, max_size=8).map(lambda ts: [{**t, "turn": n} for n, t in enumerate(ts)])
    session = st.fixed_dictionaries(
        {"session_id": p.mixed(st.sampled_from("abcdefgh"), p.words), "turns": p.mixed(numbered, st.lists(turn))},
        optional={
            "case_id": p.words, "groups": st.dictionaries(p.words, p.words, max_size=2),
            "session_number": p.mixed(st.integers(1, 30), p.any), "warnings": p.mixed(st.just([]), p.any),
            "format": p.mixed(st.just(1), st.just(2)),
        },
    )  # fmt: skip
    canary = st.builds(lambda s, v: {**s, "canary": v}, session, p.any)
    line = p.mixed(session.map(_json), canary.map(_json), p.words)
    return st.lists(line, min_size=p.least // 4, max_size=4).map("\n".join)


def _chat(p: Parts) -> st.SearchStrategy[str]:
    code = p.mixed(st.sampled_from(["THE", "CLI"]), st.sampled_from(["PAR", "INV", "T", "C"]))
    mark = st.sampled_from([
        ".", "?", "!", "+...", "+//.", "\x15100_2500\x15", "\x1510_5\x15", "[: word]", "[*]", "<a b> [/]", "&-uh", "&=laughs",
        "(.)", "(1.5)", "xxx", "[^ x]", "‡", "„", "ǁ", "⌈ ⌉", "+<", "0", "@l", "[- spa]",
    ])  # fmt: skip
    said = st.lists(p.mixed(st.one_of(mark, st.sampled_from(_WORDS), st.sampled_from(_WORDS)), odd), max_size=8).map(
        " ".join
    )
    tier = st.builds(lambda c, w: f"*{c}:\t{w}", code, said)
    dependent = st.builds(lambda w: f"%mor:\t{w}", said)
    head = p.mixed(
        st.just("@UTF8\n@Begin\n@Languages:\teng\n@Participants:\tTHE Therapist, CLI Client\n"),
        st.builds(lambda w: f"@Begin\n@Participants:\t{w}\n", p.words),
    )
    body = st.lists(p.mixed(tier, dependent, p.words, said.map(lambda w: "\t" + w)), min_size=p.least, max_size=15)
    return st.builds(lambda h, b: h + "\n".join(b) + "\n@End\n", head, body.map(list))


def _elan(p: Parts) -> st.SearchStrategy[str]:
    safe = p.words.map(lambda w: "".join(ch for ch in w if ch >= " " and ch not in "\ufffe\uffff"))

    def tier(name: str, person: str | None, parent: bool, items: list[tuple[int, int, str]]) -> str:
        inner = "".join(
            f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{n}" TIME_SLOT_REF1="ts{a}" TIME_SLOT_REF2="ts{b}">'
            f"<ANNOTATION_VALUE>{escape(w)}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
            for n, (a, b, w) in enumerate(items)
        )
        who = "" if person is None else f" PARTICIPANT={quoteattr(person)}"
        above = ' PARENT_REF="x"' if parent else ""
        return f"<TIER TIER_ID={quoteattr(name)}{who}{above}>{inner}</TIER>"

    clean = p.label.map(lambda w: "".join(ch for ch in w if ch >= " " and ch not in "\ufffe\uffff"))
    slot = p.mixed(st.integers(0, 4), st.integers(5, 8))
    person, parent = p.mixed(st.none(), clean), p.mixed(st.just(False), st.just(True))
    one = st.builds(
        tier, clean, person, parent, st.lists(st.tuples(slot, slot, safe), min_size=p.least // 4, max_size=6)
    )
    value = p.mixed(
        st.integers(0, 10**6).map(str), st.none(), st.sampled_from(["-1", "9" * 11, "9" * 40, "٣", "²", "1e3", ""])
    )

    def whole(values: list[str | None], tiers: list[str]) -> str:
        slots = "".join(
            f'<TIME_SLOT TIME_SLOT_ID="ts{n}"' + ("" if v is None else f" TIME_VALUE={quoteattr(v)}") + "/>"
            for n, v in enumerate(values)
        )
        return f"<ANNOTATION_DOCUMENT><TIME_ORDER>{slots}</TIME_ORDER>{''.join(tiers)}</ANNOTATION_DOCUMENT>"

    return st.builds(whole, st.lists(value, min_size=5, max_size=8), st.lists(one, min_size=p.least // 2, max_size=4))


_SPACE = "http://schemas.openxmlformats.org"
_TYPES = (
    f'<Types xmlns="{_SPACE}/package/2006/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    f'<Relationships xmlns="{_SPACE}/package/2006/relationships"><Relationship Id="rId1" '
    f'Type="{_SPACE}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)


def word_file(body: str) -> bytes:
    """The smallest .docx around a body."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        space = f"{_SPACE}/wordprocessingml/2006/main"
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>')
    return out.getvalue()


def _word(p: Parts) -> st.SearchStrategy[bytes]:
    safe = p.words.map(lambda w: "".join(ch for ch in w if ch >= " " and ch not in "\ufffe\uffff"))
    clean = p.label.map(lambda w: "".join(ch for ch in w if ch >= " " and ch not in "\ufffe\uffff"))
    run = st.builds(lambda w, b: f"<w:r><w:t>{escape(w)}</w:t>{'<w:br/>' if b else ''}</w:r>", safe, st.booleans())
    paragraph = st.builds(
        lambda who, runs: f"<w:p><w:r><w:t>{escape(who)}: </w:t></w:r>{''.join(runs)}</w:p>",
        clean,
        st.lists(run, max_size=3),
    )

    def in_cell(text: str) -> str:
        return f"<w:tc><w:p><w:r><w:t>{escape(text)}</w:t></w:r></w:p></w:tc>"

    cell = st.one_of(clean, safe).map(in_cell)
    merged = st.sampled_from([
        '<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr><w:p/></w:tc>', '<w:tc><w:tcPr><w:gridSpan w:val="-1"/></w:tcPr><w:p/></w:tc>',
        '<w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc>', '<w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr><w:p/></w:tc>',
        '<w:tc><w:tcPr><w:gridSpan w:val="x"/></w:tcPr><w:p/></w:tc>', "<w:tc/>",
        '<w:tc><w:tcPr><w:gridSpan w:val="99999999"/></w:tcPr><w:p/></w:tc>',
    ])  # fmt: skip
    spoken = st.builds(lambda a, b: [a, b], clean.map(in_cell), safe.map(in_cell))
    row = p.mixed(spoken, st.lists(st.one_of(cell, merged), max_size=4)).map(lambda cs: f"<w:tr>{''.join(cs)}</w:tr>")
    head = st.just(
        "<w:tr>"
        + "".join(f"<w:tc><w:p><w:r><w:t>{n}</w:t></w:r></w:p></w:tc>" for n in ("speaker", "text"))
        + "</w:tr>"
    )
    table = st.builds(
        lambda h, rows: f"<w:tbl><w:tblPr/><w:tblGrid/>{h}{''.join(rows)}</w:tbl>",
        head,
        st.lists(row, min_size=p.least, max_size=8),
    )
    return st.lists(st.one_of(paragraph, paragraph, table), max_size=10).map("".join).map(word_file)


def _encoded(p: Parts, text: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    names = p.mixed(st.just("utf-8"), st.sampled_from(["utf-8-sig", "utf-16", "utf-16-le", "cp1252"]))
    return st.builds(lambda t, name: t.encode(name, "replace"), text, names)


def _sessions(p: Parts) -> st.SearchStrategy[str]:
    row = p.mixed(
        st.tuples(st.integers(1, 99).map(lambda n: f"s{n}"), st.sampled_from(["c1", "c2"])).map(list),
        st.lists(st.one_of(st.sampled_from(["s1", "c1", "1", "x"]), odd), max_size=6),
    )
    head = p.mixed(
        st.just("session_id,case_id"),
        st.sampled_from(["session_id,case_id,session_number,therapist_id,medium", "session_id", ""]),
    )
    return st.builds(lambda h, rows: "\n".join([h, *(",".join(r) for r in rows)]), head, st.lists(row, max_size=6))


def _config(p: Parts) -> st.SearchStrategy[str]:
    key = st.sampled_from(
        ["study", "transcripts", "speakers", "segments", "selection", "coding", "reading", "x", "?", "*a"]
    )
    value = st.one_of(
        p.words,
        p.number.map(str),
        st.sampled_from(["{T: therapist}", "[1, 2]", "&a [*a]", "!!python/object:x", "null"]),
    )
    return _lines(st.builds(lambda k, v: f"{k}: {v}", key, value), 8)


_GRAMMARS: dict[str, Callable[[Parts], st.SearchStrategy[Any]]] = {
    ".txt": _text,
    ".vtt": lambda p: _captions(p, comma=False),
    ".srt": lambda p: _captions(p, comma=True),
    ".csv": lambda p: _table(p, ",;\t"),
    ".tsv": lambda p: _table(p, "\t"),
    ".json": _whisperx,
    ".cha": _chat,
    ".eaf": _elan,
    ".jsonl": _interchange,
    "sessions.csv": _sessions,
    "study.yaml": _config,
}


def documents(name: str) -> st.SearchStrategy[bytes]:
    """Documents of a format: a third sound, a third with a few odd parts, a third odd throughout."""
    if name == ".docx":
        return st.sampled_from(PARTS).flatmap(_word)
    return st.sampled_from(PARTS).flatmap(lambda p: _encoded(p, _GRAMMARS[name](p)))
