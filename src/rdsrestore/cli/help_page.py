"""The help of a command with many flags: under headings, with examples at its end."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from typer.core import TyperCommand

from rdsrestore.domain.request.option import Section

EXAMPLES = """Examples:
  rdsrestore table billing --before "15 minutes ago" --dry-run
      reads everything, changes nothing, shows the plan
  rdsrestore table billing --before 10:14
      rows that are missing come back, nothing else is touched
  rdsrestore table billing --before 10:14 --merge overwrite --where "currency = 'EUR'"
      rows that were changed are as they were, too
  rdsrestore table billing --before 10:14 --incident-end 10:16 --merge overwrite
      takes back what was done from 10:14 to 10:16, and keeps what was done since
  rdsrestore table 'billing*' --before 10:14 --with-children
      several tables, and rows that went with theirs
  rdsrestore table billing --before 10:14 --into billing_then
      a new table beside it, as it was
  rdsrestore find billing
      when it happened, where nobody knows

Alone, rdsrestore asks for everything; the manual is rdsrestore help."""


class HelpPage(TyperCommand):
    """A command whose options stand under the headings that they declare."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - typer's own copies of click's types
        """Write each heading that has options, in the order of `Section`; what declares none is of the command."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for each in self.get_params(ctx):
            record = each.get_help_record(ctx)
            if record:
                found[getattr(each, "rich_help_panel", None) or Section.COMMAND].append(record)
        for section in Section:
            if found[section]:
                with formatter.section(section):
                    formatter.write_dl(found[section])

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - typer's own copies of click's types
        """Write the examples as they are typed: never wrapped, for they are copied."""
        del ctx
        if self.epilog:
            formatter.write(f"\n{self.epilog}\n")
