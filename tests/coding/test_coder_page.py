"""The coder's page as a coder has it: Chromium, a real Label Studio, and the keyboard alone."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from rupture_markers.coding.labeling_config import (
    CODES,
    DIALOGUE,
    ContextTurn,
    SessionEnd,
    ShownTurn,
    TaskData,
    labeling_config,
)
from rupture_markers.markers.codebook import load_codebook

pytestmark = [pytest.mark.browser, pytest.mark.label_studio]

BOOK = load_codebook()
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TURNS = (
    ("Therapist", "What was it like when I asked about your brother?"),
    ("Client", "Fine."),
    ("Therapist", "Fine."),
    ("Client", "Do we have to go through all of this again?"),
    ("Therapist", "You're right, I pushed you there. I'm sorry."),
    ("Client", "It's all right. It did feel a bit like a test."),
)
LEAVE_NO_MARKER = ("Shift+O", "Control+Enter")


def chromium(driver: Any) -> str:
    """Path of a Chromium; where there is none, the test says so."""
    named = os.environ.get("RUPTURE_CHROMIUM", "")
    for path in (named, *(shutil.which(name) or "" for name in NAMES), driver.chromium.executable_path):
        if path and Path(path).exists():
            return str(path)
    pytest.skip("no Chromium found: install one, or name it in RUPTURE_CHROMIUM")


@dataclass
class Desk:
    """A coder who is logged in, with the page and the server's API."""

    url: str
    page: Page
    api: httpx.Client
    elsewhere: list[str] = field(default_factory=list)

    def project(self, tasks: list[dict[str, Any]], **chosen: Any) -> int:
        made = self.api.post(
            "/api/projects/",
            json={
                "title": "coder page",
                "label_config": labeling_config(BOOK, **chosen),
                "show_collab_predictions": True,
                "maximum_annotations": 1,
            },
        )
        assert made.status_code == 201, made.text
        number = int(made.json()["id"])
        sent = self.api.post(f"/api/projects/{number}/import", json=[{"data": task["data"]} for task in tasks])
        assert sent.status_code == 201, sent.text
        assert sent.json()["task_count"] == len(tasks)
        suggested = {t["data"]["task_id"]: t["predictions"] for t in tasks if "predictions" in t}
        if suggested:
            self.suggest(number, suggested)
        return number

    def suggest(self, project: int, suggested: dict[str, list[dict[str, Any]]]) -> None:
        """Import predictions as a push does, and show them."""
        there = self.api.get("/api/tasks", params={"project": project, "fields": "all"}).raise_for_status().json()
        number_of = {task["data"]["task_id"]: task["id"] for task in there["tasks"]}
        made = [{"task": number_of[name], **given} for name, all_of_it in suggested.items() for given in all_of_it]
        self.api.post(f"/api/projects/{project}/import/predictions", json=made).raise_for_status()
        kept = self.api.get("/api/predictions", params={"project": project}).raise_for_status().json()
        assert len(kept) == len(made), kept
        self.api.patch(f"/api/projects/{project}/", json={"model_version": "m1"}).raise_for_status()

    def open(self, project: int) -> Page:
        self.page.goto(f"{self.url}/projects/{project}/data?labeling=1")
        expect(self.page.get_by_test_id("phrase:0")).to_be_visible(timeout=60_000)
        expect(self.page.get_by_test_id("phrase:0")).to_be_focused()
        return self.page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(120)

    def results(self, project: int, task_id: str) -> list[dict[str, Any]]:
        """Result of the one annotation of a task, as soon as it is saved."""
        for _ in range(100):
            found = self.api.get("/api/tasks", params={"project": project, "fields": "all"}).raise_for_status().json()
            annotations = next(t["annotations"] for t in found["tasks"] if t["data"]["task_id"] == task_id)
            if annotations:
                assert len(annotations) == 1
                return list(annotations[0]["result"])
            self.page.wait_for_timeout(200)
        pytest.fail(f"no annotation of {task_id} was saved")


def task(task_id: str = "t-00000001", suggested: dict[int, str] | None = None, **more: Any) -> dict[str, Any]:
    data = TaskData(
        task_id=task_id,
        dialogue=tuple(ShownTurn(speaker=who, text=text) for who, text in TURNS),
        context=(ContextTurn(speaker="Client", text="We had talked about my brother last week."),),
        **more,
    )
    made: dict[str, Any] = {"data": data.as_json()}
    if suggested:
        regions = [
            {
                "id": f"r{turn}",
                "from_name": CODES,
                "to_name": DIALOGUE,
                "type": "paragraphlabels",
                "origin": "prediction",
                "score": 0.7,
                "value": {
                    "start": str(turn),
                    "end": str(turn),
                    "startOffset": 0,
                    "endOffset": len(TURNS[turn][1]),
                    "text": TURNS[turn][1],
                    "paragraphlabels": [code],
                },
            }
            for turn, code in suggested.items()
        ]
        made["predictions"] = [{"model_version": "m1", "score": 0.7, "result": regions}]
    return made


def said(results: list[dict[str, Any]], turn: int) -> dict[str, Any]:
    """What was answered about the one marker of a turn, by control."""
    code = next(r for r in results if r["from_name"] == CODES and r["value"]["start"] == str(turn))
    kinds = {"paragraphlabels": "paragraphlabels", "choices": "choices", "textarea": "text"}
    return {r["from_name"]: r["value"][kinds[r["type"]]][0] for r in results if r["id"] == code["id"]}


def outcome(results: list[dict[str, Any]]) -> list[str]:
    return next((list(r["value"]["choices"]) for r in results if r["from_name"] == "outcome"), [])


@pytest.fixture(scope="module")
def desk(label_studio: Any) -> Iterator[Desk]:
    """Log in to the real Label Studio, in Chromium and at its API."""
    login = f"{label_studio.url}/user/login/"
    with sync_playwright() as driver, httpx.Client(base_url=label_studio.url, follow_redirects=True, timeout=60) as api:
        browser = driver.chromium.launch(executable_path=chromium(driver), args=SWITCHES)
        form = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', api.get(login).text)
        assert form
        who = {"email": label_studio.username, "password": label_studio.password}
        api.post(login, data={**who, "csrfmiddlewaretoken": form[1]}, headers={"Referer": login})
        api.headers.update({"X-CSRFToken": api.cookies["csrftoken"], "Referer": label_studio.url})
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        at = Desk(label_studio.url, page, api)
        home = urlsplit(label_studio.url).netloc
        page.on(
            "request",
            lambda r: at.elsewhere.append(r.url) if urlsplit(r.url).netloc not in ("", home) else None,
        )
        page.goto(login)
        page.fill("input[name=email]", label_studio.username)
        page.fill("input[name=password]", label_studio.password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/user/login" not in url)
        yield at
        browser.close()


def test_a_suggestion_is_shown_under_its_codes_name_and_a_segment_is_coded_by_keyboard_alone(desk: Desk) -> None:
    project = desk.project([task(suggested={1: "W2"}), task("t-00000002")], arm="assisted")
    page = desk.open(project)
    listed = page.locator(".lsf-outliner")
    expect(listed).to_contain_text("W2 minimal response")
    expect(listed).to_contain_text("0.70")

    desk.press("Control+ArrowDown")  # to the suggestion, which is taken at once
    desk.press("Shift+R", "Shift+3", "Shift+Q", "Shift+B")
    desk.press("Control+ArrowDown", "Control+ArrowDown", "e", "Control+Shift+A", "Control+ArrowRight")
    expect(listed).to_contain_text("C3 complaint about activities")
    desk.press("Shift+M", "Shift+2", "Shift+W", "Shift+T", "Enter")
    page.keyboard.type("tired of the task, not of me")
    desk.press("Enter")
    desk.press("Control+ArrowDown", "g", "Control+Shift+A", "Control+ArrowRight")
    desk.press("Shift+M", "Shift+Alt+E", "Shift+P")
    desk.press("Shift+D", "Control+Enter")

    results = desk.results(project, "t-00000001")
    assert outcome(results) == ["markers_coded"]
    assert said(results, 1) == {
        "code": "W2", "review": "right", "significance": "3", "certainty": "sure", "strain": "bond",
    }  # fmt: skip
    assert said(results, 3) == {
        "code": "C3", "review": "mine", "significance": "2", "certainty": "fairly", "strain": "task",
        "memo": "tired of the task, not of me",
    }  # fmt: skip
    assert said(results, 4) == {"code": "R5", "review": "mine", "answers": "C3", "collaboration": "partly"}
    origin = {r["value"]["start"]: r["origin"] for r in results if r["from_name"] == CODES}
    assert origin == {"1": "prediction", "3": "manual", "4": "manual"}
    marked = next(r["value"] for r in results if r["from_name"] == CODES and r["value"]["start"] == "4")
    assert (marked["startOffset"], marked["endOffset"]) == (0, len(TURNS[4][1]))


def test_suggestions_cannot_be_accepted_unread(desk: Desk) -> None:
    project = desk.project([task(suggested={1: "W2"})], arm="assisted")
    page = desk.open(project)
    desk.press("Shift+D", "Control+Enter")
    expect(page.get_by_text("Say of every marker whether it was suggested rightly")).to_be_visible()
    annotations = desk.api.get("/api/tasks", params={"project": project, "fields": "all"}).json()["tasks"][0]
    assert not annotations["annotations"]


def test_a_segment_without_markers_takes_two_strokes_and_the_next_one_comes_up(desk: Desk) -> None:
    project = desk.project([task("t-00000001"), task("t-00000002")], arm="blind")
    page = desk.open(project)
    desk.press("Control+Enter")
    expect(page.get_by_text("How did the segment end?")).to_be_visible()
    page.wait_for_timeout(600)
    desk.press("Space")
    expect(page.get_by_text("How did the segment end?")).to_be_hidden()
    desk.press(*LEAVE_NO_MARKER)
    assert outcome(desk.results(project, "t-00000001")) == ["no_marker"]
    expect(page.locator(".rm-side .ant-checkbox-wrapper-checked")).to_have_count(0)
    expect(page.get_by_test_id("phrase:0")).to_be_focused()
    desk.press("Shift+Z", "Control+Enter")
    assert outcome(desk.results(project, "t-00000002")) == ["not_codable"]


def test_a_blind_page_shows_context_dialogue_and_nothing_of_the_machine(desk: Desk) -> None:
    page = desk.open(desk.project([task()], arm="blind"))
    shown = page.locator(".rm-page").inner_text().lower()
    assert "we had talked about my brother last week." in shown
    assert all(text.lower() in shown for _, text in TURNS)
    assert not [word for word in ("suggest", "predict", "score", "t-00000001", "00:00") if word in shown]
    expect(page.locator(".rm-context [data-testid^='phrase:']")).to_have_count(0)


def test_repair_questions_appear_for_a_repair_marker_alone(desk: Desk) -> None:
    page = desk.open(desk.project([task()], arm="blind"))
    repair = page.get_by_role("heading", name="Repair: collaboration returned")
    desk.press("Control+ArrowDown", "2", "Control+Shift+A", "Control+ArrowRight")
    expect(page.get_by_role("heading", name="Significance of this turn")).to_be_visible()
    expect(repair).to_be_hidden()
    desk.press("Control+ArrowDown", "f", "Control+Shift+A", "Control+ArrowRight")
    expect(repair).to_be_visible()


def test_the_coder_guide_is_one_click_away(desk: Desk) -> None:
    page = desk.open(desk.project([task()], arm="blind"))
    definition = page.get_by_text(BOOK.code("R10").definition)
    expect(definition).to_be_hidden()
    page.get_by_text("Coder guide", exact=True).click()
    expect(definition).to_be_visible()


def test_session_ratings_are_asked_for_on_a_sessions_last_segment_alone(desk: Desk) -> None:
    tasks = [task("t-00000001", session_end=()), task("t-00000002", session_end=(SessionEnd(),))]
    project = desk.project(tasks, arm="blind", mode="whole_session")
    page = desk.open(project)
    ratings = page.get_by_role("heading", name="Whole session (3RS")
    expect(ratings).to_have_count(0)
    desk.press(*LEAVE_NO_MARKER)
    expect(ratings).to_be_visible(timeout=20_000)
    expect(page.get_by_test_id("phrase:0")).to_be_focused()
    desk.press(*LEAVE_NO_MARKER)
    expect(page.get_by_text("The session ends here: please rate withdrawal.")).to_be_visible()
    page.wait_for_timeout(600)
    desk.press("Space", *["Shift+6"] * 3, *["Shift+7"] * 2, *["Shift+8"] * 4, *["Shift+9"] * 5, "Control+Enter")
    rated = {r["from_name"]: r["value"].get("rating") for r in desk.results(project, "t-00000002")}
    assert rated == {
        "outcome": None,
        "session_withdrawal": 3,
        "session_confrontation": 2,
        "session_resolution": 4,
        "session_contribution": 5,
    }


def test_the_page_asks_no_other_host_for_anything(desk: Desk) -> None:
    desk.open(desk.project([task(suggested={1: "W2"})], arm="assisted"))
    desk.page.wait_for_timeout(1000)
    assert desk.elsewhere == []
