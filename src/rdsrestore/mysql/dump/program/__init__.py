"""The dump program of this machine."""
