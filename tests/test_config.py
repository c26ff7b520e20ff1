"""Settings: which source wins, what is refused, and where secrets may come from."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import platformdirs
import pytest

from rdsrestore.app.context import DECLARING
from rdsrestore.app.requests.command_line import CommandLine
from rdsrestore.config.load import Keys, load
from rdsrestore.config.settings import PasswordGiven, PasswordInSecret, Settings
from rdsrestore.domain.errors import UsageError
from rdsrestore.domain.request.merge_policy import Merge
from rdsrestore.domain.secret import Secret
from rdsrestore.notify.slack.notifier import SlackSettings

DOCS = Path(__file__).parent.parent / "docs" / "configuration.md"


@dataclasses.dataclass
class Machine:
    """A directory to stand in, the user's configuration folder, and an environment."""

    cwd: Path
    config: Path
    env: dict[str, str] = dataclasses.field(default_factory=lambda: {"USER": "ada"})

    def load(self, profile: str | None = None) -> Settings:
        return load(profile, self.env, self.cwd, self.config, DECLARING)

    def write(self, text: str, folder: Path | None = None) -> Path:
        file = (folder or self.cwd) / "rdsrestore.toml"
        file.write_text(text)
        return file

    def refusal(self, profile: str | None = None) -> UsageError:
        with pytest.raises(UsageError) as caught:
            self.load(profile)
        assert caught.value.hint
        return caught.value


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for name in ("cwd", "config"):
        (tmp_path / name).mkdir()
    return Machine(tmp_path / "cwd", tmp_path / "config")


def test_without_a_file_and_variables_the_defaults_hold(machine: Machine) -> None:
    settings = machine.load()
    assert settings == Settings(home=platformdirs.user_state_path("rdsrestore"), operator="ada")
    assert settings.password is None


def test_a_bundle_beside_the_user_s_settings_is_trusted_where_none_is_named(machine: Machine) -> None:
    bundle = machine.config / "global-bundle.pem"
    bundle.touch()
    assert machine.load().ssl_ca == bundle
    other = machine.cwd / "other.pem"
    other.touch()
    machine.write('[defaults]\nssl_ca = "other.pem"\n')
    assert machine.load().ssl_ca == other


def test_variables_win_over_the_profile_which_wins_over_the_defaults(machine: Machine) -> None:
    machine.write('[defaults]\ninstance = "a"\ndatabase = "a"\nuser = "a"\n[profile.p]\ndatabase = "b"\nuser = "b"\n')
    machine.env["RDSRESTORE_USER"] = "c"
    settings = machine.load("p")
    asked = settings.of(CommandLine)
    assert (asked.instance, asked.database, settings.user) == ("a", "b", "c")
    assert machine.load().of(CommandLine).database == "a"


def test_a_file_nearby_hides_the_users_own(machine: Machine) -> None:
    machine.write('[defaults]\ninstance = "own"\ndatabase = "own"\n', machine.config)
    assert machine.load().given == {"instance": "own", "database": "own"}
    machine.write('[defaults]\ninstance = "near"\n')
    assert machine.load().given == {"instance": "near"}


def test_every_kind_of_value_is_read(machine: Machine) -> None:
    ca = machine.cwd / "ca.pem"
    ca.write_text("x")
    machine.write(
        '[defaults]\nmerge = "none"\nwait = 60\npoll = 0.5\nssl_ca = "ca.pem"\nhome = "state"\nplain = true\n'
    )
    settings = machine.load()
    assert (settings.given, settings.poll) == ({"merge": Merge.NONE, "wait": 60}, 0.5)
    assert settings.plain
    assert (settings.ssl_ca, settings.home) == (ca, machine.cwd / "state")
    machine.env |= {
        "RDSRESTORE_WAIT": "90",
        "RDSRESTORE_POLL": "0.3",
        "RDSRESTORE_CHECKIP_URL": "http://127.0.0.1:1/ip",
    }
    settings = machine.load()
    assert (settings.given["wait"], settings.poll, settings.checkip_url) == (90, 0.3, "http://127.0.0.1:1/ip")


def test_what_the_copy_gets_may_be_set(machine: Machine) -> None:
    machine.write('[defaults]\niops = 3000\ncopy_tags = ["Team"]\n[tags]\nCostCenter = "4711"\n')
    settings = machine.load()
    assert settings.given == {"iops": 3000, "copy_tags": ("Team",)}
    assert settings.tags == (("CostCenter", "4711"),)
    machine.env |= {"RDSRESTORE_IOPS": "4000", "RDSRESTORE_COPY_TAGS": "Team, Owner"}
    assert machine.load().given == {"iops": 4000, "copy_tags": ("Team", "Owner")}


def test_an_empty_variable_counts_as_not_set(machine: Machine) -> None:
    machine.write('[defaults]\ninstance = "a"\n')
    machine.env["RDSRESTORE_INSTANCE"] = ""
    assert machine.load().given == {"instance": "a"}


def test_variables_of_other_parts_are_left_alone(machine: Machine) -> None:
    machine.env["RDSRESTORE_LAB_DIR"] = "/somewhere"
    assert machine.load().given == {}


@pytest.mark.parametrize("by_flag", [True, False])
def test_a_profile_is_a_section_or_else_an_aws_profile(machine: Machine, *, by_flag: bool) -> None:
    machine.write('[defaults]\naws_profile = "usual"\n[profile.shop]\naws_profile = "shop-aws"\n[profile.bare]\n')

    def profile(name: str) -> str | None:
        machine.env["RDSRESTORE_PROFILE"] = "" if by_flag else name
        return machine.load(name if by_flag else None).aws_profile

    assert profile("shop") == "shop-aws"
    assert profile("bare") == "usual"
    assert profile("elsewhere") == "elsewhere"


@pytest.mark.parametrize(
    ("text", "where", "what", "hint"),
    [
        ('[defaults]\ninstanse = "a"\n', "[defaults]", "unknown key instanse", "did you mean instance?"),
        ("[defaults]\nzzz = 1\n", "[defaults]", "unknown key zzz", "known are: "),
        ("[defualts]\n", "rdsrestore.toml", "unknown key defualts", "did you mean defaults?"),
        ('instance = "a"\n', "rdsrestore.toml", "outside a section", "[defaults]"),
        (
            "[defaults]\ninstance = 3\n",
            "[defaults] instance",
            "text in quotes, not int",
            "rdsrestore help configuration",
        ),
        ('[defaults]\ninstance = ""\n', "[defaults] instance", "is empty", ""),
        ('[defaults]\nwait = "60"\n', "[defaults] wait", "number of seconds", ""),
        ("[defaults]\nwait = 1.5\n", "[defaults] wait", "whole number", ""),
        ("[defaults]\nwait = true\n", "[defaults] wait", "number of seconds", ""),
        ('[defaults]\nplain = "true"\n', "[defaults] plain", "must be true or false", ""),
        ("[defaults]\nplain = 1\n", "[defaults] plain", "must be true or false", ""),
        ("[defaults]\npoll = -1\n", "[defaults] poll", "above 0", ""),
        ("[defaults]\npoll = inf\n", "[defaults] poll", "above 0", ""),
        ("[defaults]\npoll = 3601\n", "[defaults] poll", "not above 3,600", ""),
        ("[defaults]\nwait = 2592001\n", "[defaults] wait", "not above 2,592,000", ""),
        (f"[defaults]\nwait = {'9' * 26}\n", "[defaults] wait", "not above 2,592,000", ""),
        (f"[defaults]\nexpires = {'9' * 400}\n", "[defaults] expires", "not above 2,592,000", ""),
        (f"[defaults]\nexpires = {'9' * 5000}\n", "rdsrestore.toml", "can't be read", "mend the file"),
        ('[defaults]\nmerge = "all"\n', "[defaults] merge", "missing, overwrite, exact, none", ""),
        ('[defaults]\nslack_api_url = "slack.com"\n', "slack_api_url", "https://", ""),
        ('[defaults]\nssl_ca = "none.pem"\n', "ssl_ca", "none.pem can't be read", "bundle"),
        ('[defaults]\niops = "3000"\n', "[defaults] iops", "whole number", ""),
        ("[defaults]\niops = 0\n", "[defaults] iops", "at least 1", ""),
        ("[defaults]\niops = true\n", "[defaults] iops", "whole number", ""),
        ('[defaults]\ncopy_tags = "Team"\n', "[defaults] copy_tags", "list of names", ""),
        ('[defaults]\ncopy_tags = [""]\n', "[defaults] copy_tags", "list of names", ""),
        ("[tags]\nCostCenter = 4711\n", "[tags]", "CostCenter must be text", 'CostCenter = "…"'),
        ('[tags]\n"aws:x" = "1"\n', "[tags]", "aws:x can't be given", "nor with rdsrestore:"),
        ('[tags]\n"rdsrestore:run" = "1"\n', "[tags]", "rdsrestore:run can't be given", ""),
        (f'[tags]\n{"x" * 129} = "1"\n', "[tags]", "can't be given", "128 characters"),
        (f'[tags]\nx = "{"x" * 257}"\n', "[tags]", "x must be text", "256 characters"),
        ("[tags]\n" + "".join(f't{each} = "1"\n' for each in range(41)), "[tags]", "has 41 tags", "40 at most"),
        ('defaults = "x"\n', "rdsrestore.toml", "must be a section", "[defaults]"),
        ('profile = "x"\n', "rdsrestore.toml", "must be a section", "[profile]"),
        ('[defaults]\ninstance = "a"\nuser = \n', "rdsrestore.toml:3", "is not TOML", ""),
        ('[defaults]\npassword = "hunter2"\n', "[defaults] password", "must not stand in a file", "password_env"),
        ('[defaults]\nslack_token = "xoxb"\n', "slack_token", "must not stand in a file", "slack_token_file"),
        ('[defaults]\npassword_env = "NOT_SET"\n', "password_env", "not set: NOT_SET", "export"),
        ('[defaults]\npassword_env = "A"\npassword_file = "b"\n', "password_env", "together with", "keep one"),
    ],
)
def test_a_file_that_can_not_be_used_is_refused(machine: Machine, text: str, where: str, what: str, hint: str) -> None:
    file = machine.write(text)
    error = machine.refusal()
    assert error.where.startswith(str(file))
    assert where in error.where
    assert what in error.what
    assert hint in error.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WAIT", "soon"),
        ("WAIT", "0"),
        ("POLL", "nan"),
        ("IOPS", "many"),
        ("COPY_TAGS", ","),
        ("MERGE", "some"),
        ("CHECKIP_URL", "x"),
        ("SSL_CA", "/nowhere/ca"),
    ],
)
def test_a_variable_that_can_not_be_used_is_named(machine: Machine, name: str, value: str) -> None:
    machine.env[f"RDSRESTORE_{name}"] = value
    error = machine.refusal()
    assert error.where == f"RDSRESTORE_{name}"
    assert value in error.what


def test_a_file_in_another_encoding_is_refused(machine: Machine) -> None:
    (machine.cwd / "rdsrestore.toml").write_bytes(b'[defaults]\nuser = "\xff"\n')
    assert "can't be read" in machine.refusal().what


def test_a_mistake_in_another_profile_does_not_matter(machine: Machine) -> None:
    machine.write('[profile.a]\ninstance = "a"\n[profile.b]\ninstanse = "b"\n')
    assert machine.load("a").given == {"instance": "a"}
    assert "instanse" in machine.refusal("b").what


def secret_in(settings: Settings) -> tuple[str, str]:
    assert isinstance(settings.password, PasswordGiven)
    return settings.password.secret.reveal(), settings.password.source


def test_a_password_comes_from_a_variable_a_file_or_a_secret(machine: Machine) -> None:
    machine.write(
        '[defaults]\npassword_secret = "arn:x"\n[profile.e]\npassword_env = "DB"\n[profile.f]\npassword_file = "pw"\n'
    )
    machine.env["DB"] = "of-db"
    (machine.cwd / "pw").touch(0o600)
    (machine.cwd / "pw").write_text(" of file \n")
    assert machine.load().password == PasswordInSecret("arn:x")
    assert secret_in(machine.load("e")) == ("of-db", "DB")
    assert secret_in(machine.load("f"))[0] == " of file "
    machine.env["RDSRESTORE_PASSWORD"] = "given"
    assert secret_in(machine.load("f")) == ("given", "RDSRESTORE_PASSWORD")


def test_a_source_that_is_overridden_is_not_looked_at(machine: Machine) -> None:
    machine.write('[defaults]\npassword_env = "NOT_SET"\nssl_ca = "none.pem"\n')
    ca = machine.cwd / "ca.pem"
    ca.touch()
    machine.env |= {"RDSRESTORE_PASSWORD": "given", "RDSRESTORE_SSL_CA": str(ca)}
    assert secret_in(machine.load())[0] == "given"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_password_file_open_to_others_is_refused(machine: Machine, mode: int) -> None:
    file = machine.cwd / "pw"
    file.write_text("hunter2")
    file.chmod(mode)
    machine.env["RDSRESTORE_PASSWORD_FILE"] = str(file)
    error = machine.refusal()
    assert error.hint == f"chmod 600 {file}"
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(("content", "what"), [(b"", "is empty"), (b"\n", "is empty"), (b"\xff", "is not UTF-8")])
def test_a_password_file_without_a_password_is_refused(machine: Machine, content: bytes, what: str) -> None:
    file = machine.cwd / "pw"
    file.touch(0o600)
    file.write_bytes(content)
    machine.env["RDSRESTORE_PASSWORD_FILE"] = "pw"
    assert what in machine.refusal().what


def test_slack_secrets_have_the_same_sources(machine: Machine) -> None:
    machine.write('[defaults]\nslack_token_env = "BOT"\nslack_channel = "#incidents"\n')
    machine.env |= {"BOT": "xoxb-1", "RDSRESTORE_SLACK_WEBHOOK": "https://hooks.example/x"}
    settings = machine.load().of(SlackSettings)
    assert isinstance(settings.slack_token, Secret)
    assert isinstance(settings.slack_webhook, Secret)
    assert (settings.slack_token.reveal(), settings.slack_channel) == ("xoxb-1", "#incidents")
    assert settings.slack_webhook.reveal() == "https://hooks.example/x"


def test_no_secret_shows_in_the_settings_or_in_an_error(machine: Machine) -> None:
    machine.env |= {"RDSRESTORE_PASSWORD": "hunter2", "RDSRESTORE_SLACK_TOKEN": "xoxb-hunter2"}
    assert "hunter2" not in repr(machine.load())
    machine.write('[defaults]\nslack_webhook_env = "hunter2"\n')
    assert "hunter2" not in f"{machine.refusal()} {machine.refusal().hint}"


def test_the_operator_is_found_behind_sudo_and_without_a_login(machine: Machine) -> None:
    machine.env["SUDO_USER"] = "grace"
    assert machine.load().operator == "grace"
    machine.env.clear()
    assert machine.load().operator
    machine.env["RDSRESTORE_OPERATOR"] = "Ada L."
    assert machine.load().operator == "Ada L."


def test_every_form_of_a_secret_is_described() -> None:
    described = set(re.findall(r"`([a-z_]+)`", DOCS.read_text()))
    assert described >= Keys((Settings, *DECLARING)).names


def test_secrets_are_equal_by_what_they_hold() -> None:
    assert Secret("a\udcff") == Secret("a\udcff")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a") != "a"
