"""Instances, real and restored."""
