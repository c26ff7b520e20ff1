"""The settings that are nobody's request: where things are, who asks, and how they are reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

from rdsrestore.domain.cloud.copy_attributes import Tags
from rdsrestore.domain.request import timespec
from rdsrestore.domain.request.invariants import Invariant
from rdsrestore.domain.request.option import Option, Section, declared, filled
from rdsrestore.domain.secret import Secret

T = TypeVar("T")


def seconds_of_answer(text: str) -> int:
    """Read how long an answer is waited for, as `90m`; UsageError where it is no length of time."""
    return timespec.lasting(text, "--wait-for-answer")


ANY = ("table", "compare", "undo", "resume", "cleanup")
ASKING = ("table", "undo", "resume")
SEEN = (*ANY, "find", "sql", "doctor", "ca", "runs", "status", "watch", "attach", "audit")
"""Commands that a person reads along."""


@dataclass(frozen=True)
class PasswordGiven:
    """The password itself; `source` names where it came from, for hints."""

    secret: Secret
    source: str


@dataclass(frozen=True)
class PasswordInSecret:
    """The password lies in AWS Secrets Manager, to be fetched when it is needed."""

    arn: str


@dataclass(frozen=True)
class Settings:
    """What is set; None where nothing is. What is a number is in seconds.

    `given` are the settings that others declare, by name: of a request, of a notifier.
    """

    home: Annotated[
        Path,
        Option(
            key=True,
            meaning="where the runs' folders are kept: journals and dumps",
            default="the platform's state directory",
        ),
    ]
    operator: Annotated[
        str,
        Option(
            key=True,
            meaning="your name, for Slack and the audit log",
            default="the login name, also behind sudo",
        ),
    ]
    user: Annotated[
        str | None,
        Option(
            key=True,
            meaning="the login on production",
            default="the one in `password_secret` if it names one, else the instance's master user",
        ),
    ] = None
    password: Annotated[
        PasswordGiven | PasswordInSecret | None,
        Option(
            key=True,
            form="password",
            meaning="the login's password",
            default="the master user's managed one in Secrets Manager, else asked for",
        ),
    ] = None
    defaults_file: Annotated[
        Path | None,
        Option(
            "An option file with user and password in [client], as ~/.my.cnf.",
            flag="--defaults-file",
            commands=(*ANY, "find", "doctor"),
            metavar="FILE",
            key=True,
            meaning="an option file, as `~/.my.cnf`, whose group [client] has user and password, where these are not"
            " set otherwise; nothing else is taken from it, and none is read that is not named",
            default="none",
        ),
    ] = None
    login_path: Annotated[
        str | None,
        Option(
            "A login path of mysql_config_editor, with user and password.",
            flag="--login-path",
            commands=(*ANY, "find", "doctor"),
            metavar="NAME",
            key=True,
            meaning="a login path of `mysql_config_editor` with user and password, where these are not set otherwise;"
            " nothing else is taken from it",
            default="none",
        ),
    ] = None
    iam_auth: Annotated[
        bool,
        Option(
            "Log in to production by tokens of IAM, as the user of the settings.",
            flag="--iam-auth",
            commands=(*ANY, "find", "doctor"),
            key=True,
            meaning="`true`: production is logged in to by tokens of IAM in place of a password, one for each login,"
            " signed on this machine; `user` has to be one that RDS knows for that",
            default="`false`",
        ),
    ] = False
    via: Annotated[
        str | None,
        Option(
            "Reach the servers from elsewhere: ssh:user@host[:port], ssm:i-…, ssm:ecs:cluster/task/container.",
            flag="--via",
            commands=(*ANY, "find", "doctor"),
            metavar="WAY",
            key=True,
            meaning="from where the servers are reached: a bastion, as `ssh:user@host:port` or `ssh:` and a name of"
            " `~/.ssh/config`, by the system's `ssh`; or `ssm:i-…`, `ssm:mi-…` or `ssm:ecs:cluster/task/container`, by"
            " sessions of AWS Systems Manager and its plugin. The run opens it, opens it again and ends it",
            default="straight from this machine",
        ),
    ] = None
    ssh_config: Annotated[
        Path | None,
        Option(key=True, meaning="ssh's settings for `via` in place of its own files", default="ssh's own"),
    ] = None
    ssl_ca: Annotated[
        Path | None,
        Option(
            key=True,
            form="certificates",
            meaning="certificates that the servers are checked against; a relative path counts from the file's folder",
            default="`global-bundle.pem` in the user's configuration folder if there is one, else the system's",
        ),
    ] = None
    aws_profile: Annotated[
        str | None, Option(key=True, meaning="the AWS profile", default="the AWS tools' own choice")
    ] = None
    region: Annotated[
        str | None,
        Option(
            "The AWS region of the instance.",
            flag="--region",
            metavar="NAME",
            commands=(*ANY, "find", "doctor", "ca"),
            key=True,
            meaning="the AWS region",
            default="the AWS tools' own choice",
            section=Section.STATE,
        ),
    ] = None
    executor: Annotated[
        str | None,
        Option(
            "Have ranges done by a Dask cluster: dask://host:port.",
            flag="--executor",
            metavar="URL",
            key=True,
            meaning="`dask://host:port` of a Dask cluster that does ranges of dump, comparison and load"
            " (docs/scaling.md); needs `dump_key`",
            default="this machine",
        ),
    ] = None
    wait_for_answer: Annotated[
        int,
        Option(
            "How long to wait for the yes before a write: 90m, 4h.",
            flag="--wait-for-answer",
            metavar="TIME",
            commands=ASKING,
            key=True,
            meaning="seconds to wait for the yes before a write, at most 30 days; then the run ends as after `later`",
            default="2 hours",
            typed=str,
            read=seconds_of_answer,
        ),
    ] = 2 * 3600
    detach: Annotated[
        bool,
        Option(
            "Go on should this terminal be lost; attach shows the run again.",
            flag="--detach",
            commands=(*ASKING, "compare"),
        ),
    ] = False
    quiet: Annotated[
        bool,
        Option(
            "Say only what needs you: the plan, questions, problems, and how it ended.",
            flag="--quiet",
            commands=ASKING,
        ),
    ] = False
    plain: Annotated[
        bool,
        Option(
            "Lines that stay: nothing is redrawn, no colour, no signs; for a screen reader, a bad line, a log.",
            flag="--plain",
            commands=SEEN,
            key=True,
            meaning="`true`: nothing on the terminal is redrawn or coloured, and words stand for signs",
            default="`false`",
        ),
    ] = False
    poll: Annotated[
        float,
        Option(key=True, meaning="seconds between two looks at what is being waited for, at most an hour"),
    ] = 15.0
    checkip_url: Annotated[
        str,
        Option(
            key=True,
            form="url",
            meaning="who is asked for this machine's public address where production shows only a name for it",
        ),
    ] = "https://checkip.amazonaws.com"
    ca_url: Annotated[
        str | None,
        Option(
            key=True,
            form="url",
            meaning="where `rdsrestore ca` fetches RDS's certificates",
            default="AWS's own address for the region's partition",
        ),
    ] = None
    audit_bucket: Annotated[
        str | None,
        Option(
            key=True,
            meaning="an S3 bucket that gets a copy of each run's journal, and of the journals' index, when it"
            " ends, below `rdsrestore/<run>/`; with object lock nobody can change it there",
            default="no copy",
        ),
    ] = None
    keep_dumps_for: Annotated[
        int,
        Option(
            key=True,
            meaning="seconds that dumps stay in a run's folder after the last record of its journal; the next command"
            " overwrites and removes older ones, and says so. `rdsrestore runs` shows their size, age and end",
            default="7 days",
        ),
    ] = 7 * 86400
    dump_key: Annotated[
        Secret | None,
        Option(
            key=True,
            meaning="an age identity (`age-keygen -o dump.key`) for which dumps and undo files are encrypted, and with"
            " which they are read",
            default="plain files",
        ),
    ] = None
    invariants: tuple[Invariant, ...] = ()
    tags: Tags = ()
    given: Mapping[str, Any] = field(default_factory=dict)

    def of(self, kind: type[T]) -> T:
        """Make the settings that a dataclass declares."""
        own = {each.name for each in declared(kind)}
        return kind(**filled(kind, {name: value for name, value in self.given.items() if name in own}))
