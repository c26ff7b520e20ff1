"""What the plan says of the cloud's actions is about steps and actions that exist."""

from __future__ import annotations

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from rdsrestore.aws.iam.permissions import CALLS
from rdsrestore.steps.recipe import STEPS


@pytest.mark.parametrize("call", sorted({call for calls in CALLS.values() for call in calls}))
def test_every_action_exists(call: str) -> None:
    service, operation = call.split(":")
    assert operation in ServiceModel(Loader().load_service_model(service, "service-2")).operation_names


def test_every_step_named_is_a_step() -> None:
    assert set(CALLS) <= {step.name for step in STEPS}
