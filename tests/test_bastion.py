"""What `--via` takes."""

from __future__ import annotations

import pytest

from rdsrestore.domain.cloud.bastion import Bastion, Container, Node, Way, read
from rdsrestore.domain.errors import UsageError


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ssh:ada@bastion.example.com", Bastion("ada@bastion.example.com")),
        ("ssh:bastion:2222", Bastion("bastion", 2222)),
        ("ssh:ada@[2001:db8::7]:22", Bastion("ada@2001:db8::7", 22)),
        ("ssh:ec2-user@10.7.0.10", Bastion("ec2-user@10.7.0.10")),
        ("ssm:i-0123456789abcdef0", Node("i-0123456789abcdef0")),
        ("ssm:mi-0123456789abcdef0", Node("mi-0123456789abcdef0")),
        (f"ssm:ecs:office/{'0a' * 16}/shell", Container("office", "0a" * 16, "shell")),
        (f"ecs:office/{'0a' * 16}/shell", Container("office", "0a" * 16, "shell")),
    ],
)
def test_a_bastion_is_named_as_ssh_names_it(text: str, meant: Way) -> None:
    assert read(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bastion",
        "ssh:",
        "ssh:-oProxyCommand=true",
        "ssh:ada@-l",
        "ssh:a b",
        "ssh:a:0",
        "ssh:a:70000",
        "ssm:i-0123",
        "ssm:0123456789abcdef0",
        "ssm:ecs:office/web",
        "ecs:a b/c/d",
    ],
)
def test_what_is_none_or_would_be_an_option_of_ssh_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no way"):
        read(text)
