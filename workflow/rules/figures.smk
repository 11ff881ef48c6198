"""The study's figures, in every format of config.yaml.

REQUIRED INPUTS   results/<study>/{images,cohort,models}/
OUTPUTS           results/<study>/figures/<figure>.{pdf,png,svg}
"""


def figure_inputs(wildcards):
    """The results that a figure is drawn from."""
    study = STUDIES[wildcards.study]
    return study.files(figure_sources(study.config["figures"][wildcards.figure]).values())


rule draw_figure:
    input:
        results=figure_inputs,
        code=lambda wildcards: code(
            "draw_figure", f"recohort.figures.{CONFIGS[wildcards.study]['figures'][wildcards.figure]['kind']}"
        ),
    output:
        expand("results/{study}/figures/{figure}.{format}", format=RUN["figure_formats"], allow_missing=True),
    log:
        "results/{study}/logs/figures/{figure}.log",
    params:
        entry=lookup("{study}/figures/{figure}", within=CONFIGS),
        columns=lambda wildcards: cohort_columns(CONFIGS[wildcards.study]),
        synthetic=lambda wildcards: STUDIES[wildcards.study].dataset.synthetic,
    script:
        "../scripts/draw_figure.py"
