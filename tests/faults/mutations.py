"""Changes of real files: of their bytes and lines, of the parts of an archive, of the elements and values of a tree."""

from __future__ import annotations

import copy
import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.hostile_documents import word_file

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "configs" / "sample-study"
_LONGEST_INPUT = 400_000
_SMALL = 6_000
_TURNS = 6
_OF_WHOLE = 0.05
CANARY = "qzxcanaryqzx"
"""Stands in files; no message may repeat it."""
_TOKENS = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe2\x80\xae", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"\r", b"\n\n", b"\t", b" " * 999,
    b"-->", b"00:00:00.000 --> 00:00:01.000\n", b"00:00:00,000 --> 00:00:01,000\n", b"99:99:99,999", b"WEBVTT\n\n", b"<v T>", b"</v>",
    b"NOTE ", b"STYLE\n", b"T: ", b"C: ", b"[00:01:02] ", b"(pause 5 seconds)", b"[", b"]", b"(", b")", b"<", b">", b"*", b"\"", b"'",
    b",", b";", b":", b"{", b"}", b"&", b"&#55296;", b"&lt;", b"<!DOCTYPE x [<!ENTITY a \"b\">]>", b"<![CDATA[", b"null", b"true", b"NaN",
    b"Infinity", b"1e999", b"-1", b"9" * 30, b"9" * 5000, b"[" * 2000, b"{\"a\":" * 2000, b"\"\\ud800\"", b"\\u0000", b"@Begin\n", b"@End\n",
    b"*PAR:\t", b"%mor:\t", b"\x15100_200\x15", b"[: a]", b"[/]", b"+//.", b"xxx", b"&=laughs", b"TIME_VALUE=\"\"", b"PARENT_REF=\"x\"",
    b"speaker", b"text", b"start", b"\x1a", b"\x85", b"\xc2\x85", b"\xe2\x80\xa8", b"gridSpan", b"PK\x03\x04", b"PK\x05\x06", b"!!python/x ",
)  # fmt: skip


_TWO_PEOPLE = {
    ".vtt": (
        b"WEBVTT\n",
        b"WEBVTT\n\n00:00:00.000 --> 00:00:00.100\n<v T>Hello.\n\n00:00:00.100 --> 00:00:00.200\n<v C>Hi.\n",
    ),
    ".srt": (b"", b"1\n00:00:00,000 --> 00:00:00,100\nT: Hello.\n\n2\n00:00:00,100 --> 00:00:00,200\nC: Hi.\n\n"),
    ".cha": (b"@End", b"*THE:\thello .\n*CLI:\thi .\n@End"),
}
"""What makes a session of a real file in which nobody, or one person, speaks."""


@dataclass(frozen=True)
class Seeds:
    """Files to change: whole ones, and pieces of them, which a reader is through with in no time."""

    whole: Sequence[bytes]
    small: Sequence[bytes]

    def draw(self, draw: random.Random) -> bytes:
        """Mostly a piece."""
        return draw.choice(self.whole if draw.random() < _OF_WHOLE or not self.small else self.small)


def seeds_of(name: str, folders: Sequence[Path]) -> Seeds:
    """Real files of a format, their beginnings, and both with two speakers where they may have none."""
    if name in ("sessions.csv", "study.yaml"):
        files = [SAMPLE / name, *([ROOT / "configs" / name] if name == "study.yaml" else [])]
    else:
        files = sorted(p for folder in folders for p in folder.rglob(f"*{name}") if p.stat().st_size < 300_000)
    whole = [path.read_bytes() for path in files]
    small = [_beginning(name, data) for data in whole]
    old, new = _TWO_PEOPLE.get(name, (b"", b""))
    peopled = [data.replace(old, new, 1) for data in small] if new else []
    return Seeds(whole, [data for data in (*small, *peopled) if len(data) < _SMALL])


def _beginning(name: str, data: bytes) -> bytes:
    """The first turns of a file, as a file of its own."""
    if name == ".docx":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            body = re.search(r"<w:body>(.*)</w:body>", archive.read("word/document.xml").decode(), re.DOTALL)
        assert body is not None
        return word_file(_fewer(body[1], "w:tr" if "<w:tbl>" in body[1] else "w:p"))
    if name == ".eaf":
        return _fewer(data.decode(), "ANNOTATION").encode()
    if name == ".json":
        document = json.loads(data)
        return json.dumps({**document, "segments": document["segments"][:_TURNS]}).encode()
    if name == ".jsonl":
        sessions = [json.loads(line) for line in data.splitlines()]
        return "\n".join(json.dumps({**s, "turns": s["turns"][:_TURNS]}) for s in sessions[:2]).encode()
    return b"\n".join(data.split(b"\n")[:25])[:1500]


def _fewer(text: str, element: str) -> str:
    """The same document with the first few of its elements of one kind."""
    count = iter(range(len(text)))
    pattern = rf"<{element}(?: [^>]*)?>(?:(?!<{element}[ >]).)*?</{element}>"
    return re.sub(pattern, lambda found: found[0] if next(count) < _TURNS else "", text, flags=re.DOTALL)


def changed(name: str, seeds: Seeds, draw: random.Random) -> bytes:
    """One of the files, changed in the ways that its format offers."""
    data = seeds.draw(draw)
    others = seeds.small or seeds.whole
    if name == ".docx":
        return mutate_archive(data, others, draw)
    within: Callable[[bytes, random.Random], bytes] | None = {
        ".json": mutate_json, ".jsonl": mutate_json_lines, ".eaf": mutate_xml,
    }.get(name)  # fmt: skip
    if within is not None and draw.random() < 0.6:
        return within(data, draw)[:_LONGEST_INPUT]
    if draw.random() < 0.5:
        at = draw.randrange(len(data) + 1)
        data = data[:at] + CANARY.encode() + data[at:]
    return mutate(data, others, draw)


def mutate(data: bytes, others: Sequence[bytes], draw: random.Random) -> bytes:
    """Change bytes, lines, numbers, or splice in a piece of another file."""
    out = bytearray(data)
    for _ in range(draw.randint(1, 5)):
        size = len(out)
        at = draw.randrange(size + 1)
        end = min(size, at + int(draw.expovariate(1 / 40)))
        what = draw.randrange(10)
        if what == 0 and at < size:
            out[at] ^= 1 << draw.randrange(8)
        elif what == 1:
            out[at:at] = draw.randbytes(draw.randint(1, 8))
        elif what == 2:
            del out[at:end]
        elif what == 3:
            out[at:at] = out[at:end] * draw.choice((1, 1, 2, 30, 1000))
        elif what == 4:
            out[at:end] = draw.choice(_TOKENS)
        elif what == 5:
            out[at:at] = draw.choice(_TOKENS) * draw.choice((1, 1, 1, 3, 500))
        elif what == 6:
            other = draw.choice(others)
            start = draw.randrange(len(other) + 1)
            out[at:end] = other[start : start + draw.randint(1, 400)]
        elif what == 7:
            del out[at:]
        elif what == 8:
            lines = bytes(out).split(b"\n")
            first, second = draw.randrange(len(lines)), draw.randrange(len(lines))
            lines[first], lines[second] = lines[second], lines[first]
            out = bytearray(b"\n".join(lines))
        else:
            digits = [i for i in range(at, min(size, at + 300)) if 48 <= out[i] <= 57]
            for i in digits[: draw.randint(1, 12)]:
                out[i] = draw.choice(b"0123456789-.")
    return bytes(out[:_LONGEST_INPUT])


def mutate_archive(data: bytes, others: Sequence[bytes], draw: random.Random) -> bytes:
    """Change the bytes of an archive, or of one of its parts and pack them again."""
    if draw.random() < 0.3:
        return mutate(data, others, draw)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if not name.endswith((".jpeg", ".bin"))}
    likely = [n for n in parts if n.endswith(("document.xml", "Types].xml", ".rels", "styles.xml"))]
    name = "word/document.xml" if draw.random() < 0.6 and "word/document.xml" in parts else draw.choice(likely)
    if draw.random() < 0.1:
        del parts[name]
    elif draw.random() < 0.1:
        parts[f"../{name}"] = parts.pop(name)
    else:
        within = draw.random() < 0.7
        parts[name] = mutate_xml(parts[name], draw) if within else mutate(parts[name], [parts[name]], draw)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for each, content in parts.items():
            archive.writestr(each, content)
    return out.getvalue()


_PIECE = re.compile(r"<[^<>]*>|[^<>]+")
_VALUE = re.compile(r'="([^"]*)"')
_ODD_TEXT = (
    "", " ", "&#x85;", "&#8238;", "&#128512;", "T: ", "C: ", "[pause 5 seconds]", "(T: Mhm)", "x" * 3000, "-1", "0", "1e3", "9" * 30, "true",
    "ts1", "T", "C", "client", "&amp;", "\u0663", "(" * 400, CANARY,
)  # fmt: skip


def mutate_xml(data: bytes, draw: random.Random) -> bytes:
    """Change words and attributes, and leave out, repeat, move or rename elements; mostly it stays XML."""
    pieces = _PIECE.findall(data.decode("utf-8", "replace"))
    for _ in range(draw.randint(1, 6)):
        at = draw.randrange(len(pieces))
        piece = pieces[at]
        what = draw.randrange(6)
        if not piece.startswith("<"):
            pieces[at] = draw.choice(_ODD_TEXT) if what < 4 else piece + draw.choice(_ODD_TEXT)
        elif what <= 2 and _VALUE.search(piece):
            value = draw.choice([found[1] for found in _VALUE.finditer(piece)])
            other = draw.choice([*_ODD_TEXT, *_VALUE.findall(draw.choice(pieces)), value[:-1], value + "1"])
            pieces[at] = piece.replace(f'="{value}"', f'="{other}"', 1)
        elif piece[1].isalpha():
            last = _end_of_element(pieces, at)
            element = pieces[at : last + 1]
            if what == 3:
                del pieces[at : last + 1]
            else:
                there = draw.randrange(len(pieces)) if what == 5 else at
                pieces[there:there] = element * draw.choice((1, 1, 2, 20)) if len(element) < 500 else element
        if not pieces:
            return b"<x/>"
    return "".join(pieces).encode()


def _end_of_element(pieces: Sequence[str], at: int) -> int:
    """Number of the piece that closes the element which one opens."""
    depth = 0
    for number in range(at, len(pieces)):
        piece = pieces[number]
        if piece.startswith("<") and piece[1:2].isalpha():
            depth += not piece.endswith("/>")
        elif piece.startswith("</"):
            depth -= 1
        if depth <= 0:
            return number
    return at


_ODD_VALUES: tuple[Any, ...] = (
    None, True, False, "", " ", [], {}, 0, -1, 10**30, 1e308, float("nan"), float("inf"), "\ud800", "\u202e", "\U0001f600", "T", "C", "client",
    "therapist", "nobody", "other", "x" * 3000, "[pause 5 seconds]", 0.5, [[]], {"x": 1}, CANARY,
)  # fmt: skip


_LARGEST_JSON = 5_000_000


def mutate_json(data: bytes, draw: random.Random) -> bytes:
    """Change, leave out, repeat and move values of a JSON document; it stays JSON."""
    if len(data) > _LARGEST_JSON:  # a part repeated in a part that was repeated: it doubles each time
        return data
    try:
        return json.dumps(_changed_value(json.loads(data), draw)).encode()
    except (ValueError, RecursionError):  # no JSON, or nested too deep to be changed
        return data


def mutate_json_lines(data: bytes, draw: random.Random) -> bytes:
    """Change the JSON of one line, or repeat a line."""
    lines = data.split(b"\n")
    at = draw.randrange(len(lines))
    if draw.random() < 0.1:
        lines.insert(at, draw.choice(lines))
    else:
        lines[at] = mutate_json(lines[at], draw)
    return b"\n".join(lines)


def _changed_value(document: Any, draw: random.Random) -> Any:
    document = copy.deepcopy(document)
    for _ in range(draw.randint(1, 5)):
        holders = list(_holders(document))
        if not holders:
            return draw.choice(_ODD_VALUES)
        holder = draw.choice(holders)
        key = draw.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        what = draw.randrange(6)
        if what == 0:
            del holder[key]
        elif what == 1 and isinstance(holder, list):
            holder[key:key] = [copy.deepcopy(holder[key])] * draw.choice((1, 2, 300))
        elif what == 2 and isinstance(holder, list):
            holder.reverse()
        elif what == 3:
            holder[key] = copy.deepcopy(draw.choice(holders))
        elif isinstance(holder[key], int | float) and what == 4:
            holder[key] += draw.choice((-1, 1, -0.5, 1000))
        else:
            holder[key] = draw.choice(_ODD_VALUES)
    return document


def _holders(value: Any) -> Iterator[Any]:
    """Each list and mapping that holds something."""
    if isinstance(value, dict | list) and value:
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _holders(inner)
