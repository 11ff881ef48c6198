"""`snakemake --lint`, less the exemptions below, each for a reason. Ends with 1 when anything else is found."""

import re
import subprocess
import sys

EXEMPT = {
    "Specify a conda environment or container": "one locked environment serves every rule",
    "Environment variable PYTHONPATH": "the Snakefile sets it itself",
}


def main() -> int:
    said = subprocess.run([sys.executable, "-m", "snakemake", "--lint"], capture_output=True, text=True).stderr
    if "Lints for" not in said:
        print(said)
        return 1
    found = re.findall(r"^    \* (.*)$", said, flags=re.M)
    left = [title for title in found if not title.startswith(tuple(EXEMPT))]
    print("\n".join(left) or f"snakemake --lint: {len(found)} exempt ({'; '.join(EXEMPT.values())}), no other finding")
    return bool(left)


if __name__ == "__main__":
    sys.exit(main())
