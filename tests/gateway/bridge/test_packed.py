"""JSON of a google.protobuf.Any is held to the same rules as a field of a known type."""

import json
from typing import Any

import pytest
from google.protobuf import descriptor_pool

from atelier.image.v1 import image_pb2
from atelier.jobs.v1 import jobs_pb2
from services.common.errors import InvalidArgument
from services.gateway.bridge.routes import RouteTable, declared_routes
from services.gateway.bridge.transcode import Body, Transcoder

POOL = descriptor_pool.Default()
TRANSCODER = Transcoder(POOL)
ROUTES = RouteTable(declared_routes(POOL, ["atelier.jobs.v1.JobService"]))
TYPE = "type.googleapis.com/atelier.image.v1.GenerateImageRequest"


def submitted(packed: object) -> jobs_pb2.SubmitJobRequest:
    match = ROUTES.match("POST", "/v1/jobs")
    assert match is not None
    body = Body("application/json", json.dumps({"method": "m", "request": packed}).encode())
    return jobs_pb2.SubmitJobRequest.FromString(TRANSCODER.request(match, {}, body))


def test_what_it_holds_is_read() -> None:
    request = submitted({"@type": TYPE, "prompt": "a dog", "seed": 7, "image": "AAEC"}).request
    held = image_pb2.GenerateImageRequest()
    assert request.Unpack(held)
    assert (held.prompt, held.seed, held.image) == ("a dog", 7, b"\x00\x01\x02")


@pytest.mark.parametrize(
    ("packed", "field", "words"),
    [
        ({"@type": TYPE, "promt": "a dog"}, "request.promt", "did you mean 'prompt'"),
        ({"@type": TYPE, "seed": -1}, "request.seed", "a whole number from 0"),
        ({"@type": TYPE, "image": "data:image/png;base64,AAEC"}, "request.image", "data URL"),
        ({"@type": TYPE, "image": "no base64!"}, "request.image", "base64"),
        ({"@type": "nobody.knows.This"}, "request.@type", '"nobody.knows.This"'),
        ({"@type": [1]}, "request.@type", "got a list"),
        ({"@type": 7}, "request.@type", "got 7"),
        ({"prompt": "a dog"}, "request.@type", "got nothing"),
        ("a dog", "request", "an object"),
    ],
)
def test_what_is_wrong_is_told_by_the_field(packed: Any, field: str, words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        submitted(packed)
    [violation] = caught.value.violations
    assert violation.field == field
    assert words in violation.description
