"""The HTTP routes that the protos declare with google.api.http. Knows no request and no answer."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool

from services.gateway.bridge.fields import field_named
from services.gateway.bridge.templates import (
    PathTemplate,
    TemplateError,
    parse_template,
    split_path,
)


class RouteError(ValueError):
    """A declared route that cannot be served; the text names the method and says why."""


@dataclass(frozen=True)
class Route:
    """One HTTP verb and path for one gRPC method.

    `body` is "" (no body), "*" (the body is the request) or the name of the request's field that
    the body is. `response_body` is "" (the answer is the response) or the name of a field.
    """

    http_method: str
    template: PathTemplate
    method: MethodDescriptor
    body: str
    response_body: str

    @property
    def service(self) -> str:
        """The full name of the service."""
        return str(self.method.containing_service.full_name)

    @property
    def grpc_path(self) -> str:
        """The method as gRPC's paths name it."""
        return f"/{self.service}/{self.method.name}"

    @property
    def streams(self) -> bool:
        """Whether the method answers with a stream."""
        return bool(self.method.server_streaming)

    def __str__(self) -> str:
        return f"{self.http_method} {self.template.text}"


@dataclass(frozen=True)
class Match:
    """The route of a request, and the values of the path's variables by field path."""

    route: Route
    variables: dict[str, str]


class RouteTable:
    """All routes, the most exact first."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Raise RouteError if two routes claim the same verb and path."""
        self.routes: Sequence[Route] = sorted(routes, key=lambda route: route.template.specificity)
        self._verbs = frozenset(route.template.verb for route in self.routes) - {""}
        _refuse_doubles(self.routes)

    @property
    def prefixes(self) -> frozenset[str]:
        """The first segments of all paths, "v1" for example."""
        return frozenset(route.template.segments[0] for route in self.routes)

    def match(self, http_method: str, raw_path: str) -> Match | None:
        """Find the route of a request; the path is still percent-encoded.

        Raises UnicodeDecodeError if a variable is not UTF-8.
        """
        return next(
            (m for m in self._matches(raw_path) if m.route.http_method == http_method), None
        )

    def methods_of(self, raw_path: str) -> list[str]:
        """List the HTTP methods that the path has, sorted; empty if there is no such path."""
        return sorted({match.route.http_method for match in self._matches(raw_path)})

    def nearest(self, http_method: str, raw_path: str) -> list[str]:
        """List up to three routes whose paths look like this one, of the same method if any is."""
        preferred = sorted(self.routes, key=lambda route: route.http_method == http_method)
        by_path = {route.template.text: route for route in preferred}
        close = difflib.get_close_matches(raw_path, by_path, n=3, cutoff=0.6)
        return [str(by_path[path]) for path in close]

    def _matches(self, raw_path: str) -> Iterator[Match]:
        segments, verb = split_path(raw_path, self._verbs)
        for route in self.routes:
            variables = route.template.match(segments, verb)
            if variables is not None:
                yield Match(route, variables)


def declared_routes(
    pool: DescriptorPool, services: Sequence[str], extra_rules: Sequence[http_pb2.HttpRule] = ()
) -> list[Route]:
    """Read the routes of the services from the pool's descriptors.

    `extra_rules` add to the annotations; their selectors name methods by their full names.
    Raises KeyError for a service or a method that the pool lacks, RouteError for a bad rule.
    """
    routes: list[Route] = []
    for service in services:
        for method in pool.FindServiceByName(service).methods:
            options = method.GetOptions()
            if options.HasExtension(annotations_pb2.http):
                routes.extend(_routes(method, options.Extensions[annotations_pb2.http]))
    for rule in extra_rules:
        routes.extend(_routes(pool.FindMethodByName(rule.selector), rule))
    return routes


def _routes(method: MethodDescriptor, rule: http_pb2.HttpRule) -> Iterator[Route]:
    for binding in (rule, *rule.additional_bindings):
        try:
            yield _route(method, binding)
        except (TemplateError, RouteError) as error:
            raise RouteError(f"{method.full_name}: {error}") from error


def _route(method: MethodDescriptor, rule: http_pb2.HttpRule) -> Route:
    if method.client_streaming:
        raise RouteError("HTTP carries one request, so a method that takes a stream has no route")
    pattern = rule.WhichOneof("pattern")
    if pattern is None:
        raise RouteError("the rule names no path")
    custom = pattern == "custom"
    http_method = rule.custom.kind if custom else pattern.upper()
    template = parse_template(rule.custom.path if custom else getattr(rule, pattern))
    for variable in template.variables:
        _check_variable(method.input_type, variable.field_path)
    if rule.body not in ("", "*"):
        _check_field(method.input_type, rule.body)
    if rule.response_body:
        _check_field(method.output_type, rule.response_body)
    return Route(http_method, template, method, rule.body, rule.response_body)


def _check_variable(message: Descriptor, field_path: str) -> None:
    *parents, leaf = field_path.split(".")
    for name in parents:
        field = _check_field(message, name)
        if field.message_type is None or field.is_repeated:
            raise RouteError(f"'{name}' in '{field_path}' is no single message")
        message = field.message_type
    field = _check_field(message, leaf)
    if field.message_type is not None or field.is_repeated:
        raise RouteError(f"'{field_path}' is no single scalar, so no path can hold it")


def _check_field(message: Descriptor, name: str) -> FieldDescriptor:
    field = field_named(message, name)
    if field is None:
        raise RouteError(f"{message.full_name} has no field '{name}'")
    return field


def _refuse_doubles(routes: Sequence[Route]) -> None:
    seen: dict[tuple[str, tuple[str, ...], str], Route] = {}
    for route in routes:
        key = (route.http_method, route.template.segments, route.template.verb)
        other = seen.setdefault(key, route)
        if other is not route:
            raise RouteError(
                f"{route.method.full_name} and {other.method.full_name} both claim {route}"
            )
