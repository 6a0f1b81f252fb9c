"""The exit codes of every command."""

DONE, BUG, REFUSED, GATE_FAILED, ALARM, STOPPED = 0, 1, 2, 3, 4, 130
