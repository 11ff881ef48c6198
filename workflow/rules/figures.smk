"""The study's figures, in every format of config.yaml.

REQUIRED INPUTS   results/<study>/{images,cohort,models}/
OUTPUTS           results/<study>/figures/<figure>.{pdf,png,svg}; of voxelwise models <figure>.html too
"""

from recohort.caveats import caveats_of

TEMPLATES = [
    os.path.relpath(path)
    for path in sorted(Path(WORKFLOW, "report").iterdir())
    if path.suffix in (".j2", ".css", ".js")
]


rule draw_figure:
    input:
        results=lambda wildcards: STUDIES[wildcards.study].figure_results(
            wildcards.figure
        ),
        maps=lambda wildcards: STUDIES[wildcards.study].figure_maps(wildcards.figure),
        plan=lambda wildcards: STUDIES[wildcards.study].plan,
        code=lambda wildcards: code(
            "draw_figure",
            f"recohort.figures.{CONFIGS[wildcards.study]['figures'][wildcards.figure]['kind']}",
            *STUDIES[wildcards.study].guards,
        ),
    output:
        report(
            "results/{study}/figures/{figure}.png",
            caption="../report/caption.rst",
            category="{study}",
            subcategory="Figures",
            labels={"figure": "{figure}"},
        ),
        expand(
            "results/{study}/figures/{figure}.{format}",
            format=[ending for ending in RUN["figure_formats"] if ending != "png"],
            allow_missing=True,
        ),
    log:
        "results/{study}/logs/figures/{figure}.log",
    params:
        entry=lookup("{study}/figures/{figure}", within=CONFIGS),
        columns=lambda wildcards: cohort_columns(CONFIGS[wildcards.study]),
        caveats=lambda wildcards: caveats_of(STUDIES[wildcards.study]),
        level=lambda wildcards: STUDIES[wildcards.study].level(
            "figures", wildcards.figure
        ),
    script:
        "../scripts/draw_figure.py"


rule build_viewer:
    input:
        maps=lambda wildcards: STUDIES[wildcards.study].figure_maps(wildcards.figure),
        plan=lambda wildcards: STUDIES[wildcards.study].plan,
        templates=TEMPLATES,
        code=lambda wildcards: code("build_viewer", *STUDIES[wildcards.study].guards),
    output:
        "results/{study}/figures/{figure}.html",
    log:
        "results/{study}/logs/figures/{figure}.viewer.log",
    params:
        entry=lookup("{study}/figures/{figure}", within=CONFIGS),
        caveats=lambda wildcards: caveats_of(STUDIES[wildcards.study]),
    script:
        "../scripts/build_viewer.py"
