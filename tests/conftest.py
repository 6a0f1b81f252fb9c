"""What all tests share."""

import os

from hypothesis import settings

# Several test processes share the cores: threads that wait should sleep.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# OpenBLAS spins whatever it is told: of matrices as small as ours, one thread is faster than two.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# No test fails because a machine is slow.
settings.register_profile("any_machine", deadline=None)
settings.load_profile("any_machine")

pytest_plugins = ["tests.abuse.tally"]
