"""Whether the printed numbers of a publication can stand together: no data, no images, only what is printed.

REQUIRED INPUTS   data/published/<paper>.csv
OUTPUTS           results/<study>/audit.csv; results/audit/<paper>.csv of a paper that no study of this run is about
"""

PAPERS = {
    path.stem: str(path)
    for path in sorted(Path("data/published").glob("*.csv"))
    if path
    not in {Path(name) for study in STUDIES.values() for name in study.published}
}


rule audit_published:
    input:
        published=lambda wildcards: STUDIES[wildcards.study].published,
        schema=os.path.relpath(
            os.path.join(WORKFLOW, "schemas", "published.schema.yaml")
        ),
        code=code("audit_published"),
    output:
        "results/{study}/audit.csv",
    log:
        "results/{study}/logs/audit/audit_published.log",
    script:
        "../scripts/audit_published.py"


use rule audit_published as audit_paper with:
    input:
        published=lambda wildcards: [PAPERS[wildcards.paper]],
        schema=os.path.relpath(
            os.path.join(WORKFLOW, "schemas", "published.schema.yaml")
        ),
        code=code("audit_published"),
    output:
        "results/audit/{paper}.csv",
    log:
        "results/logs/audit/{paper}.log",
    wildcard_constraints:
        paper="|".join(map(re.escape, PAPERS)) or "none",
