"""The hostile jobs, in workers that cannot live with what they are left: their sample takes a system call more."""

import os

from tests.tools.sandbox.hostile_jobs import JOBS

__all__ = ["JOBS"]


def sample() -> None:
    os.getpgid(0)


SAMPLE = sample
