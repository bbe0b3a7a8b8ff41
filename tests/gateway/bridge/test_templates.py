import pytest

from services.gateway.bridge.templates import (
    PathTemplate,
    TemplateError,
    parse_template,
    split_path,
)


def matched(template: str, path: str, *verbs: str) -> dict[str, str] | None:
    return parse_template(template).match(*split_path(path, frozenset(verbs)))


@pytest.mark.parametrize(
    ("template", "path", "variables"),
    [
        ("/v1/chat", "/v1/chat", {}),
        ("/v1/chat", "/v1/ch%61t", {}),
        ("/v1/{name}", "/v1/llm", {"name": "llm"}),
        ("/v1/{name}", "/v1/a%20b", {"name": "a b"}),
        ("/v1/{name}", "/v1/a%2Fb", {"name": "a/b"}),
        ("/v1/{name}", "/v1/%C3%A9", {"name": "é"}),
        ("/v1/{name}", "/v1/a+b", {"name": "a+b"}),
        ("/v1/{name=*}", "/v1/llm", {"name": "llm"}),
        ("/v1/{book.id}", "/v1/7", {"book.id": "7"}),
        ("/v1/{name=shelves/*}", "/v1/shelves/3", {"name": "shelves/3"}),
        ("/v1/{name=shelves/*/books/*}", "/v1/shelves/3/books/4", {"name": "shelves/3/books/4"}),
        ("/v1/{name=shelves/*}", "/v1/shelves/a%2Fb%20c", {"name": "shelves/a%2Fb c"}),
        ("/v1/{name=operations/**}", "/v1/operations/a/b", {"name": "operations/a/b"}),
        ("/v1/{name=operations/**}", "/v1/operations", {"name": "operations"}),
        ("/v1/{name=**}", "/v1/a%2fb/c", {"name": "a%2fb/c"}),
        ("/v1/*/x/{b}", "/v1/1/x/2", {"b": "2"}),
        ("/v1/{a}/x/{b=*}", "/v1/1/x/2", {"a": "1", "b": "2"}),
    ],
)
def test_a_path_gives_its_variables(template: str, path: str, variables: dict[str, str]) -> None:
    assert matched(template, path) == variables


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/v1/chat", "/v1/chats"),
        ("/v1/chat", "/v1/chat/"),
        ("/v1/chat", "/v1"),
        ("/v1/chat", "/v1/Chat"),
        ("/v1/{name}", "/v1/"),
        ("/v1/{name}", "/v1/a/b"),
        ("/v1/{name=shelves/*}", "/v1/shelves"),
        ("/v1/{name=shelves/*}", "/v1/boxes/3"),
        ("/v1/{name=operations/**}", "/v1/operations/"),
        ("/v1/{name=operations/**}", "/v1/operations//a"),
        ("/v1/*/x", "/v1//x"),
    ],
)
def test_another_path_does_not_match(template: str, path: str) -> None:
    assert matched(template, path) is None


def test_a_verb_is_part_of_the_route() -> None:
    assert matched("/v1/{name}:watch", "/v1/a:watch", "watch") == {"name": "a"}
    assert matched("/v1/{name=a/**}:cancel", "/v1/a/b/c:cancel", "cancel") == {"name": "a/b/c"}
    assert matched("/v1/{name}", "/v1/a:watch", "watch") is None
    assert matched("/v1/{name}:watch", "/v1/a", "watch") is None


def test_a_colon_that_is_no_known_verb_belongs_to_the_value() -> None:
    assert matched("/v1/{name}", "/v1/a:b", "watch") == {"name": "a:b"}
    assert matched("/v1/{name}:watch", "/v1/a:b:watch", "watch") == {"name": "a:b"}


def test_a_value_must_be_utf_8() -> None:
    with pytest.raises(UnicodeDecodeError):
        matched("/v1/{name}", "/v1/%ff")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "v1/chat",
            "",
            "/",
            "/v1/",
            "/v1//a",
            "/v1/{}",
            "/v1/{a",
            "/v1/a}",
            "/v1/{a.}",
            "/v1/{1a}",
        ),
        *("/v1/{a}b", "/v1/**/x", "/v1/{a=**}/x", "/v1/{a}/{a}", "/v1/{a={b}}", "/v1/{a=}x"),
        *("/v1/a*", "/v1/{a=b/}", "/v1/a:b/c"),
    ],
)
def test_a_malformed_template_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        parse_template(text)


def test_the_more_exact_template_comes_first() -> None:
    texts = ["/v1/{a=**}", "/v1/{a}", "/v1/{a}:do", "/v1/x", "/v1/x/{b}"]
    templates: list[PathTemplate] = sorted(
        map(parse_template, texts), key=lambda template: template.specificity
    )
    assert [template.text for template in templates] == [
        *("/v1/{a}:do", "/v1/x", "/v1/x/{b}", "/v1/{a}", "/v1/{a=**}")
    ]
