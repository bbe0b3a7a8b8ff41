"""A capability that exists only in tests: a library with every kind of HTTP rule there is.

Its descriptors live in a pool of their own, so that nothing here touches the real protos.
"""

import tempfile
from functools import cache
from importlib import resources
from pathlib import Path

from google.api import annotations_pb2
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from grpc_tools import protoc

SERVICE = "toy.library.v1.LibraryService"

PROTO = """
syntax = "proto3";
package toy.library.v1;

import "google/api/annotations.proto";
import "google/api/httpbody.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";

service LibraryService {
  rpc GetBook(Book) returns (Book) {
    option (google.api.http) = {
      get: "/v1/toy/{name=shelves/*/books/*}"
      additional_bindings {get: "/v1/toy/books/{id}"}
    };
  }
  rpc ListBooks(Search) returns (Search) {
    option (google.api.http) = {get: "/v1/toy/books"};
  }
  rpc FindBook(Search) returns (Search) {
    option (google.api.http) = {get: "/v1/toy/books/{book.id}/of/{author.name}:find"};
  }
  rpc CreateBook(WriteBook) returns (WriteBook) {
    option (google.api.http) = {post: "/v1/toy/{parent=shelves/*}/books" body: "book"};
  }
  rpc ReplaceBook(Book) returns (Book) {
    option (google.api.http) = {put: "/v1/toy/books/{id}" body: "*"};
  }
  rpc PatchBook(WriteBook) returns (WriteBook) {
    option (google.api.http) = {
      patch: "/v1/toy/books/{book.id}"
      body: "book"
      response_body: "book"
    };
  }
  rpc DeleteBook(Book) returns (google.protobuf.Empty) {
    option (google.api.http) = {delete: "/v1/toy/books/{id}"};
  }
  rpc ReadPath(Book) returns (Book) {
    option (google.api.http) = {get: "/v1/toy/files/{name=**}"};
  }
  rpc Titles(Search) returns (Search) {
    option (google.api.http) = {get: "/v1/toy/titles" response_body: "titles"};
  }
  rpc Echo(Everything) returns (Everything) {
    option (google.api.http) = {
      post: "/v1/toy/echo"
      body: "*"
      additional_bindings {get: "/v1/toy/echo"}
      additional_bindings {custom: {kind: "REPORT" path: "/v1/toy/echo"}}
    };
  }
  rpc Upload(google.api.HttpBody) returns (google.api.HttpBody) {
    option (google.api.http) = {post: "/v1/toy/upload" body: "*"};
  }
  rpc Attach(Attachment) returns (Attachment) {
    option (google.api.http) = {
      post: "/v1/toy/books/{id}/attachment"
      body: "file"
      response_body: "file"
    };
  }
  rpc WatchBooks(Search) returns (stream Book) {
    option (google.api.http) = {get: "/v1/toy/books:watch"};
  }
  rpc Happen(Search) returns (stream Happening) {
    option (google.api.http) = {post: "/v1/toy/happen" body: "*"};
  }
  rpc Download(Book) returns (stream google.api.HttpBody) {
    option (google.api.http) = {get: "/v1/toy/books/{id}:download"};
  }
  rpc NotOnHttp(stream Book) returns (Book) {}
}

enum Kind {
  KIND_UNSPECIFIED = 0;
  KIND_NOVEL = 1;
  KIND_POEM = 2;
}

message Book {
  string name = 1;
  int64 id = 2;
  string title = 3;
  Kind kind = 4;
}

message WriteBook {
  string parent = 1;
  Book book = 2;
  google.protobuf.FieldMask update_mask = 3;
  bool validate_only = 4;
}

message Author {
  string name = 1;
  Address address = 2;
}

message Address {
  string city_name = 1;
}

message Search {
  Book book = 1;
  Author author = 2;
  repeated string titles = 3;
  repeated int32 years = 4;
  Kind kind = 5;
  repeated Kind kinds = 6;
  bool in_print = 7;
  optional double min_price = 8;
  bytes token = 9;
  google.protobuf.Timestamp since = 10;
  google.protobuf.Duration age = 11;
  google.protobuf.BoolValue signed = 12;
  google.protobuf.Int32Value copies = 13;
  map<string, int32> counts = 14;
  repeated Book books = 15;
}

message Everything {
  string text = 1;
  int32 small = 2;
  int64 large = 3;
  uint32 natural = 4;
  uint64 huge = 5;
  float single = 6;
  double number = 7;
  bool truth = 8;
  bytes data = 9;
  Kind kind = 10;
  Book book = 11;
  repeated Book books = 12;
  repeated string words = 13;
  map<string, Book> by_name = 14;
  map<int32, string> by_number = 15;
  google.protobuf.Timestamp time = 16;
  google.protobuf.Duration span = 17;
  google.protobuf.Struct free_form = 18;
  google.protobuf.StringValue maybe = 19;
  optional int32 maybe_small = 20;
  oneof choice {
    string left = 21;
    int32 right = 22;
  }
  string renamed = 23 [json_name = "aliased"];
  repeated int64 larges = 24;
}

message Attachment {
  string id = 1;
  google.api.HttpBody file = 2;
}

message Happening {
  oneof event {
    string text = 1;
    int32 progress = 2;
    Book done = 3;
  }
}
"""


@cache
def descriptor_set() -> FileDescriptorSet:
    """Compile the toy's proto, with all that it imports."""
    return compiled({"toy/library/v1/library.proto": PROTO})


@cache
def pool() -> DescriptorPool:
    """Give the pool with the toy in it."""
    made = descriptor_pool.DescriptorPool()
    for file in descriptor_set().file:
        made.Add(file)
    return made


def message(name: str, /, **fields: object) -> Message:
    """Make a message of the toy's package."""
    made: Message = message_factory.GetMessageClass(
        pool().FindMessageTypeByName(f"toy.library.v1.{name}")
    )(**fields)
    return made


def compiled(files: dict[str, str]) -> FileDescriptorSet:
    """Compile protos given as text by their paths."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, "utf-8")
        result = folder / "set.binpb"
        arguments = [
            *("protoc", f"-I{folder}", f"-I{resources.files('grpc_tools') / '_proto'}"),
            f"-I{_google_apis()}",
            *("--include_imports", f"--descriptor_set_out={result}"),
            *(str(folder / path) for path in files),
            "google/rpc/error_details.proto",
        ]
        if protoc.main(arguments) != 0:
            raise ValueError("protoc refused the protos")
        return FileDescriptorSet.FromString(result.read_bytes())


def _google_apis() -> Path:
    """Find the folder that holds google/api/annotations.proto."""
    return Path(annotations_pb2.__file__).parents[2]
