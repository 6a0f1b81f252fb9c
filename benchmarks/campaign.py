"""Campaigns: intervals that hold, plans that learn, a real trial, a million customers.

`python -m benchmarks.campaign [--data FOLDER] [PART ...]`, parts: coverage, following,
loop, hillstrom, scale
"""

import argparse
import os

from benchmarks import (
    campaign_coverage,
    campaign_following,
    campaign_hillstrom,
    campaign_loop,
    campaign_scale,
)

PARTS = ("coverage", "following", "loop", "hillstrom", "scale")


def main():
    """Print the parts asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=PARTS)
    parser.add_argument("--data", default=os.environ.get("CHURN_BENCHMARK_DATA"))
    asked = parser.parse_args()
    run = {
        "coverage": campaign_coverage.report,
        "following": campaign_following.report,
        "loop": campaign_loop.report,
        "hillstrom": lambda: campaign_hillstrom.report(asked.data),
        "scale": campaign_scale.report,
    }
    for part in asked.parts:
        print(f"\n== {part}\n", flush=True)
        run[part]()


if __name__ == "__main__":
    main()
