"""What is handed out: the wheel and the sdist, and the wheel in an environment of its own, away from the sources."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import man_page
from rdsrestore.app import manual

ROOT = Path(__file__).parent.parent
DIST = "RDSRESTORE_TEST_DIST"
"""Names a folder with a wheel and an sdist that were built already, as scripts/package does."""
BUILD = """
import sys
from hatchling.build import build_sdist, build_wheel

build_sdist(sys.argv[1])
build_wheel(sys.argv[1])
"""

pytestmark = pytest.mark.xdist_group("package")


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both, built here unless they are given."""
    if given := os.environ.get(DIST):
        return Path(given)
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-c", BUILD, folder], cwd=ROOT, check=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    """The one wheel."""
    (only,) = dist.glob("rdsrestore-*.whl")
    return only


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of a fresh environment that has the wheel and the libraries that it asks for, and no other."""
    home = tmp_path_factory.mktemp("home")
    venv.create(home / "venv", with_pip=True, symlinks=True)
    python = home / "venv" / "bin" / "python"
    words = ["install", "--quiet", "--no-index", "--no-deps", "--disable-pip-version-check", str(wheel)]
    subprocess.run([python, "-I", "-m", "pip", *words], cwd=home, env=bare(), check=True, timeout=120)
    (libraries,) = (home / "venv" / "lib").glob("python*/site-packages")
    for name in closure("rdsrestore"):
        for place in tops(name):
            target = libraries / place.name
            if not target.exists():
                target.symlink_to(place)
    return home / "venv" / "bin" / "rdsrestore"


def bare() -> dict[str, str]:
    """The environment without what would lead to the sources."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_", "RDSRESTORE_"))}


def closure(name: str) -> Iterator[str]:
    """Name the libraries that a distribution asks for without extras, and those that they ask for."""
    waiting, seen = [name], {name}
    while waiting:
        for text in metadata.requires(waiting.pop()) or ():
            wanted = Requirement(text)
            if wanted.name not in seen and (wanted.marker is None or wanted.marker.evaluate({"extra": ""})):
                seen.add(wanted.name)
                waiting.append(wanted.name)
                yield wanted.name


def tops(name: str) -> set[Path]:
    """Find the files and folders of a distribution that lie in the environment's own folder of libraries."""
    found = metadata.distribution(name)
    names = {PurePosixPath(each).parts[0] for each in found.files or ()} - {"..", "__pycache__"}
    return {Path(str(found.locate_file(each))) for each in names}


def members(archive: Path) -> set[str]:
    """Name the files of an archive; of an sdist without its folder."""
    if archive.suffix == ".whl":
        return set(zipfile.ZipFile(archive).namelist())
    with tarfile.open(archive) as opened:
        return {each.name.partition("/")[2] for each in opened.getmembers() if each.isfile()}


def sources() -> set[str]:
    """Name the files of the package as they lie in the sources."""
    package = ROOT / "src"
    every = (path for path in (package / "rdsrestore").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(package)) for path in every}


def test_the_wheel_has_the_package_and_its_documents_and_nothing_else(wheel: Path) -> None:
    held = {name for name in members(wheel) if ".dist-info/" not in name and ".data/" not in name}
    documents = {name for name in held if name.startswith("rdsrestore/docs/")}
    assert "rdsrestore/py.typed" in held
    assert {f"rdsrestore/docs/{name}.md" for name in manual.PAGES} <= documents
    assert {f"rdsrestore/docs/situations/{name}.md" for name in manual.SITUATIONS} <= documents
    assert held - documents == sources()


def test_the_wheel_has_the_manual_page_where_man_finds_it(wheel: Path) -> None:
    (name,) = [each for each in members(wheel) if ".data/" in each]
    assert name.endswith(".data/data/share/man/man1/rdsrestore.1")
    assert zipfile.ZipFile(wheel).read(name).decode() == man_page.page()


def test_the_sdist_builds_the_wheel_and_has_no_tests(dist: Path) -> None:
    (sdist,) = dist.glob("rdsrestore-*.tar.gz")
    held = members(sdist)
    assert {f"src/{name}" for name in sources()} <= held
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "PKG-INFO"} <= held
    assert [name for name in held if name.startswith(("tests/", "scripts/", "."))] == [".gitignore"]


def test_the_version_is_the_same_everywhere_and_one_that_can_be_ordered(dist: Path, installed: Path) -> None:
    names = [re.split(r"-py3|\.tar", path.name)[0] for path in dist.iterdir()]
    said = subprocess.run([installed, "--version"], capture_output=True, text=True, check=True, env=bare()).stdout
    assert {name.replace("-", " ") for name in names} == {said.strip()}
    assert Version(said.split()[1]) >= Version("0.1.0.dev0")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["help"], "or a part of the runbook:"),
        (["help", "4"], "## 4. Go on, or roll back"),
        (["help", "truncate"], "# A table was truncated"),
        (["explain", "db.denied"], "db.denied: "),
        (["table", "--help"], "--before"),
        (["iam-policy"], "rds:RestoreDBInstanceToPointInTime"),
        (["runs"], ""),
    ],
)
def test_the_installed_tool_needs_no_sources(words: list[str], shown: str, installed: Path, tmp_path: Path) -> None:
    own = bare() | {"RDSRESTORE_HOME": str(tmp_path / "runs")}
    ended = subprocess.run(
        [installed, *words], cwd=tmp_path, env=own, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert shown in ended.stdout


def test_a_command_that_reaches_for_aws_ends_in_a_plain_error(installed: Path, tmp_path: Path) -> None:
    own = bare() | {"RDSRESTORE_HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)}
    words = ["table", "billing", "--before", "1 hour ago", "--instance", "production", "--database", "shop"]
    own = {name: value for name, value in own.items() if not name.startswith("AWS_") or name.endswith("DISABLED")}
    ended = subprocess.run(
        [installed, *words], cwd=tmp_path, env=own, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode in {2, 4}
    assert "Traceback" not in ended.stderr
    assert ended.stderr.startswith("error: ")
