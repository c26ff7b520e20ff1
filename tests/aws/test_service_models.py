"""Models that are read our way are botocore's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from rdsrestore.aws.service_models import ServiceModels, core


@pytest.mark.parametrize("kind", ["service-2", "paginators-1", "endpoint-rule-set-1"])
@pytest.mark.parametrize("service", ["rds", "ec2", "scheduler"])
def test_a_model_is_as_botocore_reads_it(service: str, kind: str) -> None:
    ours, own = ServiceModels(), Loader()
    assert ours.load_service_model(service, kind) == own.load_service_model(service, kind)
    assert ours.determine_latest_version(service, kind) == own.determine_latest_version(service, kind)


def test_a_service_that_there_is_not_is_refused() -> None:
    with pytest.raises(UnknownServiceError):
        ServiceModels().load_service_model("no-such-service", "service-2")


def test_models_of_the_users_own_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "own" / "2026-01-01" / "service-2.json"
    model.parent.mkdir(parents=True)
    model.write_text(json.dumps({"metadata": {"serviceId": "Own"}}))
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    found = core().get_component("data_loader").load_service_model("own", "service-2")
    assert found == {"metadata": {"serviceId": "Own"}}
