"""What all tests share."""

import os

# Several test processes share the cores: threads that wait should sleep.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
