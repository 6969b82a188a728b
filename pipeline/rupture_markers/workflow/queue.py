"""The last stage: each coder's projects on Label Studio brought up to date."""

from __future__ import annotations

from dataclasses import dataclass

from rupture_markers.coding.assignment import read_assignments
from rupture_markers.coding.label_studio import LabelStudioClient
from rupture_markers.coding.labeling_config import labeling_config
from rupture_markers.coding.ledger import Ledger
from rupture_markers.coding.local_server import LocalLabelStudio
from rupture_markers.coding.push import ProjectPlan, PushReport, push
from rupture_markers.coding.server_access import read_token
from rupture_markers.errors import LabelStudioError
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import Arm
from rupture_markers.workflow import gate, reading, stages
from rupture_markers.workflow.study import Study


@dataclass(frozen=True, slots=True)
class ProjectOutcome:
    """What a push of one project did; ids and counts alone."""

    coder: str
    arm: str
    created: int
    changed: int
    unchanged: int
    predictions_renewed: int
    deleted: int
    stale: tuple[str, ...]


def local_server(study: Study) -> LocalLabelStudio:
    """The Label Studio that rupture keeps for this study."""
    return LocalLabelStudio(study.folder / "label-studio")


def client_of(study: Study) -> LabelStudioClient:
    """Client of the configured Label Studio, or of the local one.

    Raises
    ------
    LabelStudioError
        If the local one does not run, or there is no token.
    """
    asked = study.config.label_studio
    if asked.url is not None:
        path = None if asked.token_file is None else study.folder / asked.token_file
        return LabelStudioClient(asked.url, read_token(path))
    server = local_server(study)
    status = server.status()
    if not status.running:
        raise LabelStudioError(
            "the local Label Studio does not run.",
            "Start it with 'rupture label-studio start', or write files with 'rupture run --to-file DIR'.",
        )
    return LabelStudioClient(status.url, server.token())


def project_key(study: Study, coder: str, arm: Arm) -> str:
    """Our key of a coder's project, by which it is found on any server."""
    return f"rupture-markers {study.config.study}/{coder}/{arm}."


def plan_of(study: Study, coder: str, arm: Arm, codebook: Codebook) -> ProjectPlan:
    """What a coder's project of one arm must be."""
    name = study.config.study
    title = f"{name}: {coder}, {'with suggestions' if arm == 'assisted' else 'without suggestions'}"
    return ProjectPlan(
        coder=coder,
        arm=arm,
        key=project_key(study, coder, arm),
        title=title[:50],
        label_config=labeling_config(codebook, arm=arm, mode=study.config.coding.mode, times=stages.shows_times(study)),
        instruction="Keys and coder guide stand on the page itself.",
    )


def push_project(study: Study, coder: str, arm: Arm) -> ProjectOutcome:
    """Bring one coder's project of one arm up to date with the assignments of the study.

    Sessions that the de-identification gate stops are not among them; tasks of theirs that nobody worked on are taken
    off the server again.
    """
    codebook = study.codebook()
    model_id = stages.model_id_of(study)
    names = reading.session_names(study)
    mine = [
        a
        for a in stages.standing(study, names, read_assignments(study.assignments))
        if (a.coder, a.arm) == (coder, arm)
    ]
    allowed = set(gate.passed(study, sorted({a.session_id for a in mine})).allowed)
    mine = [a for a in mine if a.session_id in allowed]
    with client_of(study) as client:
        report: PushReport = push(
            plan_of(study, coder, arm, codebook),
            list(stages.tasks(study, mine, codebook, model_id)),
            codebook,
            client,
            Ledger.open(study.projects, client.url),
            batch=study.config.label_studio.batch,
        )
    return ProjectOutcome(
        coder, arm, report.created, report.changed, report.unchanged, report.predictions_renewed, report.deleted,
        report.stale,
    )  # fmt: skip
