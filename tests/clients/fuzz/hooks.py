"""Values for the scalars of the schema: what is right, and what looks like it."""

import json
import os

import requests
import schemathesis
from hypothesis import strategies as st
from hypothesis_graphql import nodes

text = st.text(max_size=40)
digits = st.text("0123456789-:TZ.+", max_size=25)


def scalar(name, right):
    schemathesis.graphql.scalar(name, (right | digits | text).map(nodes.String))


scalar("Date", st.dates().map(lambda date: date.isoformat()))
scalar("DateTime", st.datetimes().map(lambda at: at.isoformat() + "Z"))
scalar("Decimal", st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str))
scalar("URL", st.just("https://agency.example/done"))


def known_ids():
    """Ids of cases, orders and connections that exist, so that some queries get past the look-up."""
    with open(os.environ["RECERT_TEST_DEMO"], encoding="utf-8") as file:
        demo = json.load(file)
    query = "{ cases(first: 20) { nodes { id number client { id } latestOrder { id } employerLinks { id } } } }"
    headers = {"Authorization": f"Bearer {demo['tokens']['supervisor']}"}
    answer = requests.post(demo["graphql"], json={"query": query}, headers=headers, timeout=30).json()
    found = []
    for case in answer["data"]["cases"]["nodes"]:
        found += [case["id"], case["client"]["id"], (case["latestOrder"] or case)["id"]]
        found += [link["id"] for link in case["employerLinks"]]
    return found


scalar("ID", st.sampled_from(known_ids()))


@schemathesis.check
def no_internal_error(ctx, response, case):
    """A fault of ours may hide in an answer with status 200."""
    assert "INTERNAL_SERVER_ERROR" not in response.text, response.text
