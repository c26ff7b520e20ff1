"""scripts/lib.sh on machines as strangers have them: a virtual environment that is broken is made anew, not believed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

pytestmark = pytest.mark.xdist_group("setup")

LIBRARY = Path(__file__).parent.parent.parent / "scripts" / "lib.sh"
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "rdsrestore"
version = "1"
scripts = {rdsrestore = "rdsrestore.cli:main"}
optional-dependencies = {lab = []}
"""
BACKEND = """
import zipfile
from pathlib import Path

def build_editable(folder, config_settings=None, metadata_directory=None):
    info = "rdsrestore-1.dist-info"
    with zipfile.ZipFile(Path(folder) / "rdsrestore-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("rdsrestore.pth", f"{Path.cwd() / 'src'}\\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: rdsrestore\\nVersion: 1\\nProvides-Extra: lab\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: own\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/entry_points.txt", "[console_scripts]\\nrdsrestore = rdsrestore.cli:main\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return "rdsrestore-1-py3-none-any.whl"
"""
"""Builds the project without anything from a package index."""


def bash(folder: Path, script: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script that has the library's functions, in a folder."""
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail; . scripts/lib.sh; {script}"],
        cwd=folder,
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def works(folder: Path) -> bool:
    """Whether the environment's own program runs, and runs this folder's code."""
    said = subprocess.run([folder / ".venv" / "bin" / "rdsrestore"], capture_output=True, text=True, check=True).stdout
    return said.strip() == str(folder / "src" / "rdsrestore" / "cli.py")


def checkout(folder: Path) -> Path:
    """Make a small project that is set up as this one is."""
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(LIBRARY, folder / "scripts")
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "constraints.txt").touch()
    (folder / "src" / "rdsrestore" / "lab").mkdir(parents=True)
    (folder / "src" / "rdsrestore" / "cli.py").write_text("def main():\n    print(__file__)\n")
    (folder / "src" / "rdsrestore" / "lab" / "daemon.py").touch()
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A checkout with its environment, and a copy of it to begin each test with: what lies elsewhere is not its own."""
    folder = checkout(tmp_path_factory.mktemp("hosts") / "made")
    ended = bash(folder, "need_python")
    assert ended.returncode == 0, ended.stderr
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept, symlinks=True)
    return folder, kept


@pytest.fixture
def own(made: tuple[Path, Path]) -> Path:
    """The checkout as it was made."""
    folder, kept = made
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(kept, folder, symlinks=True)
    return folder


def test_an_environment_that_is_sound_is_left_alone(own: Path) -> None:
    stamp = (own / ".venv" / ".installed").stat().st_mtime_ns
    ended = bash(own, "need_python")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (own / ".venv" / ".installed").stat().st_mtime_ns == stamp
    assert works(own)


def without_its_interpreter(folder: Path) -> Path:
    for path in (folder / ".venv" / "bin").glob("python*"):
        path.unlink()
        path.symlink_to("/nowhere/python3.9")
    return folder


def moved(folder: Path) -> Path:
    shutil.rmtree(folder.with_name("elsewhere"), ignore_errors=True)
    return folder.rename(folder.with_name("elsewhere"))


def without_pip_and_out_of_date(folder: Path) -> Path:
    for path in (folder / ".venv").glob("lib/*/site-packages/pip*"):
        shutil.rmtree(path)
    (folder / "constraints.txt").write_text("# newer\n")
    return folder


def stamped_without_the_package(folder: Path) -> Path:
    (path,) = (folder / ".venv").glob("lib/*/site-packages/rdsrestore.pth")
    path.unlink()
    return folder


def without_its_program(folder: Path) -> Path:
    (folder / ".venv" / "bin" / "rdsrestore").unlink()
    return folder


def half_made(folder: Path) -> Path:
    shutil.rmtree(folder / ".venv" / "bin")
    (folder / ".venv" / ".installed").unlink()
    return folder


def a_file(folder: Path) -> Path:
    shutil.rmtree(folder / ".venv")
    (folder / ".venv").touch()
    return folder


@pytest.mark.parametrize(
    "spoil",
    [
        without_its_interpreter,
        moved,
        without_pip_and_out_of_date,
        stamped_without_the_package,
        without_its_program,
        half_made,
        a_file,
    ],
)
def test_an_environment_that_is_spoiled_is_not_believed(own: Path, spoil: Callable[[Path], Path]) -> None:
    assert bash(own, "sound").returncode == 0
    assert bash(spoil(own), "sound").returncode != 0


@pytest.mark.parametrize("spoil", [without_pip_and_out_of_date, stamped_without_the_package, moved])
def test_an_environment_that_is_spoiled_is_made_anew(own: Path, spoil: Callable[[Path], Path]) -> None:
    folder = spoil(own)
    ended = bash(folder, "need_python")
    assert ended.returncode == 0, ended.stderr
    assert works(folder)
    assert bash(folder, "need_python").stderr == ""


def test_another_checkout_s_environment_is_neither_used_nor_touched(own: Path, tmp_path: Path) -> None:
    folder = checkout(tmp_path / "second")
    (folder / ".venv").symlink_to(own / ".venv")
    ended = bash(folder, "need_python")
    assert ended.returncode == 0, ended.stderr
    assert works(folder)
    assert works(own)


def stubs(folder: Path, **programs: str) -> str:
    """Make a PATH of the system's basic programs and of these, each given as its shell script; returns it."""
    folder.mkdir()
    for name in ("bash", "cat", "cut", "env", "find", "grep", "rm", "sed", "sha256sum", "sh", "sleep", "stat"):
        (folder / name).symlink_to(shutil.which(name) or name)
    for name, script in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return str(folder)


def test_an_environment_of_somebody_else_is_said_to_be(own: Path, tmp_path: Path) -> None:
    (own / "constraints.txt").write_text("# newer\n")
    path = stubs(tmp_path / "bin", id='[ "$1" = -u ] && echo 4711 || echo somebody')
    ended = bash(own, "need_python", PATH=path)
    assert ended.returncode == 2
    assert "so it can't be renewed: sudo rm -rf .venv" in ended.stderr
    assert works(own)


def test_all_packages_are_asked_for_once_and_together(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "own")
    note = f'echo "${{0##*/}} $*" >>{tmp_path}/log'
    path = stubs(tmp_path / "bin", id="echo 0", **{"apt-get": note, "apt-cache": "exit 0"})
    ended = bash(folder, "need_packages servers python docker", PATH=path)
    assert ended.returncode == 0, ended.stderr
    calls = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert [words[1] for words in calls] == ["update", "install"]
    assert {"mariadb-client", "python3", "python3-venv"} <= set(calls[1])
    assert "--no-remove" in calls[1]
    assert "docker-cli" not in calls[1]  # where there is no such package, the client is in docker.io


def test_packages_that_were_left_half_installed_are_finished_first(tmp_path: Path) -> None:
    note = f'echo "${{0##*/}} $*" >>{tmp_path}/log'
    dpkg = f"case $1 in --audit) echo half installed ;; *) {note} ;; esac"
    programs = {"id": "echo 0", "ls": "exit 0", "dpkg": dpkg, "apt-get": note, "apt-cache": "exit 0"}
    ended = bash(checkout(tmp_path / "own"), "need_packages servers", PATH=stubs(tmp_path / "bin", **programs))
    assert ended.returncode == 0, ended.stderr
    calls = [" ".join(line.split()[:2]) for line in (tmp_path / "log").read_text().splitlines()]
    assert calls == ["dpkg --configure", "apt-get update", "apt-get install"]


@pytest.mark.parametrize(
    ("programs", "said"),
    [
        (
            {"apt-get": "exit 0"},
            "as root: apt-get update && apt-get install --no-install-recommends mariadb-client python3",
        ),
        ({"apt-get": "exit 100", "sudo": 'exec "$@"'}, "apt-get could not install mariadb-client python3"),
        ({}, "please install: mariadb-client python3"),
    ],
    ids=["no sudo", "apt fails", "no apt"],
)
def test_packages_that_can_t_be_installed_are_named(tmp_path: Path, programs: dict[str, str], said: str) -> None:
    folder = checkout(tmp_path / "own")
    programs = {"id": "echo 4711", "mariadbd": "exit 0", **programs}
    ended = bash(folder, "need_packages servers python; echo went on", PATH=stubs(tmp_path / "bin", **programs))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert ended.stderr.count("python3-venv") <= 2  # what is being done, and what is left to do


def test_an_old_python_is_said_to_be_too_old(tmp_path: Path) -> None:
    old = "case $1 in --version) echo Python 3.9.2 ;; *) exit 1 ;; esac"
    path = stubs(tmp_path / "bin", id="echo 0", python3=old, mysqldump="exit 0", mariadbd="exit 0")
    ended = bash(checkout(tmp_path / "own"), "need_packages servers python; echo went on", PATH=path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Python 3.11 or newer is needed, with its venv module; this one is Python 3.9.2" in ended.stderr


@pytest.mark.parametrize(
    ("docker", "env", "said"),
    [
        ("echo permission denied while trying to connect; exit 1", {}, "may not use it: sudo -g"),
        ("echo cannot connect; exit 1", {"DOCKER_HOST": "tcp://127.0.0.1:9"}, "DOCKER_HOST=tcp://127.0.0.1:9"),
    ],
    ids=["not in its group", "elsewhere"],
)
def test_no_second_engine_is_started(tmp_path: Path, docker: str, env: dict[str, str], said: str) -> None:
    started = tmp_path / "started"
    path = stubs(tmp_path / "bin", id="echo 4711", docker=docker, dockerd=f"echo >{started}", sudo='exec "$@"')
    ended = bash(checkout(tmp_path / "own"), "need_engine", PATH=path, **env)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert not started.exists()


def test_every_pinned_package_takes_the_oldest_python_that_is_asked_for() -> None:
    root = LIBRARY.parent.parent
    oldest = re.search(r'^requires-python = ">=(3\.\d+)"', (root / "pyproject.toml").read_text(), re.MULTILINE)
    pinned = {normal(line.split("==")[0]) for line in (root / "constraints.txt").read_text().split()}
    wanted = {name: (metadata.metadata(name).get_all("Requires-Python") or [""])[0] for name in pinned & installed()}
    assert oldest
    assert wanted
    assert {name: spec for name, spec in wanted.items() if not SpecifierSet(spec).contains(f"{oldest[1]}.0")} == {}


def installed() -> set[str]:
    return {normal(each.metadata["Name"]) for each in metadata.distributions()}


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_ctrl_c_is_no_failure_to_try_again(tmp_path: Path) -> None:
    (tmp_path / "command").write_text("trap 'exit 1' INT; echo started; while :; do sleep 0.1; done\n")
    script = f"set -euo pipefail; . {LIBRARY}; twice bash {tmp_path / 'command'} || echo failed; echo went on"
    # a runner in the background has Ctrl-C ignored, which no shell can trap
    command = ["env", "--default-signal=INT", "bash", "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, process_group=0) as ended:
        assert ended.stdout
        assert ended.stdout.readline() == "started\n"
        os.killpg(ended.pid, signal.SIGINT)
        if again := ended.stdout.readline():
            os.killpg(ended.pid, signal.SIGKILL)
    assert (again, ended.returncode) == ("", 130)
