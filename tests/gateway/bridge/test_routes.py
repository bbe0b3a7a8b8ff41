import pytest
from google.api import http_pb2
from google.longrunning import operations_proto_pb2
from google.protobuf import descriptor_pool

from atelier.gateway.v1 import gateway_pb2
from atelier.image.v1 import image_pb2
from atelier.llm.v1 import llm_pb2
from atelier.tts.v1 import tts_pb2
from atelier.videogen.v1 import videogen_pb2
from services.gateway.bridge.routes import RouteError, RouteTable, declared_routes
from tests.support import bridge_toy

REAL = [
    module.DESCRIPTOR.services_by_name[name].full_name
    for module, name in (
        (llm_pb2, "LlmService"),
        (tts_pb2, "TtsService"),
        (image_pb2, "ImageService"),
        (videogen_pb2, "VideogenService"),
        (gateway_pb2, "CapabilityService"),
    )
]


def real_routes() -> RouteTable:
    return RouteTable(declared_routes(descriptor_pool.Default(), REAL))


def toy_routes() -> RouteTable:
    return RouteTable(declared_routes(bridge_toy.pool(), [bridge_toy.SERVICE]))


def toy(name: str) -> str:
    return f"/toy.library.v1.LibraryService/{name}"


@pytest.mark.parametrize(
    ("route", "method"),
    [
        ("POST /v1/llm/chat", "/atelier.llm.v1.LlmService/Chat"),
        ("POST /v1/llm/chat:stream", "/atelier.llm.v1.LlmService/StreamChat"),
        ("GET /v1/llm/model", "/atelier.llm.v1.LlmService/DescribeModel"),
        ("POST /v1/tts/speech", "/atelier.tts.v1.TtsService/Synthesize"),
        ("POST /v1/tts/speech:stream", "/atelier.tts.v1.TtsService/StreamSynthesize"),
        ("GET /v1/tts/voices", "/atelier.tts.v1.TtsService/ListVoices"),
        ("POST /v1/image/generate", "/atelier.image.v1.ImageService/GenerateImage"),
        ("POST /v1/videogen/generate", "/atelier.videogen.v1.VideogenService/GenerateVideo"),
        ("GET /v1/capabilities/status", "/atelier.gateway.v1.CapabilityService/ListCapabilities"),
        ("GET /v1/capabilities/llm", "/atelier.gateway.v1.CapabilityService/GetCapability"),
        ("GET /v1/capabilities:watch", "/atelier.gateway.v1.CapabilityService/WatchCapabilities"),
    ],
)
def test_the_designs_routes_are_declared(route: str, method: str) -> None:
    http_method, path = route.split()
    found = real_routes().match(http_method, path)
    assert found is not None
    assert found.route.grpc_path == method


@pytest.mark.parametrize(
    ("route", "method"),
    [
        ("GET /v1/toy/shelves/1/books/2", "GetBook"),
        ("GET /v1/toy/books/7", "GetBook"),
        ("GET /v1/toy/books", "ListBooks"),
        ("GET /v1/toy/books:watch", "WatchBooks"),
        ("GET /v1/toy/books/7:download", "Download"),
        ("GET /v1/toy/books/7/of/Ann:find", "FindBook"),
        ("POST /v1/toy/shelves/1/books", "CreateBook"),
        ("PUT /v1/toy/books/7", "ReplaceBook"),
        ("PATCH /v1/toy/books/7", "PatchBook"),
        ("DELETE /v1/toy/books/7", "DeleteBook"),
        ("GET /v1/toy/files/a/b", "ReadPath"),
        ("REPORT /v1/toy/echo", "Echo"),
    ],
)
def test_every_kind_of_rule_makes_a_route(route: str, method: str) -> None:
    http_method, path = route.split()
    found = toy_routes().match(http_method, path)
    assert found is not None
    assert found.route.grpc_path == toy(method)


def test_a_path_knows_its_methods() -> None:
    assert toy_routes().methods_of("/v1/toy/books/7") == ["DELETE", "GET", "PATCH", "PUT"]
    assert toy_routes().methods_of("/v1/toy/nowhere/at/all") == []


def test_a_mistyped_path_has_neighbours() -> None:
    assert "POST /v1/llm/chat" in real_routes().nearest("POST", "/v1/llm/chatt")
    assert real_routes().nearest("GET", "/favicon.ico") == []


def test_routes_can_be_added_for_protos_that_have_none() -> None:
    wait = http_pb2.HttpRule(
        selector="google.longrunning.Operations.WaitOperation",
        post="/v1/{name=operations/**}:wait",
        body="*",
    )
    service = operations_proto_pb2.DESCRIPTOR.services_by_name["Operations"].full_name
    table = RouteTable(declared_routes(descriptor_pool.Default(), [service], [wait]))
    found = table.match("POST", "/v1/operations/a/1:wait")
    assert found is not None
    assert found.route.grpc_path == "/google.longrunning.Operations/WaitOperation"
    assert found.variables == {"name": "operations/a/1"}
    listing = table.match("GET", "/v1/operations")
    assert listing is not None
    assert listing.route.method.name == "ListOperations"


def faulty(method: str, rule: str) -> str:
    return (
        'syntax = "proto3"; package faulty; import "google/api/annotations.proto";'
        "message M { string name = 1; repeated string tags = 2; M inner = 3; }"
        f"service S {{ rpc Do({method}) returns (M) "
        f"{{ option (google.api.http) = {{ {rule} }}; }} }}"
    )


@pytest.mark.parametrize(
    ("method", "rule", "said"),
    [
        ("M", 'get: "/v1/{nobody}"', "no field 'nobody'"),
        ("M", 'get: "/v1/{tags}"', "no single scalar"),
        ("M", 'get: "/v1/{inner}"', "no single scalar"),
        ("M", 'get: "/v1/{name.first}"', "no single message"),
        ("M", 'post: "/v1/a" body: "nobody"', "no field 'nobody'"),
        ("M", 'get: "/v1/a" response_body: "nobody"', "no field 'nobody'"),
        ("M", 'get: "v1/a"', "does not begin with '/'"),
        ("M", 'body: "*"', "names no path"),
        ("stream M", 'post: "/v1/a" body: "*"', "takes a stream"),
        ("M", 'get: "/v1/a" additional_bindings { get: "/v1/a" }', "both claim GET /v1/a"),
    ],
)
def test_a_rule_that_cannot_be_served_is_refused_by_name(method: str, rule: str, said: str) -> None:
    files = bridge_toy.compiled({"faulty.proto": faulty(method, rule)})
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    with pytest.raises(RouteError, match=r"faulty\.S") as caught:
        RouteTable(declared_routes(pool, ["faulty.S"]))
    assert said in str(caught.value)
