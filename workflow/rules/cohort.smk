"""Participants and metrics to the analysed cohort: assembled, eligible, matched, weighted, imputed.

REQUIRED INPUTS   participants.tsv (or a table), results/<study>/metrics/metrics.tsv, results/<study>/images/status.tsv
OUTPUTS           results/<study>/cohort/{assembled,eligible,matched,weighted,imputed,balance}.tsv, flow.json
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
        table=setting("data/table"),
        columns=setting("data/columns"),
    script:
        "../scripts/import_table.py"


rule assemble_cohort:
    input:
        participants=lambda wildcards: STUDIES[wildcards.study].participants,
        metrics=lambda wildcards: (
            STUDIES[wildcards.study].place("metrics/metrics.tsv")
            if STUDIES[wildcards.study].has_images
            else []
        ),
        status=lambda wildcards: (
            STUDIES[wildcards.study].place("images/status.tsv")
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
        columns=setting("data/columns"),
        outcome=setting("cohort/outcome"),
        derived=setting("cohort/derived"),
    script:
        "../scripts/assemble_cohort.py"


rule select_eligible:
    input:
        assembled=result("cohort/assembled.tsv"),
        code=code("select_eligible"),
    output:
        eligible="results/{study}/cohort/eligible.tsv",
        steps="results/{study}/cohort/eligible.json",
    log:
        "results/{study}/logs/cohort/select_eligible.log",
    params:
        eligibility=setting("cohort/eligibility"),
    script:
        "../scripts/select_eligible.py"


rule match_cohort:
    input:
        eligible=result("cohort/eligible.tsv"),
        steps=result("cohort/eligible.json"),
        code=code("match_cohort"),
    output:
        matched="results/{study}/cohort/matched.tsv",
        supported="results/{study}/cohort/supported.tsv",
        steps="results/{study}/cohort/supported.json",
        warnings="results/{study}/cohort/matched.warnings.tsv",
    log:
        "results/{study}/logs/cohort/match_cohort.log",
    params:
        matching=lambda wildcards: STUDIES[wildcards.study].adjustment("matching"),
        columns=lambda wildcards: cohort_columns(STUDIES[wildcards.study].config),
        seed=RUN["seed"],
    script:
        "../scripts/match_cohort.py"


rule weight_cohort:
    input:
        eligible=result("cohort/eligible.tsv"),
        code=code("weight_cohort"),
    output:
        weighted="results/{study}/cohort/weighted.tsv",
        warnings="results/{study}/cohort/weighted.warnings.tsv",
    log:
        "results/{study}/logs/cohort/weight_cohort.log",
    params:
        weighting=lambda wildcards: STUDIES[wildcards.study].adjustment("weighting"),
        columns=lambda wildcards: cohort_columns(STUDIES[wildcards.study].config),
    script:
        "../scripts/weight_cohort.py"


rule compare_balance:
    input:
        eligible=result("cohort/eligible.tsv"),
        adjusted=lambda wildcards: expand(
            "results/{study}/cohort/{sample}.tsv",
            sample=STUDIES[wildcards.study].judged(),
            allow_missing=True,
        ),
        code=code("compare_balance"),
    output:
        balance="results/{study}/cohort/balance.tsv",
        warnings="results/{study}/cohort/balance.warnings.tsv",
    log:
        "results/{study}/logs/cohort/compare_balance.log",
    params:
        sections=lambda wildcards: STUDIES[wildcards.study].judged(),
        columns=lambda wildcards: cohort_columns(STUDIES[wildcards.study].config),
    script:
        "../scripts/compare_balance.py"


rule impute_cohort:
    input:
        eligible=result("cohort/eligible.tsv"),
        code=code("impute_cohort"),
    output:
        imputed="results/{study}/cohort/imputed.tsv",
        warnings="results/{study}/cohort/imputed.warnings.tsv",
    log:
        "results/{study}/logs/cohort/impute_cohort.log",
    params:
        imputation=setting("cohort/imputation"),
        outcome=setting("cohort/outcome"),
        columns=lambda wildcards: cohort_columns(STUDIES[wildcards.study].config),
        seed=RUN["seed"],
    script:
        "../scripts/impute_cohort.py"


rule count_flow:
    input:
        steps=lambda wildcards: (
            rules.match_cohort.output.steps
            if STUDIES[wildcards.study].discards
            else rules.select_eligible.output.steps
        ),
        eligible=lambda wildcards: (
            rules.match_cohort.output.supported
            if STUDIES[wildcards.study].discards
            else rules.select_eligible.output.eligible
        ),
        matched=lambda wildcards: (
            rules.match_cohort.output.matched
            if "matching" in STUDIES[wildcards.study].config["cohort"]
            else []
        ),
        code=code("count_flow"),
    output:
        "results/{study}/cohort/flow.json",
    log:
        "results/{study}/logs/cohort/count_flow.log",
    params:
        groups=setting("cohort/groups"),
    script:
        "../scripts/count_flow.py"
