"""The report of a run as whoever writes the post-mortem asks for it."""

from __future__ import annotations

import json
from pathlib import Path

from tool import LabTool


def test_a_run_is_reported_as_page_text_and_json_without_a_secret(shop: LabTool, tmp_path: Path) -> None:
    shop.sql(
        "CREATE TABLE shop.`<script>x</script>` (id INT PRIMARY KEY); INSERT INTO shop.`<script>x</script>` VALUES (1)"
    )
    before = shop.moment()
    shop.sql("DELETE FROM shop.`<script>x</script>`")
    words = ("--before", before, "--yes", "--quiet", "--reason", "<b>oops</b>")
    said = shop("table", "<script>x</script>", *words, check=0).stdout
    assert "made sg-" not in said
    assert "restored and verified: 1 row put back" in said
    page = Path(shop("report", check=0).stdout.split("written: ")[1].strip())
    written = page.read_text("utf-8")
    assert page.stat().st_mode & 0o777 == 0o600
    assert "restored and verified: 1 row put back" in written
    assert "<script" not in written
    assert "&lt;script&gt;x&lt;/script&gt;" in written
    assert "&lt;b&gt;oops&lt;/b&gt;" in written
    for name in ("RDSRESTORE_PASSWORD", "RDSRESTORE_SLACK_TOKEN", "AWS_SECRET_ACCESS_KEY"):
        assert shop.env[name] not in written
    run = json.loads(shop("report", "--json", check=0).stdout)
    assert (run["state"], run["exit_code"]) == ("ok", 0)
    assert run["tables"][0]["ledger"]["done"] == 1
    assert shop("report", run["run"], "--md", check=0).stdout.startswith(f"# Run {run['run']}: done")
    shop("report", "--output", str(tmp_path / "a.html"), check=0)
    assert run["hash"] in (tmp_path / "a.html").read_text("utf-8")
    assert "choose one" in shop("report", "--md", "--html", check=2).stderr
    assert "can't be written" in shop("report", "--output", str(tmp_path / "no" / "a"), check=2).stderr
    shop.sql("DROP TABLE shop.`<script>x</script>`")
