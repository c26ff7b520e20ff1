"""Restored rows beside production's: what differs, and the plan of what is to be written."""
