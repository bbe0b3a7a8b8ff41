"""Where the bridge answers otherwise than Envoy's grpc_json_transcoder, and why.

The comparison fails if a request that is listed here gets equal answers, other statuses than these,
or if one that is not listed gets different ones. What differs for every request of a kind stands in
EVERYWHERE; the comparison leaves just that out of account.
"""

from dataclasses import dataclass

EVERYWHERE = {
    "the shape of an error": (
        "Envoy sends google.rpc.Status bare, and prints its empty fields. The bridge puts it under "
        '"error", with the HTTP status as code, the name of the gRPC status, and the capability; '
        "code, message and details are compared and are equal."
    ),
    "the words of a refusal": (
        "Envoy refuses bad requests in plain text, without the field in many cases. The bridge "
        "answers in JSON with BadRequest, which names every wrong field and what it takes. The "
        "statuses are compared."
    ),
    "the end of a stream": (
        "Envoy's events have neither names nor an end. The bridge's have the case of the oneof as "
        "their name, a number, and a final event; the payloads are compared and are equal."
    ),
    "the charset of event streams": "The bridge says that they are UTF-8; Envoy leaves it open.",
    "white space and the order of fields in JSON": "They mean nothing.",
}


@dataclass(frozen=True)
class Difference:
    """The statuses of both sides, and why the bridge does not follow."""

    envoy_status: int
    bridge_status: int
    reason: str


def _looser(reason: str) -> Difference:
    """Envoy lets it pass, the bridge refuses it."""
    return Difference(200, 400, reason)


_JSON = (
    "It is not JSON (RFC 8259). Whoever sends it has a mistake that another server would refuse."
)
_RESPONSE_BODY = (
    "google.api.http defines response_body for every field. Envoy has it for HttpBody only and "
    "does not start otherwise, so its descriptors are without it here."
)
_ONE_PLACE = (
    "http.proto gives each field one place: what the body holds is no query parameter. Envoy "
    "takes both, and one of them wins unseen."
)

DIFFERENCES = {
    # Wrong requests that Envoy lets pass.
    "unknown field": _looser(
        "A mistyped temperature must not be dropped in silence. Envoy has a switch for unknown "
        "query parameters, but none for unknown fields of a body."
    ),
    "unknown field inside": _looser("As for an unknown field at the top."),
    "one field twice": _looser("Nobody means it, and which one counts differs between parsers."),
    "bool that is a string": _looser("proto3's JSON has true and false for it, and no strings."),
    "list that is a string": _looser("proto3's JSON has a list for a repeated field."),
    "null in a list": _looser("proto3's JSON does not allow it; Envoy drops it in silence."),
    "JSON with a comma too many": _looser(_JSON),
    "JSON with single quotes": _looser(_JSON),
    "JSON with names without quotes": _looser(_JSON),
    "parameter beside a whole body": _looser(_ONE_PLACE),
    "parameter for the body's field": _looser(_ONE_PLACE),
    "variable and parameter for one field": _looser(
        "The path says which book it is; a parameter that says another one is a mistake. Envoy "
        "takes the parameter."
    ),
    "body where there is none": _looser(
        "The route declares no body. Envoy reads it all the same, as if it were declared."
    ),
    "JSON without a type": Difference(
        200, 415, "A web page of any origin may send a body without a type unasked, but not JSON."
    ),
    "form": Difference(400, 415, "The content type is what is wrong; Envoy does not look at it."),
    # Paths.
    "path with a slash too many": Difference(
        200, 404, "The template has none; the 404 names the path that was meant."
    ),
    "other method": Difference(404, 405, "HTTP has a status for it, which brings Allow."),
    "other method with a body": Difference(404, 405, "As for the other method without a body."),
    "path over body": Difference(
        200,
        200,
        "Envoy lets a field of the body override the variable of the path. Whoever checks or logs "
        "the path must be able to rely on it.",
    ),
    # Query parameters.
    "plus in a parameter": Difference(
        200,
        200,
        "A plus stands for a space in a query, as URLSearchParams and forms write it; Envoy keeps "
        "the plus.",
    ),
    "parameter without a sign": Difference(
        200, 200, "URLs take `a` for `a=`, an empty value; Envoy drops it."
    ),
    # Answers.
    "speech without a type": Difference(
        200, 200, "Bytes that nobody named are application/octet-stream; Envoy sends no type."
    ),
    "no body as a field": Difference(
        200, 200, "What was not sent stays unset; Envoy sets the field to an empty message."
    ),
    "one field as the answer": Difference(200, 200, _RESPONSE_BODY),
    "absent field as the answer": Difference(200, 200, _RESPONSE_BODY),
    "list as the answer": Difference(200, 200, _RESPONSE_BODY),
    "empty list as the answer": Difference(200, 200, _RESPONSE_BODY),
    "stream that fails later": Difference(
        200,
        200,
        "Envoy ends the stream as if it were complete, and the error is lost. The bridge sends it "
        "as the last event.",
    ),
}
