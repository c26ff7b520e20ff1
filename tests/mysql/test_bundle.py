"""RDS's certificates: fetched whole, checked, and put where they are looked for; else what was there stays."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rdsrestore.app.preparation.ca import trusted
from rdsrestore.domain.health import State
from rdsrestore.mysql.session.login import bundle
from strangers import Manner, said, stranger
from tool import run

NOW = datetime.now(UTC)


def root(name: str, days: int = 400) -> bytes:
    """Make an authority's certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=500))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


REAL = root("Amazon RDS eu-central-1 Root CA RSA2048 G1") + root("Amazon RDS us-east-1 Root CA RSA4096 G1", 90)


def env(folder: Path, url: str) -> dict[str, str]:
    return {
        **os.environ,
        "XDG_CONFIG_HOME": str(folder),
        "RDSRESTORE_CA_URL": url,
        "RDSRESTORE_HOME": str(folder / "h"),
    }


def test_the_bundle_is_put_where_it_is_looked_for(tmp_path: Path) -> None:
    with stranger(said(REAL)) as there:
        ended = run("ca", env=env(tmp_path, there.url), check=0)
    path = tmp_path / "rdsrestore" / "global-bundle.pem"
    assert path.read_bytes() == REAL
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert "2 certificates of Amazon RDS" in ended.stdout
    assert f"us-east-1 Root CA RSA4096 G1, on {NOW + timedelta(days=90):%Y-%m-%d}" in ended.stdout


@pytest.mark.parametrize(
    ("manner", "why"),
    [
        (said(b"<html>log in</html>"), "no file of certificates"),
        (said(REAL[:-200]), "no file of certificates"),
        (said(REAL + root("proxy.office.example")), "not Amazon RDS's: proxy.office.example"),
        (said(REAL + root("Amazon RDS Root 2019 CA", -1)), "Amazon RDS Root 2019 CA has expired"),
        (said(b"no", "403 Forbidden"), "it answers with 403"),
    ],
)
def test_anything_else_is_refused_and_what_was_there_stays(tmp_path: Path, manner: Manner, why: str) -> None:
    path = tmp_path / "rdsrestore" / "global-bundle.pem"
    path.parent.mkdir()
    path.write_bytes(b"as it was")
    with stranger(manner) as there:
        ended = run("ca", env=env(tmp_path, there.url))
    assert ended.returncode != 0
    assert why in " ".join(ended.stderr.split())
    assert path.read_bytes() == b"as it was"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_without_a_way_out_the_address_and_the_place_are_named(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/global-bundle.pem"
    said_ = " ".join(run("ca", env=env(tmp_path, url)).stderr.split())
    assert f"curl -O {url}" in said_
    assert str(tmp_path / "rdsrestore" / "global-bundle.pem") in said_


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "truststore.pki.rds.amazonaws.com"),
        ("us-gov-east-1", "truststore.pki.us-gov-west-1.rds.amazonaws.com"),
        ("cn-northwest-1", "rds-truststore.s3.cn-north-1.amazonaws.com.cn"),
        ("", "truststore.pki.rds.amazonaws.com"),
    ],
)
def test_each_partition_has_its_own(region: str, host: str) -> None:
    assert bundle.of_region(region).split("/")[2] == host


@pytest.mark.parametrize(
    ("content", "state", "what"),
    [
        (REAL, State.OK, "2 certificates"),
        (REAL + root("Amazon RDS Root 2019 CA", -1), State.WARNED, "the first to end is Amazon RDS Root 2019 CA"),
        (root("Amazon RDS Root 2019 CA", 29), State.WARNED, "1 certificate "),
        (REAL[:-200], State.FAILED, "no file of certificates"),
        (None, State.FAILED, "No such file"),
    ],
    ids=["good", "one has ended", "one ends soon", "cut off", "not there"],
)
def test_the_doctor_says_until_when_the_certificates_hold(
    tmp_path: Path, content: bytes | None, state: State, what: str
) -> None:
    file = tmp_path / "bundle.pem"
    if content is not None:
        file.write_bytes(content)
    found = trusted(file, NOW)
    assert found.state is state
    assert what in found.what
    assert bool(found.hint) == (state is not State.OK)


def test_the_doctor_says_that_no_certificates_were_chosen() -> None:
    assert trusted(None, NOW).state is State.WARNED
