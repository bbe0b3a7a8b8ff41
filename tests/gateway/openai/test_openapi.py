"""The path items beside the tables they are made from."""

from services.gateway.openai import parameters
from services.gateway.openai.openapi import paths
from services.gateway.openai.parameters import Support


def test_every_parameter_that_may_be_sent_is_described() -> None:
    body = paths()["/v1/chat/completions"]["post"]["requestBody"]["content"]["application/json"]
    described = body["schema"]["properties"]
    refused = {n for n, item in parameters.CHAT.items() if item.support is Support.REFUSED}
    assert set(described) == set(parameters.CHAT) - refused
    assert body["schema"]["required"] == ["messages", "model"]
    assert described["seed"]["description"] == parameters.CHAT["seed"].note


def test_no_reference_points_out_of_the_items() -> None:
    assert "$ref" not in str(paths())


def test_a_query_is_described_by_its_names() -> None:
    named = paths()["/v1/videos"]["get"]["parameters"]
    assert [item["name"] for item in named] == ["after", "limit", "order"]
    assert {item["in"] for item in named} == {"query"}
