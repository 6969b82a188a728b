"""Documents of every format, drawn by their grammar with odd parts in odd places."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
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
odd = st.sampled_from(_ODD)
words = st.lists(st.one_of(st.sampled_from(_WORDS), odd, st.text(max_size=12)), max_size=6).map(" ".join)
label = st.one_of(st.sampled_from(LABELS), st.sampled_from(LABELS), st.sampled_from(LABELS), odd, st.text(max_size=8))
number = st.one_of(
    st.integers(-3, 400), st.sampled_from([10**30, -(10**30), 1e308, float("inf"), float("nan"), 0.1, 2**63])
)
clock = st.one_of(
    st.integers(0, 90000).map(lambda s: f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}"),
    st.integers(0, 5000).map(lambda s: f"{s // 60:02}:{s % 60:02}"),
    st.sampled_from(["", "::", "99:99:99.999", "00:00:00,000", "-1:00", "1:2:3:4", "٠٠:٠٠:٠١", "9" * 50 + ":00:00"]),
)


def _lines(line: st.SearchStrategy[str], most: int = 25) -> st.SearchStrategy[str]:
    ends = st.sampled_from(["\n", "\n", "\r\n", "\r", "\n\n"])
    return st.builds(lambda parts, end: end.join(parts), st.lists(line, max_size=most), ends)


def _text() -> st.SearchStrategy[str]:
    separator = st.sampled_from([": ", ":", "\t", " ", " : ", ":: "])
    spoken = st.builds(lambda a, s, w: f"{a}{s}{w}", label, separator, words)
    timed = st.builds(lambda c, line: f"[{c}] {line}", clock, spoken)
    return _lines(st.one_of(spoken, spoken, timed, clock, words, odd, st.just("Page 1 of 9")))


def _captions(comma: bool) -> st.SearchStrategy[str]:
    def caption(at: int, first: str, last: str, who: str, said: str, voice: bool) -> str:
        mark = "," if comma else "."
        start, end = f"{first}{mark}000", f"{last}{mark}500"
        content = f"<v {who}>{said}" if voice else f"{who}: {said}"
        return f"{at}\n{start} --> {end}\n{content}\n"

    one = st.builds(caption, st.integers(-1, 99), clock, clock, label, words, st.booleans())
    rest = st.one_of(one, one, one, words, st.sampled_from(["NOTE x\n", "STYLE\n::cue{}\n", "REGION\nid:1\n", "-->"]))
    body = st.lists(rest, max_size=15).map("\n".join)
    return body if comma else st.builds(str.__add__, st.sampled_from(["WEBVTT\n\n", "WEBVTT - x\n\n", "\n", ""]), body)


def _table(delimiters: str) -> st.SearchStrategy[str]:
    def write(header: list[str], rows: list[list[str]], delimiter: str, quoting: bool) -> str:
        out = io.StringIO()
        writer = csv.writer(
            out, delimiter=delimiter, quoting=csv.QUOTE_ALL if quoting else csv.QUOTE_MINIMAL, escapechar="\\"
        )
        writer.writerows([header, *rows])
        return out.getvalue()

    header = st.one_of(
        st.just(["speaker", "text"]), st.just(["start", "end", "speaker", "text"]), st.lists(odd, max_size=5)
    )
    row = st.one_of(
        st.builds(lambda *p: list(p), label, words),
        st.builds(lambda *p: list(p), clock, clock, label, words),
        st.lists(odd, max_size=6),
    )
    return st.builds(write, header, st.lists(row, max_size=20), st.sampled_from(delimiters), st.booleans())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


_any = st.recursive(st.one_of(st.none(), number, words, st.booleans()), lambda v: st.lists(v, max_size=3), max_leaves=4)


def _whisperx() -> st.SearchStrategy[str]:
    segment = st.fixed_dictionaries(
        {"text": st.one_of(words, words, words, _any)},
        optional={"start": st.one_of(number, _any), "end": number, "speaker": st.one_of(label, label, _any), "x": _any},
    )
    document = st.fixed_dictionaries({"segments": st.one_of(st.lists(segment, max_size=12), _any)})
    return st.one_of(document.map(_json), document.map(_json), _any.map(_json))


def _interchange() -> st.SearchStrategy[str]:
    event = st.fixed_dictionaries(
        {"kind": st.sampled_from(["pause", "laughter", "odd"]), "start": number, "end": number},
        optional={"seconds": number},
    )
    speaker = st.sampled_from(["client", "therapist", "client", "therapist", "other", "nobody", "who"])
    turn = st.fixed_dictionaries(
        {"turn": st.integers(0, 5), "speaker": speaker, "text": words},
        optional={"start_s": number, "end_s": number, "events": st.lists(event, max_size=2), "back_channel": _any},
    )
    numbered = st.lists(turn, max_size=8).map(lambda ts: [{**t, "turn": n} for n, t in enumerate(ts)])
    session = st.fixed_dictionaries(
        {"session_id": st.one_of(st.sampled_from(["a", "b"]), words), "turns": st.one_of(numbered, st.lists(turn))},
        optional={
            "case_id": words, "groups": st.dictionaries(words, words, max_size=2), "session_number": _any,
            "warnings": _any, "format": st.sampled_from([1, 2]), "canary": _any,
        },
    )  # fmt: skip
    return st.lists(st.one_of(session.map(_json), session.map(_json), words), max_size=4).map("\n".join)


def _chat() -> st.SearchStrategy[str]:
    code = st.sampled_from(["THE", "CLI", "PAR", "INV", "T", "C"])
    mark = st.sampled_from([
        ".", "?", "!", "+...", "+//.", "\x15100_2500\x15", "\x1510_5\x15", "[: word]", "[*]", "<a b> [/]", "&-uh", "&=laughs",
        "(.)", "(1.5)", "xxx", "[^ x]", "‡", "„", "ǁ", "⌈ ⌉", "+<", "0", "@l", "[- spa]",
    ])  # fmt: skip
    said = st.lists(st.one_of(mark, st.sampled_from(_WORDS), odd), max_size=8).map(" ".join)
    tier = st.builds(lambda c, w: f"*{c}:\t{w}", code, said)
    dependent = st.builds(lambda w: f"%mor:\t{w}", said)
    head = st.one_of(
        st.just("@UTF8\n@Begin\n@Languages:\teng\n@Participants:\tTHE Therapist, CLI Client\n"),
        st.builds(lambda w: f"@Begin\n@Participants:\t{w}\n", words),
    )
    body = st.lists(st.one_of(tier, tier, tier, dependent, words, said.map(lambda w: "\t" + w)), max_size=15)
    return st.builds(lambda h, b: h + "\n".join(b) + "\n@End\n", head, body.map(list))


def _elan() -> st.SearchStrategy[str]:
    safe = words.map(lambda w: "".join(ch for ch in w if ch >= " " and ch not in "\ufffe\uffff"))

    def tier(name: str, person: str | None, parent: bool, items: list[tuple[int, int, str]]) -> str:
        inner = "".join(
            f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{n}" TIME_SLOT_REF1="ts{a}" TIME_SLOT_REF2="ts{b}">'
            f"<ANNOTATION_VALUE>{escape(w)}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
            for n, (a, b, w) in enumerate(items)
        )
        who = "" if person is None else f" PARTICIPANT={quoteattr(person)}"
        above = ' PARENT_REF="x"' if parent else ""
        return f"<TIER TIER_ID={quoteattr(name)}{who}{above}>{inner}</TIER>"

    clean = label.map(lambda w: "".join(ch for ch in w if ch >= " " and ch not in "\ufffe\uffff"))
    item = st.tuples(st.integers(0, 7), st.integers(0, 7), safe)
    one = st.builds(tier, clean, st.one_of(st.none(), clean), st.booleans(), st.lists(item, max_size=6))
    value = st.one_of(
        st.integers(-1, 10**6).map(str), st.none(), st.sampled_from(["9" * 11, "9" * 40, "٣", "²", "1e3", ""])
    )

    def whole(values: list[str | None], tiers: list[str]) -> str:
        slots = "".join(
            f'<TIME_SLOT TIME_SLOT_ID="ts{n}"' + ("" if v is None else f" TIME_VALUE={quoteattr(v)}") + "/>"
            for n, v in enumerate(values)
        )
        return f"<ANNOTATION_DOCUMENT><TIME_ORDER>{slots}</TIME_ORDER>{''.join(tiers)}</ANNOTATION_DOCUMENT>"

    return st.builds(whole, st.lists(value, min_size=5, max_size=8), st.lists(one, max_size=4))


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


def _word() -> st.SearchStrategy[bytes]:
    safe = words.map(lambda w: "".join(ch for ch in w if ch >= " " and ch not in "\ufffe\uffff"))
    clean = label.map(lambda w: "".join(ch for ch in w if ch >= " " and ch not in "\ufffe\uffff"))
    run = st.builds(lambda w, b: f"<w:r><w:t>{escape(w)}</w:t>{'<w:br/>' if b else ''}</w:r>", safe, st.booleans())
    paragraph = st.builds(
        lambda who, runs: f"<w:p><w:r><w:t>{escape(who)}: </w:t></w:r>{''.join(runs)}</w:p>",
        clean,
        st.lists(run, max_size=3),
    )
    cell = st.one_of(clean, safe).map(lambda w: f"<w:tc><w:p><w:r><w:t>{escape(w)}</w:t></w:r></w:p></w:tc>")
    merged = st.sampled_from([
        '<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr><w:p/></w:tc>', '<w:tc><w:tcPr><w:gridSpan w:val="-1"/></w:tcPr><w:p/></w:tc>',
        '<w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc>', '<w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr><w:p/></w:tc>',
        '<w:tc><w:tcPr><w:gridSpan w:val="x"/></w:tcPr><w:p/></w:tc>', "<w:tc/>",
        '<w:tc><w:tcPr><w:gridSpan w:val="99999999"/></w:tcPr><w:p/></w:tc>',
    ])  # fmt: skip
    row = st.lists(st.one_of(cell, cell, cell, merged), max_size=4).map(lambda cs: f"<w:tr>{''.join(cs)}</w:tr>")
    head = st.just(
        "<w:tr>"
        + "".join(f"<w:tc><w:p><w:r><w:t>{n}</w:t></w:r></w:p></w:tc>" for n in ("speaker", "text"))
        + "</w:tr>"
    )
    table = st.builds(
        lambda h, rows: f"<w:tbl><w:tblPr/><w:tblGrid/>{h}{''.join(rows)}</w:tbl>", head, st.lists(row, max_size=5)
    )
    return st.lists(st.one_of(paragraph, paragraph, table), max_size=10).map("".join).map(word_file)


def _encoded(text: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    names = st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
    return st.builds(lambda t, name: t.encode(name, "replace"), text, names)


def _sessions() -> st.SearchStrategy[str]:
    row = st.lists(st.one_of(st.sampled_from(["s1", "c1", "1", "x"]), odd), max_size=6)
    head = st.sampled_from(
        ["session_id,case_id", "session_id,case_id,session_number,therapist_id,medium", "session_id", ""]
    )
    return st.builds(lambda h, rows: "\n".join([h, *(",".join(r) for r in rows)]), head, st.lists(row, max_size=6))


def _config() -> st.SearchStrategy[str]:
    key = st.sampled_from(
        ["study", "transcripts", "speakers", "segments", "selection", "coding", "reading", "x", "?", "*a"]
    )
    value = st.one_of(
        words, number.map(str), st.sampled_from(["{T: therapist}", "[1, 2]", "&a [*a]", "!!python/object:x", "null"])
    )
    return _lines(st.builds(lambda k, v: f"{k}: {v}", key, value), 8)


DOCUMENTS: dict[str, Callable[[], st.SearchStrategy[bytes]]] = {
    ".txt": lambda: _encoded(_text()),
    ".docx": _word,
    ".vtt": lambda: _encoded(_captions(comma=False)),
    ".srt": lambda: _encoded(_captions(comma=True)),
    ".csv": lambda: _encoded(_table(",;\t")),
    ".tsv": lambda: _encoded(_table("\t")),
    ".json": lambda: _encoded(_whisperx()),
    ".cha": lambda: _encoded(_chat()),
    ".eaf": lambda: _encoded(_elan()),
    ".jsonl": lambda: _encoded(_interchange()),
    "sessions.csv": lambda: _encoded(_sessions()),
    "study.yaml": lambda: _encoded(_config()),
}
"""Strategy of each format's documents."""
