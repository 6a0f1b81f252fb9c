"""The PostgreSQL server that tests ask; whoever has none goes without them."""

import os

import psycopg
import pytest

URL = os.environ.get("CHURN_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")


def connected() -> psycopg.Connection:
    """A session that commits each statement by itself; skips the test where no server answers."""
    try:
        return psycopg.connect(URL, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        pytest.skip("needs a PostgreSQL server; CHURN_TEST_POSTGRES is its address")
