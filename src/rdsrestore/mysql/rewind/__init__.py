"""Rows as they were at a moment, from the binlog since: events turned round as bytes, played on a scratch server."""
