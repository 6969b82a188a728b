"""The demo: the sample study copied to a folder, a local Label Studio, one run."""

from __future__ import annotations

import shutil
from pathlib import Path

from rupture_markers.errors import StudyError
from rupture_markers.markers.defaults import default_file
from rupture_markers.transcripts.whole_file import private_folder, whole_text_file

_MARK = ".rupture-demo"


def demo_folder(folder: Path) -> Path:
    """Copy the sample study to a folder once; a second call leaves it as it is.

    Raises
    ------
    StudyError
        If the folder holds something else.
    """
    if (folder / _MARK).exists():
        return folder
    if folder.exists() and any(folder.iterdir()):
        raise StudyError("the folder is not empty.", "Name another with --folder.", path=folder)
    shutil.copytree(default_file("configs/sample-study"), folder, dirs_exist_ok=True)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    (folder / _MARK).touch(mode=0o600)
    return folder


_CONFIG = """\
# {name}: every key with its meaning stands in configs/study.yaml and docs/workflow.md
study: {name}
transcripts: transcripts
sessions: sessions.csv
speakers:
  # label in your transcripts: client, therapist or other
  T: therapist
  C: client
segments: {{by: turns, turns: 20, context_turns: 6}}
selection: {{budget: 0.3, uncertain: 0.1, control: 0.1, seed: 1}}
coding:
  mode: flagged_segments
  coders: [coder1, coder2]
  double_coded: 0.5
  blind: 0.5
"""


def new_study(folder: Path, name: str) -> list[Path]:
    """Make a study folder to fill; nothing that is there is overwritten.

    Returns
    -------
    list of Path
        What was made.

    Raises
    ------
    StudyError
        If there is a study already.
    """
    config = folder / "study.yaml"
    if config.exists():
        raise StudyError("there is a study here already.", "Name another folder.", path=folder)
    private_folder(folder / "transcripts")
    with whole_text_file(config) as out:
        out.write(_CONFIG.format(name=name))
    sessions = folder / "sessions.csv"
    if not sessions.exists():
        with whole_text_file(sessions) as out:
            out.write("session_id,case_id,session_number,therapist_id\n")
    ignore = folder / ".gitignore"
    if not ignore.exists():
        with whole_text_file(ignore) as out:
            out.write("work/\nlabel-studio/\n")
    return [config, sessions, folder / "transcripts"]
