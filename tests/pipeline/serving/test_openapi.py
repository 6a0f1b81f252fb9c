"""Requests drawn from the server's own OpenAPI document: each is answered or refused, in JSON."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.slow

COLUMNS = ("Customer ID", "Date", "Total", "Invoice", "Country")
CELLS = ("7", "2023-05-01", "12.50", "31/12/2022", "1e400", "-3", "0", "", "\x00", "ÿ", "Total")


def drawn(schema, known):
    """Values of a JSON schema, as far as the document uses its words."""
    if "$ref" in schema:
        return drawn(known[schema["$ref"].rpartition("/")[2]], known)
    if "anyOf" in schema:
        return st.one_of([drawn(one, known) for one in schema["anyOf"]])
    kind = schema["type"]
    if kind == "array":
        return st.lists(drawn(schema["items"], known), min_size=schema["minItems"], max_size=5)
    if kind == "object" and "properties" in schema:
        optional = {name: drawn(one, known) for name, one in schema["properties"].items()}
        return st.fixed_dictionaries({}, optional=optional)
    if kind == "object":
        names = st.sampled_from(COLUMNS) | st.text(min_size=1, max_size=9)
        return st.dictionaries(names, drawn(schema["additionalProperties"], known), max_size=7)
    if kind == "string" and schema.get("format") == "date":
        return st.dates().map(str)
    numbers = {"min_value": schema.get("minimum"), "max_value": schema.get("maximum")}
    return {
        "string": st.sampled_from(CELLS) | st.text(max_size=20),
        "integer": st.integers(-(2**63), 2**63 - 1),
        "number": st.floats(allow_nan=False, allow_infinity=False, **numbers),
        "boolean": st.booleans(),
        "null": st.none(),
    }[kind]


@pytest.fixture(scope="session")
def document(served):
    code, told = served.ask("/openapi.json")
    assert code == 200
    return told


@pytest.mark.thorough
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_the_schema_allows_is_answered_or_refused(served, document, data):
    operation = document["paths"]["/scores"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    body = data.draw(drawn(schema, document["components"]["schemas"]))
    code, told = served.ask(body=body)
    assert code in (200, 422), told
    assert str(code) in operation["responses"]
    if code == 200:
        assert set(told) == set(document["components"]["schemas"]["Answered"]["properties"])
        orders = told["orders"]
        assert orders["rows"] == orders["used"] + sum(orders["set_aside"].values())


def test_the_document_names_every_path(document):
    assert set(document["paths"]) == {"/scores", "/model", "/health"}
    assert document["info"]["title"] == "churn"
