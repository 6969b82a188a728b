"""`rupture evaluate`, `rupture models check`, `rupture models audit`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from rupture_markers.cli_terminal import console, echo_json, errors, report_failures, require_terminal, watched
from rupture_markers.errors import ConfigError
from rupture_markers.transcripts.control_characters import displayed

if TYPE_CHECKING:
    from rupture_markers.learning.evaluation_report import CheckRate, EvaluationReport

BELOW = 1
"""Exit status of a check that does not hold: a pass rate below its floor, a term without an allowance."""
PAGE_FILE, JSON_FILE = "evaluation.html", "evaluation.json"
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for a script.")]
PairsFile = Annotated[
    Path | None, typer.Option("--pairs", help="Pairs of the behavioural checks; the clone's without.")
]
Model = Annotated[str, typer.Argument(help="Name or folder of a model.")]


def register(app: typer.Typer, models_app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(evaluate)
    models_app.command("check")(check)
    models_app.command("audit")(audit)
    models_app.command("card")(card)


def evaluate(
    folders: Annotated[
        list[Path], typer.Argument(help="Studies, or folders with transcripts.jsonl and codings.jsonl.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for evaluation.json and evaluation.html.")] = Path("evaluation"),
    model: Annotated[str | None, typer.Option(help="Evaluate this saved model; nothing is trained.")] = None,
    like: Annotated[
        str | None, typer.Option(help="Fit as this model was fitted, without the cases that it kept out.")
    ] = None,
    degrees: Annotated[
        Path | None, typer.Option(help="Degrees of the turns, as of models/training-data, to learn beside the marks.")
    ] = None,
    labels: Annotated[str, typer.Option(help="Whose the codes are, as the page shall say it.")] = "",
    codebook: Annotated[Path | None, typer.Option(help="Codebook of the codings; the shipped one without.")] = None,
    folds: Annotated[int, typer.Option(min=2, help="Of the cross-validation.")] = 10,
    repeats: Annotated[int, typer.Option(min=1, help="Cross-validations, each with other folds.")] = 1,
    replicates: Annotated[int, typer.Option(min=100, help="Bootstrap samples of cases.")] = 1000,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    ablation: Annotated[bool, typer.Option("--ablation", help="Leave out each group of features in turn.")] = False,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(help="Groups that the ablation leaves out together, as 'thread+style'; may be given again."),
    ] = None,
    learning_curve: Annotated[
        bool, typer.Option("--learning-curve", help="Learn from growing shares of cases.")
    ] = False,
    cross_set: Annotated[bool, typer.Option("--cross-set", help="Learn each set alone, score the others.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="3 folds, 200 bootstrap samples.")] = False,
    pairs: PairsFile = None,
    show_text: Annotated[
        bool, typer.Option("--show-text", help="Show the words of the misses, on a terminal only and in the page.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate on coded data: cross-validation by case, or a saved model; JSON, a table and one page.

    Example: `rupture evaluate my-study --folds 5`
    """
    from dataclasses import replace

    from rupture_markers.learning.evaluation_variations import EvaluationOptions
    from rupture_markers.markers.codebook import load_codebook
    from rupture_markers.workflow.evaluating import (
        MissedWords,
        evaluate_set,
        learn_degrees,
        open_evaluation_set,
        way_of,
        words_of_misses,
        write_evaluation,
    )

    if show_text:
        require_terminal()
    if model is not None and (ablation or leave_out or learning_curve or cross_set or like or degrees):
        raise ConfigError(
            "a saved model is scored, not trained.",
            "Leave out --model, or --like, --degrees, --ablation, --learning-curve, --cross-set.",
        )
    options = EvaluationOptions(
        folds=folds, repeats=repeats, replicates=replicates, workers=workers,
        ablation=ablation or bool(leave_out), left_out=tuple(leave_out or ()), learning_curve=learning_curve,
        cross_set=cross_set,
    )  # fmt: skip
    if quick:
        options = replace(options, folds=3, replicates=200)
    book = load_codebook(codebook)
    given = open_evaluation_set(folders, book, labels)
    if like is not None:
        way = way_of(like)
        options, given = replace(options, config=way.config), given.without_cases(way.kept_out)
        if way.degrees and degrees is None:
            errors.print(
                f"{like} learnt degrees, too; without --degrees its way of training is measured on marks alone"
            )
    if degrees is not None:
        given = learn_degrees(given, degrees)
    with watched() as bar:
        report = evaluate_set(given, book, options, model=model, pairs=pairs, observer=bar)
    missed = words_of_misses(report, given, folders) if show_text else MissedWords({})
    write_evaluation(out, report, missed.texts)
    if as_json:
        echo_json(report)
    else:
        show_report(report)
        for (session_id, turn), words in missed.texts.items():
            console.print(f"{displayed(session_id)} {turn}: {displayed(words)}", markup=False, highlight=False)
        console.print(f"{out / PAGE_FILE} and {out / JSON_FILE} written; {report.seconds:.0f} s")
    report_failures(list(missed.notices))


def show_report(report: EvaluationReport) -> None:
    """The main figures as a table."""
    from rupture_markers.reports.estimate_text import in_words

    table = Table(title="Evaluation", caption=f"Labels: {report.labels}. In brackets: 95 % intervals over cases.")
    for name in ("set", "family", "marked", "AP", "TF-IDF", "recall at 20 %", "work saved", "Brier skill"):
        table.add_column(name)
    for name, cells in report.by_set.items():
        for family, cell in cells.items():
            tfidf = cell.baselines.get("TF-IDF", {}).get("ap")
            figures = [in_words(cell.figures.get(what)) for what in ("ap", "recall_20", "work_saved")]
            figures.insert(1, f"{tfidf.value:.2f}" if tfidf else "")
            figures.append(in_words(cell.figures.get("brier_skill"), signed=True))
            marked = f"{cell.positive}\nof {cell.turns}"
            # The interval below its figure: a terminal of 80 columns holds them.
            rows = (name, family, marked, *(figure.replace(" [", "\n[") for figure in figures))
            table.add_row(*rows, style="dim" if cell.too_few else None)
    console.print(table)
    if report.behaviour:
        show_rates(report.behaviour)


def show_rates(rates: list[CheckRate]) -> None:
    """Pass rates as a table."""
    table = Table("check", "kind", "passed", "mean change (log-odds)", title="Behavioural checks")
    for rate in rates:
        table.add_row(rate.check, rate.kind, f"{rate.passed} of {rate.pairs}", f"{rate.mean_change:.2f}")
    console.print(table)


def check(
    model: Model = "baseline",
    pairs: PairsFile = None,
    floors: Annotated[Path | None, typer.Option(help="YAML of the least pass rate of each check.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the behavioural checks on a model; status 1 where a pass rate lies below its floor.

    Example: `rupture models check baseline`
    """
    from rupture_markers.learning.behaviour import pass_rates, read_floors
    from rupture_markers.learning.registry import load_model
    from rupture_markers.workflow.evaluating import check_behaviour, shipped_pairs

    found = shipped_pairs(pairs)
    if not found:
        raise ConfigError("this installation has no file of pairs.", "Give one with --pairs (docs/evaluation.md).")
    rates = pass_rates(check_behaviour(load_model(model), found))
    if as_json:
        typer.echo(json.dumps([rate.model_dump() for rate in rates]))
    else:
        show_rates(rates)
    least = read_floors(floors) if floors else {}
    low = [rate.check for rate in rates if rate.passed / rate.pairs < least.get(rate.check, 0.0)]
    for name in low:
        errors.print(f"below its floor: {name}", style="red")
    if low:
        raise typer.Exit(BELOW)


def audit(
    model: Model = "baseline",
    every: Annotated[bool, typer.Option("--every", help="List every term of the vocabulary, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List terms of a model that look like a name, place, number or date; status 1 where one has no allowance.

    Example: `rupture models audit baseline`
    """
    from rupture_markers.learning.audit import audit_model

    found = audit_model(model)
    if as_json:
        typer.echo(json.dumps(found.to_json(every=every)))
    else:
        if every:
            for term in found.terms:
                console.print(term, markup=False, highlight=False)
        table = Table("word", "looks like", "terms", "allowed because", title=f"{len(found.terms)} terms")
        for flag in found.flags:
            table.add_row(
                flag.word, flag.kind, str(len(flag.terms)), flag.reason or "-", style=None if flag.reason else "red"
            )
        console.print(table)
    if found.not_allowed:
        errors.print(
            f"{len(found.not_allowed)} words have no allowance. Deny them (annotations/denied-terms.txt) and train again, "
            "or allow them with a reason in allowed-terms.yaml beside the model.",
            style="red",
        )
        raise typer.Exit(BELOW)


def card(
    model: Model = "baseline",
    evaluation: Annotated[
        Path | None, typer.Option(help="evaluation.json whose figures go into the model's manifest.")
    ] = None,
) -> None:
    """Write a model's card again, as card.md and card.html, with the figures of an evaluation if one is given.

    Example: `rupture models card my-model --evaluation evaluation/evaluation.json`
    """
    from rupture_markers.reports.model_card import write_model_card
    from rupture_markers.workflow.evaluating import keep_evaluation

    if evaluation is not None:
        keep_evaluation(model, evaluation)
    console.print(f"{write_model_card(model, page=True)} written")
