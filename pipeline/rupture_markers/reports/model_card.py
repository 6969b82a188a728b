"""The model card, written from the manifest alone."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markdown_it import MarkdownIt

from rupture_markers.learning.manifest import Manifest
from rupture_markers.learning.model_exchange import CARD_PAGE
from rupture_markers.learning.registry import CARD_FILE, model_folder, read_manifest
from rupture_markers.reports.estimate_text import in_words
from rupture_markers.transcripts.whole_file import whole_text_file

_TEMPLATE = """\
# Model {{ m.id }}

Made {{ m.created[:10] }}{% if m.parent %} from {{ m.parent }}{% endif %}. Language: {{ m.language }}. \
Codebook {{ m.codebook_name }} {{ m.codebook_version }}, cues {{ m.cues_version }}. \
{{ "%.1f"|format(m.size_bytes / 1e6) }} MB.

## What it is for

It gives each turn of a two-person counselling or psychotherapy transcript a probability of a marker of alliance \
rupture (withdrawal, confrontation: client's turns) or of a repair strategy (therapist's turns), so that **people** \
know where to look first when they code. What coders decide is the result; a score is not.

It is **not** for:

- clinical decisions, diagnosis or prognosis of any person, or alarms during a session;
- ranking, paying or supervising therapists, or rating a session's quality;
- use as gold standard, or in place of a coder;
- languages other than '{{ m.language }}' (refused unless forced), or dialogues of more than two people.

## What it learnt from

| set | sessions |
|---|---|
{% for name, count in m.training_sets.items() -%}
| {{ name }} | {{ count }} |
{% endfor %}
{{ m.training_cases|length }} cases; {{ m.held_out_cases|length }} cases were kept out of training on purpose.
{% if m.config.set_weights %}
{% for name, weight in m.config.set_weights.items() -%}
Turns of '{{ name }}' weigh {{ weight }} of the others.
{% endfor -%}
{% endif %}
**Labels** come from: {{ m.label_source }}. Every figure below is agreement with such labels.

**Licence of the model file**: {{ m.licence }}.
{% for source in m.data_sources %}
- {{ source }}
{%- endfor %}

## How it works

Logistic regressions on TF-IDF of a turn's words, word pairs and characters and of its neighbours' words; gradient \
boosting over their out-of-fold scores four turns before and after, the session's level, and {{ m.features }} named \
features of the dialogue; \
{% if m.format >= 3 %}added to it a second logistic regression that hears the session's words and these features, too; \
{% endif %}a logistic calibration on scores out of fold. Soft labels: the share of coders. \
{% if m.graded_turns %}That second regression also learnt how far a turn is a marker (0 to 9) from {{ m.graded_turns }} training \
turns that large language models graded. {% endif %}\
{{ m.terms }} terms, none of which occurs in fewer than {{ m.least_cases_a_term }} training cases; no response \
latencies.

## Figures
{% if m.metrics %}
{{ m.metrics.procedure[0]|upper }}{{ m.metrics.procedure[1:] }} (seed {{ m.metrics.seed }}).

AP: average precision over turns that the coders agree on; in brackets with the disputed turns, weighted by the \
coders' shares. Base rate: share of marked among agreed turns. Brier skill above 0: better than \
always saying the base rate.

| set | family | turns | marked | disputed | base rate | AP | TF-IDF alone | AUC | Brier skill |
|---|---|---|---|---|---|---|---|---|---|
{% for set, families in m.metrics.by_set.items() -%}
{% for family, f in families.items() -%}
| {{ set }} | {{ family }} | {{ f.turns }} | {{ f.positive }} | {{ f.disputed }} | \
{{ "%.3f"|format(f.positive / (f.turns - f.disputed)) }} | \
**{{ "%.3f"|format(f.ap) }}** ({{ "%.3f"|format(f.ap_all) }}) | \
{% if f.baseline_ap is not none %}{{ "%.3f"|format(f.baseline_ap) }} ({{ "%.3f"|format(f.baseline_ap_all) }})\
{% endif %} | {{ "%.3f"|format(f.auc) }} | {{ "%+.3f"|format(f.brier_skill) }} |
{% endfor -%}
{% endfor %}
{% else %}
None were computed for this model.
{% endif %}
{%- if m.evaluation %}
## Evaluation

{{ m.evaluation.procedure[0]|upper }}{{ m.evaluation.procedure[1:] }}; {{ m.evaluation.cases }} cases. \
Labels: {{ m.evaluation.labels }}. In brackets 95 % intervals from {{ m.evaluation.replicates }} bootstrap samples of \
whole cases.

| set | family | marked | base rate | AP | TF-IDF | recall at 20 % read | work saved | Brier skill | calibration error |
|---|---|---|---|---|---|---|---|---|---|
{% for set, cells in m.evaluation.by_set.items() -%}
{% for family, c in cells.items() -%}
| {{ set }} | {{ family }} | {{ c.positive }}{{ " (too few)" if c.too_few }} | {{ "%.3f"|format(c.base_rate) }} | \
{{ c.figures.get("ap")|estimate }} | {{ c.baselines.get("TF-IDF", {}).get("ap")|estimate }} | \
{{ c.figures.get("recall_20")|estimate }} | {{ c.figures.get("work_saved")|estimate }} | \
{{ c.figures.get("brier_skill")|estimate(true) }} | {{ c.figures.get("calibration_error")|estimate }} |
{% endfor -%}
{% endfor %}
| family | codes | turns | likeliest code right | among three | commonest code |
|---|---|---|---|---|---|
{% for a in m.evaluation.code_accuracy -%}
| {{ a.family }} | {{ a.codes|join(", ") }} | {{ a.turns }}{{ " (too few)" if a.too_few }} | {{ a.top_1|estimate }} | \
{{ a.top_3|estimate }} | {{ a.majority_1|estimate }} |
{% endfor %}
{% if m.evaluation.cross_set -%}
Trained on one set, scored on another:

| trained on | scored | family | base rate | AP | TF-IDF | Brier skill |
|---|---|---|---|---|---|---|
{% for c in m.evaluation.cross_set -%}
| {{ c.trained_on }} | {{ c.scored }} | {{ c.family }} | {{ "%.3f"|format(c.base_rate) }} | {{ c.ap|estimate }} | \
{{ c.baseline_ap|estimate }} | {{ c.brier_skill|estimate(true) }} |
{% endfor %}
{% endif -%}
{% if m.evaluation.behaviour -%}
Behavioural checks, pairs of invented dialogues (docs/evaluation.md):

| check | kind | passed |
|---|---|---|
{% for b in m.evaluation.behaviour -%}
| {{ b.check }} | {{ b.kind }} | {{ b.passed }} of {{ b.pairs }} |
{% endfor %}
{% endif -%}
{% endif %}
{%- if m.own %}
## A lab's own part

The model stands on {{ m.own.base }}. For each family one of three was chosen on scores out of fold, grouped by case: \
the baseline as it is, both (its log-odds beside the lab's own words in one regularised logistic regression), or the \
lab's own words alone. Learnt from {{ m.own.turns }} turns with gold, {{ m.own.assisted_turns }} of them coded with \
suggestions in view.

| family | marked turns | chosen | AP baseline | AP both | AP own words |
|---|---|---|---|---|---|
{% for family, choice in m.own.choices.items() -%}
| {{ family }} | {{ "%g"|format(m.own.marked.get(family, 0)) }} | {{ choice }} |\
{% for kind in ("baseline", "both", "own") %} \
{% if family in m.own.average_precision %}{{ "%.3f"|format(m.own.average_precision[family][kind]) }}{% endif %} |\
{% endfor %}
{% endfor %}
{% if m.own.comparison -%}
Compared with {{ m.own.comparison.champion }} on {{ m.own.comparison.cases }} held-out cases, coded blind by two coders \
or adjudicated; {{ "%.0f"|format(m.own.comparison.level * 100) }} % intervals from a paired bootstrap over cases:

| family | measure | turns | marked | {{ m.own.comparison.champion }} | this model | difference |
|---|---|---|---|---|---|---|
{% for family, f in m.own.comparison.families.items() -%}
| {{ family }} | {{ f.measure }} | {{ f.turns }} | {{ "%g"|format(f.marked) }} | {{ "%.3f"|format(f.champion) }} | \
{{ "%.3f"|format(f.candidate) }} ({{ "%.3f"|format(f.candidate_low) }} to {{ "%.3f"|format(f.candidate_high) }}) | \
{{ "%+.3f"|format(f.difference) }} ({{ "%+.3f"|format(f.low) }} to {{ "%+.3f"|format(f.high) }}) |
{% endfor %}
{% endif -%}
{% endif %}
## Thresholds

{{ m.thresholds.rule[0]|upper }}{{ m.thresholds.rule[1:] }}: {{ "%.0f"|format(m.thresholds.recall * 100) }} %.

| family | threshold | turns flagged | of these marked |
|---|---|---|---|
{% for family, value in m.thresholds.value.items() -%}
| {{ family }} | {{ "%.3f"|format(value) }} | {{ "%.1f"|format(100 * m.thresholds.flagged.get(family, 0)) }} % | \
{{ "%.0f"|format(100 * m.thresholds.precision.get(family, 0)) }} % |
{% endfor %}
## What to keep in mind

- Much is missed and many flags are wrong: see average precision and thresholds. The random control share of segments \
is there so that a study can measure what is missed.
- The sets are demonstrations, people talking with a chatbot, and sessions that were written: none is routine psychotherapy. \
A figure on written sessions (invented, lifelike) says nothing about real ones. \
Expect lower figures elsewhere, and less trustworthy probabilities.
- Two coders of one kind agree more than two people would; validity against trained people has not been measured.
- Politeness, deference, dialect and chat spelling differ between people and cultures; the sets are too small to \
measure how the model treats them.

## For the record

File SHA-256 `{{ m.sha256 }}`; codebook SHA-256 `{{ m.codebook_sha256[:16] }}…`; \
{% for name, version in m.libraries.items() %}{{ name }} {{ version }}{{ ", " if not loop.last }}{% endfor %}; \
types trusted on loading: {{ m.trusted_types|join(", ") }}.
"""


def model_card(manifest: Manifest) -> str:
    """Card of a model, in Markdown."""
    # Markdown for people's eyes, not HTML: escaping would spoil it.
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701
    environment.filters["estimate"] = in_words
    return environment.from_string(_TEMPLATE).render(m=manifest)


_PAGE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Model {{ title }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } td, th { border: 1px solid #999; padding: .2rem .5rem; text-align: left; }
</style></head>
<body>
{{ body|safe }}
</body></html>
"""


def card_page(manifest: Manifest) -> str:
    """Card of a model, as a page of HTML that needs nothing else."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(model_card(manifest))
    return (
        Environment(undefined=StrictUndefined, autoescape=True).from_string(_PAGE).render(title=manifest.id, body=body)
    )


def write_model_card(ref: str | Path, *, page: bool = False) -> Path:
    """Write ``card.md`` beside a model's manifest, and ``card.html`` where a page is asked for.

    Raises
    ------
    ModelError
        If there is no such model.
    """
    path = model_folder(ref) / CARD_FILE
    with whole_text_file(path) as out:
        out.write(model_card(read_manifest(ref)))
    if page:
        with whole_text_file(path.with_name(CARD_PAGE)) as out:
            out.write(card_page(read_manifest(ref)))
    return path
