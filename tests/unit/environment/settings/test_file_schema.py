"""The JSON schema by which editors check a stack's file: it is the models', takes what is right and finds mistakes."""

import json
import re
from collections.abc import Iterator
from functools import cache
from textwrap import dedent
from typing import Any

import jsonschema
import pytest
import yaml

from environment.settings.file_schema import FILE, MODELINE, file_schema, rendered
from environment.settings.raw_config import NAMESPACE
from environment.settings.schema import SettingsSchema
from tests.cluster.conformance.harness.stack import CHAPTERS
from tests.unit.environment.stack_files import PROJECT, STACKS

SECURE = {"secure": "v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="}


class _Yaml12(yaml.SafeLoader):
    """Reads words and numbers as the engine and editors do: `no` is a text."""


_Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in ("bool", "timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), list("tf"))  # pyright: ignore[reportUnknownMemberType]


def load(text: str) -> dict[str, Any]:
    return yaml.load(text, _Yaml12)  # noqa: S506 - it is a safe one


@cache
def validator() -> jsonschema.Draft7Validator:
    schema = json.loads(FILE.read_text())
    jsonschema.Draft7Validator.check_schema(schema)  # pyright: ignore[reportUnknownMemberType]
    return jsonschema.Draft7Validator(schema)


def problems(file: dict[str, Any]) -> list[str]:
    """Where something is wrong, and what."""
    found = validator().iter_errors(file)  # pyright: ignore[reportUnknownMemberType]
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in found]


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    """The settings that stand in the documents, with the document and the line."""
    for document in sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")]):
        text = document.read_text()
        for block in re.finditer(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            if re.search(rf"^ *{NAMESPACE}:", block[1], re.MULTILINE):
                read = load(dedent(block[1]))
                config = read.get("config", read)
                yield f"{document.name}:{text.count(chr(10), 0, block.start()) + 1}", config


EXAMPLES = dict(examples())


def whole(**settings: Any) -> dict[str, Any]:
    """A file with these settings and the needed ones, all with the project's name before them."""
    settings = {"context": "kind", "default_backend": "user-v1", **settings}
    return {"config": {f"{NAMESPACE}:{key}": value for key, value in settings.items()}}


def with_service(**settings: Any) -> dict[str, Any]:
    return whole(services={"user-v1": {"image": "registry.example.com/user:1", **settings}})


def with_rule(**settings: Any) -> dict[str, Any]:
    return whole(routes=[{"path": "/user", "backend": "user-v1", **settings}])


def test_the_file_is_what_the_models_give() -> None:
    assert FILE.read_text() == rendered(), "run: make schema"


@pytest.mark.parametrize("stack", STACKS)
def test_each_stack_names_the_schema_and_keeps_to_it(stack: str) -> None:
    file = PROJECT / f"Pulumi.{stack}.yaml"
    text = file.read_text()
    assert text.splitlines()[0] == MODELINE
    assert (file.parent / MODELINE.rpartition("=")[2]).resolve() == FILE
    assert problems(load(text)) == []


@pytest.mark.parametrize("place", EXAMPLES)
def test_examples_of_the_documents_keep_to_it(place: str) -> None:
    config = {f"{NAMESPACE}:context": "kind", f"{NAMESPACE}:default_backend": "user-v1", **EXAMPLES[place]}
    assert problems({"config": config}) == []


def test_documents_have_examples() -> None:
    assert {"configuration.md", "ingress.md", "path-rules.md", "redis-metrics.md", "services.md"} <= {
        place.partition(":")[0] for place in EXAMPLES
    }


@pytest.mark.parametrize("name", CHAPTERS)
def test_rules_that_a_controller_serves_keep_to_it(name: str) -> None:
    chapter = CHAPTERS[name]
    assert problems(whole(routes=load(chapter.rules), hosts=load(chapter.hosts))) == []


def test_every_setting_is_in_it_in_both_spellings() -> None:
    known = set(file_schema()["properties"]["config"]["properties"])
    keys = SettingsSchema().keys(())
    assert known == {*keys, *(f"{NAMESPACE}:{key}" for key in keys)}


@pytest.mark.parametrize(
    "file",
    [
        whole(redis_password=SECURE, redis_previous_password=""),
        {"config": {"context": "kind", f"{NAMESPACE}:default_backend": "user-v1", "redis_password": SECURE}},
        {**whole(), "encryptionsalt": "v1:a:v1:b:c", "secretsprovider": "passphrase"},
        {"config": {**whole()["config"], "kubernetes:context": "kind", "pulumi:tags": {"team": "web"}}},
        # As `pulumi config set webtier:protect true` writes it.
        whole(protect="true"),
        whole(redis={"conf": load("{appendfsync: no}")}),
        # Of the group's other keys the defaults hold.
        whole(redis={"agent": {"resources": {"limits": {"cpu": "1"}}}}),
        with_service(env={"TOKEN": SECURE, "PORT": "8080"}),
        # Names of an earlier release, which work on.
        whole(redis={"anti_affinity": "hard", "formation_seconds": 300}),
        with_rule(backend={"service": "user-v1", "port": "admin"}, rewrite={"kind": "replace_prefix", "with": "/u"}),
    ],
)
def test_what_is_right_is_taken(file: dict[str, Any]) -> None:
    assert problems(file) == []


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (whole(redis={"shard": 3}), r"config.webtier:redis: .*'shard' was unexpected"),
        (whole(rediss={}), r"config: .*'webtier:rediss'"),
        ({"config": {**whole()["config"], "webteir:redis": {}}}, r"config: .*'webteir:redis'"),
        (with_service(replica=3), r"config.webtier:services.user-v1: .*'replica' was unexpected"),
        ({**whole(), "encryptionsalts": "v1:a:v1:b:c"}, r"'encryptionsalts' was unexpected"),
        (whole(redis={"shards": "3"}), r"config.webtier:redis.shards: '3' is not of type 'integer'"),
        (with_service(env={"PORT": 8080}), r"config.webtier:services.user-v1.env.PORT: 8080 is not valid"),
        (with_service(replicas=-1), r"-1 is less than the minimum of 0"),
        (whole(redis={"anti_affinity": "require"}), r"config.webtier:redis.anti_affinity: 'require' is not valid"),
        (whole(redis={"conf": {"appendfsync": "often"}}), r"'often' is not one of \['always', 'everysec', 'no'\]"),
        (whole(redis={"storage": {"kind": "nsf"}}), r"config.webtier:redis.storage: .* is not valid under any"),
        (whole(redis={"storage": {"size": "5Gi"}}), r"config.webtier:redis.storage: .* is not valid under any"),
        (whole(redis={"resources": {"limits": {"memory": "1GB"}}}), r"limits.memory: '1GB' is not valid"),
        (with_service(image="registry.example.com/user"), r"user-v1.image: .* does not match"),
        (whole(services={"User": {"image": "user:1"}}), r"config.webtier:services: 'User' does not match"),
        (with_rule(match="prefixes"), r"routes.0.match: 'prefixes' is not one of"),
        (with_rule(rewrite="strip"), r"routes.0.rewrite: 'strip' is not valid"),
        (with_rule(canary={"kind": "weight", "backend": "user-v2"}), r"routes.0.canary: .* is not valid"),
        (whole(routes={"path": "/user"}), r"config.webtier:routes: .* is not of type 'array'"),
        (whole(redis_password="in-plain-text"), r"config.webtier:redis_password: 'in-plain-text' is not valid"),
        ({"config": {"webtier:context": "kind"}}, r"'default_backend' is a required property|is not valid"),
        ({"config": {**whole()["config"], "context": "kind"}}, r"config: False schema does not allow 'kind'"),
        ({"encryptionsalt": "v1:a:v1:b:c"}, r"'config' is a required property"),
    ],
)
def test_mistakes_are_found(file: dict[str, Any], problem: str) -> None:
    found = problems(file)
    assert found
    assert re.search(problem, "\n".join(found)), found


def test_a_name_of_an_earlier_release_is_marked() -> None:
    properties = file_schema()["definitions"]["RedisClusterSettings"]["properties"]
    assert properties["formation_seconds"]["deprecationMessage"] == "called 'ready_timeout_seconds' now"
    assert properties["formation_seconds"]["minimum"] == properties["ready_timeout_seconds"]["minimum"]
