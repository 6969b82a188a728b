"""`rupture demo-round`: the second half of the demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rupture_markers.cli_adjudicate import adjudicate_study, show_reasons
from rupture_markers.cli_agreement import show_agreement
from rupture_markers.cli_retrain import retrain
from rupture_markers.cli_study_models import list_of_study
from rupture_markers.cli_terminal import console, quiet_prefect, show_rows, watched
from rupture_markers.workflow.study import open_study


def demo_round(
    folder: Annotated[Path, typer.Option(help="Where 'rupture demo' put the sample study.")] = Path("demo-study"),
) -> None:
    """Code the demo's queue by two scripted coders, then collect, agreement, adjudicate by a third, retrain and renew.

    Example: `rupture demo-round`
    """
    from rupture_markers.workflow.demo_round import code_queue, decide_queue
    from rupture_markers.workflow.queue import local_server

    study = open_study(folder)
    quiet_prefect()
    with watched() as bar:
        given = code_queue(study)
        bar.say("starting Prefect")
        from rupture_markers.workflow.flows import collect

        collected = collect(str(study.path), False)
    console.print(
        f"Two scripted coders gave {given} answers, with the codings of two automated coders: no person coded these."
    )
    show_rows("Collected", collected.rows())
    show_agreement(study.path)
    adjudicate_study(study.path)
    with watched():
        decided = decide_queue(study)
    console.print(
        f"A scripted referee decided {decided} of them by a fixed rule (a mark that one coder gave stands): nobody judged these."
    )
    adjudicate_study(study.path, collect=True)
    show_reasons(study)
    # The shipped baseline learnt from sessions of the same kind, so that more of them need not make it better: a model
    # that is not worse is promoted here, for the renewal to be seen.
    retrain(study.path, allow_equal=True)
    list_of_study(study.path, as_json=False)
    console.print(f"Look at the renewed queue in Label Studio: {local_server(study).status().url}")
    console.print(f"Go back with: rupture models rollback {folder} --reason 'only a demo'")
