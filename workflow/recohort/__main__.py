"""The command: `python -m recohort <subcommand>`."""

import argparse
import sys
from importlib import import_module

SUBCOMMANDS = {
    "audit": ("recohort.audit.command", "check the printed numbers of a paper against each other; needs no data"),
    "convert": ("recohort.dicom.command", "convert DICOM to the dataset of a study, without who the patients are"),
    "verify": ("recohort.provenance.command", "check that the results of a study are as they were recorded"),
}
"""Name -> module whose `main(argv)` runs it and returns the exit status, and what it does."""


def main(argv: list[str]) -> int:
    """Run a subcommand; only its own module is imported."""
    listed = "\n".join(f"  {name:<8} {about}" for name, (_, about) in SUBCOMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="recohort",
        usage="recohort <subcommand> ...",
        description=f"subcommands:\n{listed}\n\n`recohort <subcommand> --help` says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("subcommand", choices=SUBCOMMANDS, help=argparse.SUPPRESS)
    asked = parser.parse_args(argv[:1])
    module, _ = SUBCOMMANDS[asked.subcommand]
    return import_module(module).main(argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
