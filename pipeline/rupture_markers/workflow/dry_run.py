"""What a run would do, without doing it."""

from __future__ import annotations

from dataclasses import dataclass

from rupture_markers.learning.selection import current_decisions, read_decisions
from rupture_markers.workflow import reading, stages
from rupture_markers.workflow.config import config_sha256
from rupture_markers.workflow.study import Study, read_json


@dataclass(frozen=True, slots=True)
class Plan:
    """Counts of what is new."""

    files_to_read: int
    files_unchanged: int
    sessions_to_score: int
    sessions_unchanged: int
    segments_decided: int
    segments_undecided: int

    def rows(self) -> list[tuple[str, str]]:
        """As rows of a table."""
        return [
            ("files to read", str(self.files_to_read)),
            ("files unchanged", str(self.files_unchanged)),
            ("sessions to score (of those read before)", str(self.sessions_to_score)),
            ("sessions unchanged", str(self.sessions_unchanged)),
            ("segments to decide (of those read before)", str(self.segments_undecided)),
            ("segments decided before", str(self.segments_decided)),
        ]


def what_would_be_done(study: Study) -> Plan:
    """Compare the study with what earlier runs left; nothing is written or sent."""
    files = reading.source_files(study)
    known = reading.identities(study)
    same = [path for path in files if reading.is_read(study, path, known) is not None]
    codebook = study.codebook()
    base = stages.score_key(study, stages.model_id_of(study), codebook, "")
    decided = current_decisions(read_decisions(study.decisions))
    fresh = scored = undecided = 0
    for name in reading.session_names(study):
        transcript = reading.session(study, name)
        kept = read_json(study.session_file("suggestions", name, ".json"))
        if kept is not None and kept.get("key") == config_sha256(base, transcript.content_sha256):
            scored += 1
        else:
            fresh += 1
        undecided += sum(part.segment_id not in decided for part in stages.study_segments(study, transcript))
    return Plan(len(files) - len(same), len(same), fresh, scored, len(decided), undecided)
