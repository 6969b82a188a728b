"""Names of the features, and what each is called before people.

A name is ``group/what``; the groups are those of an ablation: turn, says, begins, events, before, between,
after, usual, session, thread, style, run, exchange, medium, cue, time. Labels say what was measured, not that it was too much or too little.
"""

from __future__ import annotations

from rupture_markers.markers.exchange import EXCHANGE_LABELS
from rupture_markers.markers.marker import FAMILIES
from rupture_markers.markers.style import CLIENT, THERAPIST

SAID: dict[str, str] = {
    "first-person": "I, me, my",
    "second-person": "you, your",
    "we": "we, us",
    "third-person": "he, she, they",
    "people-in-general": "people in general",
    "negation": "not, no, never",
    "hedge": "hedges (maybe, I guess)",
    "not-knowing": "not knowing",
    "agreement": "words of agreement",
    "disagreement": "words of disagreement",
    "but": "but, though",
    "yes-but": "yes, but",
    "minimal": "mm-hmm, oh",
    "feeling-bad": "words of painful feeling",
    "feeling-good": "words of good feeling",
    "absolute": "always, never, everything",
    "reasoning": "because, think, reason",
    "therapy-talk": "talk of the therapy (session, form, homework)",
    "sent-here": "being sent or made to come",
    "time-and-cost": "time, waiting, cost",
    "about-the-other": "speech about the other (you don't, you keep, your question)",
    "demand": "demands (stop, tell me, leave it)",
    "question-back": "asking back",
    "thanks": "thanks",
    "apology": "saying sorry",
    "self-blame": "blaming oneself",
    "hopeless": "hopelessness",
    "swearing": "strong language",
    "laughs-in-writing": "laughter in writing (lol)",
    "open-question": "an open question",
    "yes-no-question": "a yes-or-no question",
    "invitation": "an invitation (tell me more)",
    "feeling-question": "a question about feelings",
    "scale-question": "a scale question",
    "permission": "asking permission",
    "reflection": "a reflection",
    "advice": "advice",
    "press": "pressing (why not, but you)",
    "information": "information",
    "affirmation": "praise",
    "validation": "validation (that makes sense)",
    "own-part": "owning a part (I rushed)",
    "about-us": "speech about the two of them, here and now",
    "self-disclosure": "own reactions (I notice, I feel)",
    "rationale": "giving a reason for the task",
    "change-of-task": "offering another way",
    "redirect": "coming back to the topic",
    "clarify": "clearing up what was meant",
    "closing": "closing or summing up",
    "anything-else": "asking for anything else",
    "self-report": "speaking of oneself",
    "obligation": "rules and obligations (you need to)",
    "stop-talking-of-it": "not wanting to go into it",
    "compliance": "giving in (I'll try, I guess)",
    "minimising": "making it small (only, no big deal)",
}
"""Word list -> its name in a label."""

BEGINS = (
    "agreement",
    "disagreement",
    "negation",
    "but",
    "yes-but",
    "hedge",
    "minimal",
    "not-knowing",
    "apology",
    "question-back",
)
BEFORE = (
    "second-person",
    "negation",
    "hedge",
    "not-knowing",
    "agreement",
    "disagreement",
    "minimal",
    "feeling-bad",
    "therapy-talk",
    "about-the-other",
    "demand",
    "question-back",
    "apology",
    "hopeless",
    "open-question",
    "invitation",
    "feeling-question",
    "scale-question",
    "permission",
    "reflection",
    "advice",
    "press",
    "information",
    "affirmation",
    "validation",
    "own-part",
    "about-us",
    "self-disclosure",
    "rationale",
    "change-of-task",
    "redirect",
    "clarify",
    "closing",
    "anything-else",
    "obligation",
)
AFTER = (
    "agreement",
    "disagreement",
    "negation",
    "apology",
    "own-part",
    "validation",
    "clarify",
    "about-us",
    "change-of-task",
    "redirect",
    "rationale",
    "question-back",
    "open-question",
    "advice",
    "press",
    "closing",
    "obligation",
    "compliance",
    "stop-talking-of-it",
)
SHARES = ("first-person", "second-person", "negation", "hedge", "agreement")
USUAL = ("hedge", "negation", "second-person", "first-person")
EVENTS = {
    "pause": "pauses",
    "laughter": "laughter",
    "sigh": "sighs",
    "crosstalk": "crosstalk",
    "inaudible": "inaudible stretches",
    "sound": "other sounds",
}

_MOVES = {
    "open-question-asked": "asks an open question",
    "closed-question-asked": "asks a closed question",
    "ends-asking": "ends on a question",
    "reflects": "reflects without asking",
}


def _labels() -> dict[str, str]:
    out = {
        "turn/words": "length of the turn",
        "turn/sentences": "sentences in the turn",
        "turn/words-a-sentence": "length of its sentences",
        "turn/fillers": "um, uh",
        "turn/word-said-twice": "words said twice running",
        "turn/question-marks": "question marks",
        "turn/exclamation-marks": "exclamation marks",
        "turn/dots": "trailing dots",
        "turn/cut-off": "broken off",
        "turn/begins-cut": "begins in the middle",
        "turn/no-words": "no words at all",
        "turn/three-words-or-fewer": "a turn of three words or fewer",
        "turn/hum": "a hum only (mm-hmm)",
        "turn/only-agreement": "agreement and nothing else",
        "turn/content-words": "content words",
    }
    out |= {f"turn/{name}": f"the turn {label}" for name, label in _MOVES.items()}
    out |= {f"turn/share-{name}": f"share of words: {SAID[name]}" for name in SHARES}
    out |= {f"says/{name}": label for name, label in SAID.items()}
    out |= {f"begins/{name}": f"begins with: {SAID[name]}" for name in BEGINS}
    out |= {f"events/{kind}": label for kind, label in EVENTS.items()}
    out |= {
        "events/pause-seconds": "seconds of pause in the turn",
        "events/back-channels": "the other's mm-hmm within the turn",
    }
    out |= {
        "events/silence-before": "a silence before the turn",
        "events/silence-seconds-before": "seconds of silence before the turn",
    }
    out |= {f"before/{name}": f"in the other's turn before: {SAID[name]}" for name in BEFORE}
    out |= {f"before/{name}": f"the other's turn before {label}" for name, label in _MOVES.items()}
    out |= {
        "before/words": "length of the other's turn before",
        "before/broken-off": "the other's turn before was broken off",
        "before/turns-between": "back-channels and silences since the other's turn",
        "between/length-against-question": "length against the other's turn before",
        "between/shared-words": "content words shared with the other's turn before",
        "between/taken-up": "share of the other's content words taken up",
        "between/new-words": "share of content words that are new",
        "between/echo": "says the other's words again",
        "between/own-words-again": "says own words again (turn before)",
        "between/same-point-pressed": "the other's turn before repeats its own earlier point",
        "between/short-after-open": "three words or fewer to an open question or invitation",
        "between/short-after-closed": "three words or fewer to a closed question",
        "between/short-after-statement": "three words or fewer to a turn that asks nothing",
        "between/words-after-open": "length of the answer to an open question or invitation",
        "between/agreement-after-advice": "agreement after advice",
        "between/negation-after-advice": "no or not after advice",
        "between/negation-after-reflection": "no or not after a reflection",
        "between/question-answered-by-question": "a question answered by a question",
        "after/words": "length of the other's next turn",
        "after/ends-asking": "the other's next turn ends on a question",
        "after/shared-words": "content words the other takes up next",
        "after/same-question-again": "the other says the same words again",
        "usual/words": "length against the speaker's usual",
        "usual/rank": "rank of the length among the speaker's turns",
        "usual/words-to-questions": "length against the speaker's usual answer to a question",
        "usual/own-median": "the speaker's usual length",
        "usual/change": "length against the speaker's turn before",
        "session/position": "position in the session",
        "session/turns": "length of the session in turns",
        "session/turns-before": "turns since the session began",
        "session/turns-left": "turns until the session ends",
        "session/opening": "among the first six turns",
        "session/closing": "among the last six turns",
        "session/talk-share": "the speaker's share of all words",
        "session/short-turns": "share of the speaker's other turns with three words or fewer",
        "run/short-turns-before": "short turns among the speaker's last four",
        "run/short-turns-after": "short turns among the speaker's next four",
        "run/no-cue-since": "turns since a cue of a rupture",
    }
    out |= {
        "thread/gives-way": "only hears the other out (yeah, right)",
        "thread/turns-before": "own turns before on the same thread",
        "thread/turns-after": "own turns after on the same thread",
        "thread/words-before": "own words before on the same thread",
        "thread/words-after": "own words after on the same thread",
        "thread/words": "length of the whole thread",
        "thread/after-open": "answers an open question or invitation",
        "thread/after-closed": "answers a closed question",
        "thread/after-advice": "answers advice",
        "thread/after-press": "answers pressing",
        "thread/after-reflection": "answers a reflection",
        "thread/after-information": "answers information",
        "thread/answers-words": "length of the turn it answers",
        "thread/turns-since-answered": "turns since the turn it answers",
    }
    for party, names in (("client", CLIENT), ("therapist", THERAPIST)):
        out |= {f"style/{party}-{name}": f"the {party} in this session: {SAID[name]}" for name in names}
        out |= {
            f"style/{party}-length": f"the {party} in this session: usual length",
            f"style/{party}-asks": f"the {party} in this session: turns that ask",
            f"style/{party}-short": f"the {party} in this session: short turns",
            f"style/{party}-broken-off": f"the {party} in this session: turns broken off",
        }
    out |= {f"after/{name}": f"in the other's next turn: {SAID[name]}" for name in AFTER}
    out |= {f"usual/{name}": f"{SAID[name]}, against the speaker's usual" for name in USUAL}
    for family in FAMILIES:
        out |= {
            f"cue/{family}": f"cues of {family}",
            f"run/{family}-last-turn": f"cues of {family} in the last two turns",
            f"run/{family}-before": f"cues of {family} in the eight turns before",
            f"run/{family}-after": f"cues of {family} in the eight turns after",
            f"session/{family}": f"cues of {family} in the rest of the session",
        }
    return out | EXCHANGE_LABELS | {"medium/written": "a written session (chat)"}


TIME_LABELS = {
    "time/latency": "seconds before the turn began",
    "time/latency-usual": "latency against the speaker's usual",
    "time/rate": "words a second",
    "time/rate-usual": "pace against the speaker's usual",
}
"""Only with ``timing=True``: no shipped model may use them."""

FEATURE_LABELS: dict[str, str] = _labels()
"""Feature -> its readable name, in the order of the columns; cue columns of single codes follow them."""


def code_feature(code: str) -> str:
    """Name of the feature that counts the cues of one code."""
    return f"cue/{code}"


def feature_label(name: str) -> str:
    """Readable name of any feature, cue columns of single codes included."""
    if name in FEATURE_LABELS or name in TIME_LABELS:
        return FEATURE_LABELS.get(name) or TIME_LABELS[name]
    group, _, what = name.partition("/")
    return f"cues of {what}" if group == "cue" else what
