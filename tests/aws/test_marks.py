"""What is ours is known by its own name in its own mark."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from rdsrestore.aws.tags import as_mapping, as_tags, expiry, is_owned, owner_tags

RUN = "170601-103000-abcd"
NAME = f"rdsrestore-{RUN}"
EXPIRES = datetime(2031, 5, 6, 9, 8, 9, tzinfo=timezone(timedelta(hours=2)))
TAGS = owner_tags(NAME, RUN, EXPIRES)


def test_marks_name_the_run_the_resource_itself_and_the_end_in_utc() -> None:
    assert TAGS == {
        "rdsrestore:managed": "true",
        "rdsrestore:run": RUN,
        "rdsrestore:instance": NAME,
        "rdsrestore:expires": "2031-05-06T07:08:09Z",
    }
    assert as_mapping(as_tags(TAGS)) == TAGS
    assert expiry(TAGS) == datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_what_carries_its_own_name_is_ours() -> None:
    assert is_owned(NAME, TAGS)
    assert is_owned(NAME, TAGS, RUN)


@pytest.mark.parametrize(
    ("name", "tags", "run"),
    [
        (NAME, {}, None),
        (NAME, {"rdsrestore:managed": "true", "rdsrestore:run": RUN}, None),
        (f"{NAME}-copy", TAGS, None),
        ("production", {**TAGS, "rdsrestore:instance": "production"}, None),
        (NAME, TAGS, "170601-103000-dcba"),
        ("", {}, None),
    ],
)
def test_a_name_alone_a_tag_alone_and_a_copy_of_ours_are_not_ours(
    name: str, tags: dict[str, str], run: str | None
) -> None:
    assert not is_owned(name, tags, run)


@pytest.mark.parametrize("text", [None, "", "soon"])
def test_an_end_that_can_not_be_read_is_none(text: str | None) -> None:
    assert expiry({} if text is None else {"rdsrestore:expires": text}) is None
