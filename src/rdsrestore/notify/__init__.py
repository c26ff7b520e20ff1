"""Who is told: a terminal, a program, a report, Slack."""
