"""An RO-Crate against the package roc-validator, without the network."""

import io
from pathlib import Path
from unittest.mock import patch

import pytest

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
TERMS = Path(__file__).with_name("ro_crate_1_1_context.json")
"""The terms of the RO-Crate 1.1 context (CC0) that our crates use; one they use without it being here is an error."""


def issues(folder: Path, *, profile: str = "provenance-run-crate") -> list[str]:
    """What a profile, and all it rests on, require and the crate does not keep.

    Provenance Run Crate rests on Workflow Run Crate, as that on Process Run Crate and RO-Crate.
    """
    pytest.importorskip("rocrate_validator", reason="roc-validator is not installed")
    import requests
    from rocrate_validator.models import Severity
    from rocrate_validator.services import ValidationSettings, validate

    def send(self, request, **settings):
        assert request.url == CONTEXT, f"the validator asked for {request.url}"
        response = requests.Response()
        response.status_code, response.url, response.request = 200, request.url, request
        response.raw = io.BytesIO(TERMS.read_bytes())
        response.headers["Content-Type"] = "application/ld+json"
        return response

    settings = ValidationSettings(
        rocrate_uri=folder,
        profile_identifier=profile,
        requirement_severity=Severity.REQUIRED,
        no_cache=True,
    )
    with patch("requests.adapters.HTTPAdapter.send", send):
        result = validate(settings)
    assert result.passed() == (not result.get_issues())
    return [issue.message for issue in result.get_issues()]
