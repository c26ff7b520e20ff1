"""What is made of each engine's copies is adopted, reached and removed alike: an instance, or a cluster with its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from fakes import FakeCloud
from fakes.scene import SOURCE
from rdsrestore.aws.rds.instances import RdsInstances
from rdsrestore.aws.session import CallLog, Clients
from rdsrestore.domain.cloud.engine import ENGINES
from rdsrestore.domain.cloud.instance import GroupSpec, RestoreSpec, SourceCluster
from rdsrestore.domain.ids import RunId
from rdsrestore.domain.secret import Secret
from rdsrestore.ports.cloud import Cloud
from tool import LabTool

EXPIRES = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
RUN = RunId.new(EXPIRES, "abcd")
WITHIN = 240.0


@dataclass(frozen=True)
class Platform:
    """What production is in the lab, and what is made of a copy of it."""

    kind: str
    server: str
    made: tuple[str, ...]


PLATFORMS: Mapping[str, Platform] = {
    "mariadb": Platform("multi-az", "mariadb", ("instance",)),
    "mysql": Platform("multi-az-cluster", "mysql", ("cluster",)),
    "aurora-mysql": Platform("aurora", "mysql", ("cluster", "instance")),
}


def test_each_engine_of_the_table_has_a_platform() -> None:
    assert PLATFORMS.keys() == ENGINES.keys()


def silent(_text: str, _share: float | None) -> None:
    """Tell nobody."""


def fake(engine: str) -> FakeCloud:
    """An account whose source is of an engine, and of the same kind as the lab's."""
    source = replace(SOURCE, engine=engine)
    if "cluster" in PLATFORMS[engine].made:
        source = replace(source, cluster="c", member_of=SourceCluster("c", "cluster-1", source.id, "c-params"))
    return FakeCloud(held=source)


@pytest.fixture(params=[(engine, part) for engine in ENGINES for part in ("fake", "adapter")], ids="-".join)
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Cloud]]:
    """The fake, then the adapter on a lab of its own."""
    engine, part = request.param
    if part == "fake":
        yield engine, fake(engine)
        return
    folder, platform = tmp_path_factory.mktemp("p"), PLATFORMS[engine]
    lab = LabTool(folder / "lab", folder / "state")
    lab.up("--restore-delay", "0.4", "--lag", "0", "--rows", "5", "--server", platform.server, "--kind", platform.kind)
    lab.moment()
    with pytest.MonkeyPatch.context() as patch:
        for name in [each for each in lab.env if each.startswith("AWS_")]:
            patch.setenv(name, lab.env[name])
        log = CallLog()
        yield engine, RdsInstances(Clients(None, None, log), log, 0.1, "")
    lab.lab("down")


def test_a_copy_of_each_engine_is_adopted_reached_and_removed_with_what_is_in_it(subject: tuple[str, Cloud]) -> None:
    engine, cloud = subject
    name, source = RUN.resource, cloud.source("production")
    group = cloud.create_group(GroupSpec(name, source.vpc, EXPIRES), RUN.value)
    clustered = source.cluster is not None
    spec = RestoreSpec(name, source, group, EXPIRES, source.instance_class, moment=source.latest, as_cluster=clustered)

    def kinds() -> tuple[str, ...]:
        return tuple(sorted(each.kind for each in cloud.leftovers(RUN.value) if each.is_copy))

    assert source.engine == engine
    assert cloud.restore(spec, RUN.value) == cloud.restore(spec, RUN.value)
    assert kinds() == ("cluster" if clustered else "instance",)
    endpoint = cloud.await_available(name, WITHIN, silent)
    if spec.comes_empty:
        assert cloud.create_instance(spec, RUN.value) == cloud.create_instance(spec, RUN.value)
        endpoint = cloud.await_available(name, WITHIN, silent)
    assert endpoint.port
    assert kinds() == PLATFORMS[engine].made
    assert name not in cloud.instances()
    cloud.reset_password(name, Secret("a-password-of-the-copy"), silent)
    for _time in range(2):
        if spec.comes_empty:
            cloud.delete_instance(name, silent)
        (cloud.delete_cluster if clustered else cloud.delete_instance)(name, silent)
        assert kinds() == ()
    cloud.delete_group(name, silent)
    assert cloud.leftovers(RUN.value) == ()
