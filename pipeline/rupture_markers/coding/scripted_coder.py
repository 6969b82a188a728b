"""A scripted coder: gives known codings as an answer to a task, item for item as the coder's page writes it.

For the demo and for tests, never for a study: what it "codes" was coded elsewhere.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from rupture_markers.coding.adjudication_page import DECISION, REASON
from rupture_markers.coding.gold import AdjudicationReason
from rupture_markers.coding.local_accounts import Account
from rupture_markers.coding.offsets import utf16_length
from rupture_markers.coding.page_controls import CODES, DIALOGUE, OUTCOME, REVIEW, SIGNIFICANCE
from rupture_markers.coding.server_access import require_safe
from rupture_markers.errors import LabelStudioError
from rupture_markers.markers.marker import Coding

_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
Item = dict[str, Any]


def page_answer(
    texts: Sequence[str],
    codings: Mapping[int, Coding],
    suggested: Iterable[Mapping[str, Any]] = (),
    *,
    reviewed: bool,
) -> list[Item]:
    """Answer to a task: a region for each coding, a verdict on each suggestion, and the outcome.

    Parameters
    ----------
    texts : sequence of str
        Of the dialogue shown.
    codings : mapping of place to Coding
        What is to be coded, by place in the dialogue.
    suggested : iterable of dict
        Regions of the prediction, which the page copies into the answer.
    reviewed : bool
        Whether the page asks of every region whether it was suggested rightly (the assisted arm).
    """
    items: list[Item] = []
    open_codes = {place: list(coding.codes) for place, coding in codings.items()}
    for region in suggested:
        value = region["value"]
        place, label = int(value["start"]), value["paragraphlabels"][0]
        wanted = open_codes.get(place, [])
        if label in wanted:
            verdict, origin, code = "right", "prediction", label
        elif wanted:
            verdict, origin, code = "changed", "prediction-changed", wanted[0]
        else:
            verdict, origin, code = "wrong", "prediction", label
        if verdict != "wrong":
            wanted.remove(code)
        items += _region(str(region["id"]), place, texts[place], code, origin, verdict, codings.get(place))
    for place, codes in sorted(open_codes.items()):
        for code in codes:
            name = hashlib.sha256(f"{place}/{code}/{len(items)}".encode()).hexdigest()[:10]
            verdict = "mine" if reviewed else ""
            items += _region(name, place, texts[place], code, "manual", verdict, codings[place])
    said = OUTCOME.values[0] if codings else OUTCOME.values[1]
    items.append(
        {
            "id": "outcome", "from_name": OUTCOME.name, "to_name": DIALOGUE, "type": "choices", "origin": "manual",
            "value": {"choices": [said]},
        }
    )  # fmt: skip
    return items


def _region(
    name: str, place: int, text: str, code: str, origin: str, verdict: str, coding: Coding | None
) -> list[Item]:
    span = {"start": str(place), "end": str(place), "startOffset": 0, "endOffset": utf16_length(text), "text": text}

    def item(control: str, kind: str, said: Mapping[str, Any]) -> Item:
        return {
            "id": name, "from_name": control, "to_name": DIALOGUE, "type": kind, "origin": origin,
            "value": {**span, **said},
        }  # fmt: skip

    items = [item(CODES, "paragraphlabels", {"paragraphlabels": [code]})]
    if verdict:
        items.append(item(REVIEW.name, "choices", {"choices": [verdict]}))
    if coding is not None and coding.significance is not None and verdict != "wrong":
        items.append(item(SIGNIFICANCE.name, "choices", {"choices": [str(coding.significance)]}))
    return items


def verdict_answer(codes: Sequence[str], reason: AdjudicationReason) -> list[Item]:
    """Answer to an adjudication task: what the turn is, and why the coders differed."""
    return [
        {"id": name, "from_name": name, "to_name": DIALOGUE, "type": "choices", "value": {"choices": list(given)}}
        for name, given in ((DECISION, codes), (REASON, [reason]))
    ]


class CoderSession:
    """A coder who is logged in, as a browser would be.

    Parameters
    ----------
    url : str
    account : Account

    Raises
    ------
    LabelStudioError
        If the login is refused.
    """

    def __init__(self, url: str, account: Account) -> None:
        require_safe(url)
        self._url = url.rstrip("/")
        self._http = httpx.Client(base_url=self._url, timeout=60.0, trust_env=False)
        page = self._http.get("/user/login/")
        found = _CSRF.search(page.text)
        form = {
            "email": account.user,
            "password": account.password.get_secret_value(),
            "csrfmiddlewaretoken": found[1] if found else "",
        }
        done = self._http.post("/user/login/", data=form, headers={"Referer": f"{self._url}/user/login/"})
        if done.status_code != httpx.codes.FOUND:
            self._http.close()
            raise LabelStudioError(
                f"Label Studio did not let {account.user} in.", "See accounts.json of the local server."
            )

    def submit(self, task: int, result: Sequence[Item], seconds: float) -> None:
        """Submit an answer to a task.

        Raises
        ------
        LabelStudioError
            If it is refused.
        """
        answer = self._http.post(
            f"/api/tasks/{task}/annotations/",
            json={"result": list(result), "lead_time": seconds, "was_cancelled": False},
            headers={"X-CSRFToken": str(self._http.cookies.get("csrftoken")), "Referer": self._url},
        )
        if answer.status_code != httpx.codes.CREATED:
            raise LabelStudioError(f"Label Studio refuses an answer ({answer.status_code}).", "Run again.")

    def close(self) -> None:
        """Log out by forgetting the session."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
