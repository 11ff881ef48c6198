"""Participants and metrics to the analysed cohort: assembled, eligible, matched.

REQUIRED INPUTS   participants.tsv (or a table), results/<study>/metrics/metrics.tsv, results/<study>/images/status.tsv
OUTPUTS           results/<study>/cohort/{assembled,eligible,matched,balance}.tsv, flow.json
"""


rule import_table:
    input:
        code=code("import_table"),
        table=lambda wildcards: STUDIES[wildcards.study].table_file,
    output:
        "results/{study}/cohort/participants.tsv",
    log:
        "results/{study}/logs/cohort/import_table.log",
    params:
        table=lookup("{study}/data/table", within=CONFIGS),
        columns=lookup("{study}/data/columns", within=CONFIGS),
    script:
        "../scripts/import_table.py"


rule assemble_cohort:
    input:
        participants=lambda wildcards: STUDIES[wildcards.study].participants,
        metrics=lambda wildcards: (
            rules.gather_metrics.output.metrics
            if STUDIES[wildcards.study].has_images
            else []
        ),
        status=lambda wildcards: (
            rules.gather_status.output.status
            if STUDIES[wildcards.study].has_images
            else []
        ),
        code=code("assemble_cohort"),
    output:
        assembled="results/{study}/cohort/assembled.tsv",
        warnings="results/{study}/cohort/assembled.warnings.tsv",
    log:
        "results/{study}/logs/cohort/assemble_cohort.log",
    params:
        columns=lookup("{study}/data/columns", within=CONFIGS),
        outcome=lookup("{study}/cohort/outcome", within=CONFIGS, default=None),
    script:
        "../scripts/assemble_cohort.py"


rule select_eligible:
    input:
        assembled=rules.assemble_cohort.output.assembled,
        code=code("select_eligible"),
    output:
        eligible="results/{study}/cohort/eligible.tsv",
        steps="results/{study}/cohort/eligible.json",
    log:
        "results/{study}/logs/cohort/select_eligible.log",
    params:
        eligibility=lookup("{study}/cohort/eligibility", within=CONFIGS),
    script:
        "../scripts/select_eligible.py"


rule match_cohort:
    input:
        eligible=rules.select_eligible.output.eligible,
        code=code("match_cohort"),
    output:
        matched="results/{study}/cohort/matched.tsv",
        balance="results/{study}/cohort/balance.tsv",
        warnings="results/{study}/cohort/matched.warnings.tsv",
    log:
        "results/{study}/logs/cohort/match_cohort.log",
    params:
        matching=lookup("{study}/cohort/matching", within=CONFIGS, default=None),
        columns=lambda wildcards: cohort_columns(CONFIGS[wildcards.study]),
        seed=RUN["seed"],
    script:
        "../scripts/match_cohort.py"


rule count_flow:
    input:
        steps=rules.select_eligible.output.steps,
        eligible=rules.select_eligible.output.eligible,
        matched=lambda wildcards: (
            rules.match_cohort.output.matched
            if "matching" in CONFIGS[wildcards.study]["cohort"]
            else []
        ),
        code=code("count_flow"),
    output:
        "results/{study}/cohort/flow.json",
    log:
        "results/{study}/logs/cohort/count_flow.log",
    params:
        groups=lookup("{study}/cohort/groups", within=CONFIGS, default=None),
    script:
        "../scripts/count_flow.py"
