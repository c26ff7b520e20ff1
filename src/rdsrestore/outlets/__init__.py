"""Who is told: the operator, programs, Slack, and whoever reads the report a month later."""
