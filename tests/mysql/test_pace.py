"""Kind to whoever else is at work: what is seen of them, what pace comes of it, and that a load keeps to it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from mysql.site import SCHEMA, Server, Site
from rdsrestore.domain.request.throttle_rules import Limits, ThrottleRules
from rdsrestore.domain.secret import Secret
from rdsrestore.mysql.merge.batches import resting
from rdsrestore.mysql.pace import activity
from rdsrestore.mysql.pace.activity import UNDER_WAY, Look
from rdsrestore.mysql.pace.batch_size import FULL, SOFT
from rdsrestore.mysql.pace.controller import CROWD, LATE, LEAST, LONGEST, MOST, SOMEBODY, START, Commits, Pace
from rdsrestore.mysql.pace.turns import Turns
from rdsrestore.mysql.pace.watcher import AT_REST, AT_WORK
from rdsrestore.mysql.session.cut_off import Line
from rdsrestore.mysql.session.login.connection import Login, connect
from tool import counted

USUAL = 0.002
ROWS = 30_000
BUSY = Pace().among(SOMEBODY)


def commits(seconds: float, running: int = 1, number: int = AT_WORK) -> Commits:
    return Commits((seconds,) * number, (running,) * number)


STILL = commits(USUAL, number=AT_REST)


def test_little_is_written_before_anything_is_known() -> None:
    assert (Pace().size, Pace().why) == (SOFT, "")


def test_whoever_is_alone_takes_all() -> None:
    assert Pace().among(SOMEBODY - 1).size is FULL


def test_where_somebody_is_at_work_little_is_written_and_it_is_said_why() -> None:
    assert (BUSY.size, BUSY.why) == (SOFT, "production is busy: resting 50% of the time")


def test_once_others_have_gone_all_is_taken_and_what_was_learned_of_them_is_forgotten() -> None:
    slow = BUSY.judged(commits(USUAL * 3), STILL)
    assert slow.among(0).size is FULL
    assert slow.among(0).among(SOMEBODY) == BUSY


def test_late_commits_cut_the_share_down_to_the_least() -> None:
    pace = BUSY.judged(commits(USUAL * LATE * 1.01), STILL)
    assert LEAST < pace.share < START
    for _time in range(9):
        pace = pace.judged(commits(USUAL * 100), STILL)
    assert pace.share == LEAST
    assert pace.size.rest == (1 - LEAST) / LEAST  # a load takes at most so many times longer, whatever is seen


def test_commits_as_quick_as_without_us_give_back_some_each_time_and_never_all() -> None:
    pace = BUSY.judged(commits(USUAL), STILL)
    assert START < pace.share < MOST
    for _time in range(9):
        pace = pace.judged(commits(USUAL), STILL)
    assert (pace.share, pace.size.writers) == (MOST, 1)


def test_commits_in_between_change_nothing() -> None:
    assert BUSY.judged(commits(USUAL * 1.3), STILL).share == START


def test_a_server_that_is_slow_for_another_reason_is_no_reason_to_rest() -> None:
    assert BUSY.judged(commits(1.0), commits(1.0)).share > START


def test_one_late_commit_among_many_is_no_reason_to_rest() -> None:
    assert BUSY.judged(commits(USUAL) + commits(1.0, number=1), STILL).share > START


def test_more_threads_that_wait_are_a_reason_to_rest_whatever_a_commit_takes() -> None:
    assert BUSY.judged(commits(USUAL, running=1 + CROWD), STILL).share < START


def test_where_commits_are_slow_a_transaction_writes_more_and_no_more_than_the_longest() -> None:
    sizes = [BUSY.judged(commits(each), commits(each)).size for each in (0.0001, 0.01, 1.0)]
    assert [size.seconds for size in sizes] == [SOFT.seconds, 0.02, LONGEST]
    assert sizes[0].rows == SOFT.rows
    assert [size.rows for size in sizes] == sorted(size.rows or 0 for size in sizes)


def test_it_settles_where_an_application_hardly_notices() -> None:
    """An application whose commits take longer in proportion to our share."""
    pace, seen = BUSY, list[float]()
    for _time in range(60):
        factor = 1 + 1.2 * pace.share
        seen.append(factor)
        pace = pace.judged(commits(USUAL * factor), STILL)
    assert sum(seen[20:]) / len(seen[20:]) < LATE


def test_no_statement_of_ours_counts_as_somebody_else_s() -> None:
    first = Look(at=0, questions=100, running=1, least=10, most=13)
    assert Look(at=1, questions=600, running=1, least=509, most=513).since(first) == 0
    assert Look(at=1, questions=600, running=1, least=409, most=413).since(first) == 100 - 3 - UNDER_WAY


def test_no_more_writers_at_a_time_than_the_size_says_and_none_while_all_keep_still() -> None:
    turns, at_work, most = Turns(lambda: SOFT), list[int](), list[int]()

    def write(number: int) -> None:
        with turns.turn():
            at_work.append(number)
            most.append(len(at_work))
            at_work.remove(number)

    with ThreadPoolExecutor(4) as pool:
        with turns.still(1) as still:
            waiting = [pool.submit(write, number) for number in range(20)]
            assert still
            assert most == []
        for each in waiting:
            each.result()
    assert (len(most), max(most)) == (20, 1)
    assert turns.rested > 0


def test_still_does_not_wait_for_a_writer_for_ever() -> None:
    turns = Turns()
    with turns.turn(), turns.still(0.01) as still:
        assert not still


def test_a_writer_that_fails_gives_its_turn_back_and_does_not_rest() -> None:
    turns = Turns(lambda: SOFT)
    with contextlib.suppress(ValueError), turns.turn():
        raise ValueError
    with turns.still(0) as still:
        assert (still, turns.rested) == (True, 0.0)


def test_between_two_ranges_it_rests_as_long_as_the_first_took() -> None:
    begun = time.monotonic()
    for _each in resting(iter(range(2)), 1.0):
        time.sleep(0.02)
    assert time.monotonic() - begun >= 0.08


def test_what_we_ask_over_several_sessions_is_told_from_what_others_ask(family: Site) -> None:
    """Hold our count against the server's, also of sessions that are closed, and with a login without PROCESS."""
    family.production.sql("CREATE USER IF NOT EXISTS plain@'%' IDENTIFIED BY 'x'")
    line, endpoint = Line(), family.production.endpoint
    login = Login(endpoint, "plain", Secret("x"), family.ca, line=line)

    def ours() -> int:
        return line.asked(endpoint)

    with ExitStack() as opened:
        watching = opened.enter_context(contextlib.closing(connect(login, "watching")))
        first = activity.look(watching, ours)
        for _session in range(3):
            with contextlib.closing(connect(login, "writing")) as session:
                for _each in range(10):
                    session.rows("SELECT 1")
        alone = activity.look(watching, ours)
        assert alone.since(first) == 0
        assert alone.questions - first.questions - (alone.most - first.most) < SOMEBODY  # goodbyes count, too
        family.production.sql("; ".join(["SELECT 1"] * 50))
        assert 50 - 2 * UNDER_WAY <= activity.look(watching, ours).since(alone) <= 60


@pytest.fixture
def at_work(site: Site) -> Iterator[None]:
    """An application that asks something again and again."""
    over = threading.Event()
    thread = threading.Thread(target=keep_asking, args=(site.production, over))
    thread.start()
    yield
    over.set()
    thread.join()


def keep_asking(server: Server, over: threading.Event) -> None:
    with server.root() as connection, connection.cursor() as cursor:
        while not over.is_set():
            cursor.execute("SELECT 1")


def told_of_a_load(site: Site, limits: Limits) -> tuple[set[str], float]:
    """Load some thousand rows; returns what was said of the pace, and how long it rested."""
    site.both(f"CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(99)); INSERT INTO t SELECT seq, seq FROM {counted(ROWS)}")
    site.now("DELETE FROM t")
    site.dump("t")
    site.whole.add("t")
    site.stage("t")
    said: set[str] = set()

    def hear(text: str, share: float | None) -> None:
        del share
        said.update(text.split("; ")[1:])

    with site.live() as server:
        server.compare(SCHEMA, [site.target("t")], site.folder, hear)
        rested = server.load(SCHEMA, [site.target("t")], site.folder, ThrottleRules(limits), hear)
    assert site.equal("t")
    return said, rested


@pytest.mark.usefixtures("at_work")
def test_a_load_rests_while_somebody_is_at_work_and_says_so(site: Site) -> None:
    said, rested = told_of_a_load(site, Limits())
    assert said
    assert all(each.startswith("production is busy: resting") for each in said)
    assert rested > 0


@pytest.mark.usefixtures("at_work")
def test_a_fast_load_does_not_rest_whoever_is_at_work(site: Site) -> None:
    assert told_of_a_load(site, Limits(fast=True)) == (set(), 0.0)


def test_a_load_that_is_alone_never_calls_production_busy(site: Site) -> None:
    said, _rested = told_of_a_load(site, Limits())
    assert said == set()
