"""Which Ingress objects rules become."""

import pytest
from pydantic import ValidationError

from tests.unit.webtier.path_rules.harness.ingress_nginx import IngressNginx, RefusedByTheWebhookError
from tests.unit.webtier.path_rules.harness.rule_objects import annotations, by_path, objects, rule, rule_set
from webtier.path_rules import PathRule
from webtier.path_rules.ingress.paths import LONGEST_PREFIX, LONGEST_TOGETHER, own_text
from webtier.path_rules.ingress.render import CompiledIngress, compile_rules
from webtier.path_rules.rules.field_types import LONGEST_PATH
from webtier.path_rules.rules.object_names import object_name

USER_AND_PAY = (rule("/user", rewrite="strip_prefix"), rule("/pay", "pay-v1", rewrite="strip_prefix"))
CANARY = {"kind": "weight", "backend": "user-v2", "weight": 20}


def paths(compiled: CompiledIngress) -> dict[str, str]:
    """The service behind each path of an object."""
    return {each.path: each.backend.service for each in compiled.paths}


# --- names ---


def test_rules_that_say_nothing_of_their_own_share_an_object_and_others_and_canaries_have_one() -> None:
    rules = rule_set([rule("/a"), rule("/b", canary=CANARY), rule("/c", body_size="1Mi"), rule("/d", "pay-v1")])
    compiled = {each.name: each for each in compile_rules("routes", rules)}
    b, c, root = (object_name("routes", None, path) for path in ("/b", "/c", "/"))
    assert sorted(compiled) == sorted([b, f"{b}-canary", c, root])
    assert paths(compiled[root]) == {"/(?-i:a)(?:/|\\z)": "user-v1", "/(?-i:d)(?:/|\\z)": "pay-v1", "/": "pay-v1"}


def test_a_rule_that_comes_before_one_with_its_own_object_has_one_too() -> None:
    options = {"body_size": "1Mi"}
    for before, of_its_own in (
        (rule("/a/b"), rule("/a", **options)),
        (rule("/a/b", match="exact"), rule("/a", **options)),
        (rule("/a/b", match="exact"), rule("/a/[a-z]", match="regex")),
    ):
        assert len(by_path([before, of_its_own])) == 3
    for after, of_its_own in (
        (rule("/a"), rule("/a/b", **options)),
        (rule("/a"), rule("/a/[a-z]", match="regex")),
        (rule("/a/b"), rule("/", **options)),
        (rule("/ab"), rule("/a", **options)),
    ):
        assert len(compile_rules("routes", rule_set([after, of_its_own]))) == (2 if of_its_own.path != "/" else 3)


def test_what_shares_an_object_is_there_before_and_after_a_root_with_its_own() -> None:
    compiled = {each.name: each for each in compile_rules("routes", rule_set([rule("/a"), rule("/", body_size="1Mi")]))}
    root = object_name("routes", None, "/")
    assert list(compiled) == [f"{root}-shared-1", root, f"{root}-shared-2"]
    assert [list(compiled[name].after) for name in compiled] == [[], [f"{root}-shared-1"], [root]]
    assert len({path for each in compiled.values() for path in paths(each)}) == 3


def test_no_change_of_a_rules_options_renames_its_object_or_another() -> None:
    def names(*rules: PathRule) -> dict[str, str]:
        return {path: compiled.name for path, compiled in by_path(rules).items()}

    first = names(rule("/a", body_size="1Mi"), rule("/b"))
    for changed in (
        rule("/a", "pay-v1", body_size="1Mi"),
        rule("/a", rewrite="strip_prefix"),
        rule("/a", canary=CANARY),
        rule("/a", None, redirect={"to": "https://new.example"}),
    ):
        assert names(rule("/b"), changed) == first
    # Another match is another rule: the new one has to be there before the old one goes.
    assert names(rule("/b"), rule("/a", match="exact", body_size="1Mi"))["/a"] != first["/a"]


def test_names_tell_the_path_and_no_two_are_the_same() -> None:
    paths = ["/", "/User", "/api/v1.2", "/api-v1-2", "/" + "x" * 150, "/" + "x" * 151]
    names = [object_name("routes", host, path) for host in (None, "a.example", "*.example") for path in paths]
    assert len(set(names)) == len(names)
    assert object_name("routes", "*.shop.example", "/User").startswith("routes-wildcard.shop.example-user-")
    longest = object_name("routes", "a." * 120 + "example", "/" + "x" * 190)
    assert len(f"{longest}-canary") <= 253


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([rule("/a")], [rule("/a", rewrite="strip_prefix")]),
        ([rule("/a")], [rule("/a", match="exact")]),
        ([rule("/a")], [rule("/a"), rule("/", body_size="1Mi")]),
        ([rule("/a"), rule("/", body_size="1Mi")], [rule("/a", "pay-v1")]),
        ([rule("/a", body_size="1Mi")], [rule("/a")]),
        ([rule("/a"), rule("/b", "pay-v1")], [rule("/b"), rule("/a", "pay-v1")]),
        ([rule("/a")], [rule("/new")]),
        ([rule("/")], [rule("/", match="exact")]),
        ([rule("/a", canary=CANARY)], [rule("/a", "user-v2")]),
        ([rule("/a/x")], [rule("/a.x")]),
    ],
)
def test_no_step_of_an_update_is_refused_by_the_webhook(before: list[PathRule], after: list[PathRule]) -> None:
    """Whichever order the objects are sent in."""
    old = {each.name: each for each in objects(rule_set(before))}
    new = {each.name: each for each in objects(rule_set(after))}
    for order in (sorted(new), sorted(new, reverse=True)):
        present = dict(old)
        for name in order:
            present[name] = new[name]
            IngressNginx(present.values())


def test_the_stand_in_of_the_webhook_refuses_what_the_real_one_does() -> None:
    [one, *_] = objects(rule_set([rule("/a")]))
    with pytest.raises(RefusedByTheWebhookError, match="already defined"):
        IngressNginx([one, one])


# --- paths ---


def test_a_host_with_nothing_but_a_root_has_a_plain_path() -> None:
    own, every = compile_rules("routes", rule_set([rule("/", host="a.example")]))
    assert (paths(own), own.paths[0].path_type, annotations(own)) == (
        {"/": "user-v1"},
        "Prefix",
        {"ssl-redirect": "false"},
    )
    # Where the controller has answers of its own, it has to be a regex.
    said = {"ssl-redirect": "false", "use-regex": "true"}
    assert (paths(every), every.paths[0].path_type, annotations(every)) == ({"/": "pay-v1"}, "Prefix", said)


def test_no_text_depends_on_another_rule() -> None:
    """Else there would be a moment in a change at which one is there as of before and the other as of after."""
    options = {"body_size": "1Mi"}
    several = [
        rule("/a", **options),
        rule("/b", match="exact", **options),
        rule("/[c-d]", match="regex"),
        rule("/e"),
        rule("/f", match="exact"),
    ]
    texts = {path for each in compile_rules("routes", rule_set(several)) for path in paths(each)}
    for one in several:
        alone = {path for each in compile_rules("routes", rule_set([one])) for path in paths(each)}
        assert alone <= texts


def test_the_longest_texts_are_in_the_order_of_the_kinds() -> None:
    longest = "/" + "x" * (LONGEST_PATH - 1 - 15) + "." * 15
    regexes = [rule("/[ab]", match="regex"), rule("/" + "(?:y|z)" * 28, match="regex", canary=CANARY)]
    prefix = own_text(rule(longest, rewrite="strip_prefix", canary=CANARY))
    texts = [own_text(each) for each in regexes]
    exact = own_text(rule("/a", match="exact"))
    with pytest.raises(ValidationError, match="counts as three"):
        rule(longest.replace("x", ".", 1))
    assert LONGEST_PREFIX - 2 < len(prefix) <= LONGEST_PREFIX < min(map(len, texts))
    assert max(map(len, texts)) < len(exact)


def test_many_rules_of_one_backend_are_few_regexes_which_no_regex_of_a_rule_comes_after() -> None:
    many = [rule(f"/service-{number}/v{number % 3}") for number in range(1000)]
    nested = rule("/service-7")
    [plain] = compile_rules("routes", rule_set([*many, nested], default="user-v1"))
    assert len(plain.paths) < 20
    assert max(len(path) for path in paths(plain)) <= LONGEST_TOGETHER
    [_, beside] = compile_rules("routes", rule_set([*many, nested, rule("/.*[.]html", match="regex")]))
    assert len(beside.paths) < 200
    assert max(len(path) for path in paths(beside)) <= 255
    for compiled in (plain, beside):
        assert any(path.startswith("/(?-i:service-7)(") for path in paths(compiled))


def test_every_host_answers_unknown_paths_with_the_default_backend() -> None:
    compiled = compile_rules("routes", rule_set([rule("/pay", host="a.example")]))
    roots = [(each.host, service) for each in compiled for path, service in paths(each).items() if path == "/"]
    assert roots == [("a.example", "pay-v1"), (None, "pay-v1")]


def test_a_rule_for_the_root_takes_the_default_backends_place() -> None:
    [compiled] = compile_rules("routes", rule_set([rule("/")]))
    assert (compiled.paths[0].path, compiled.paths[0].backend.service, compiled.name) == ("/", "user-v1", compiled.root)


def test_order_of_the_rules_changes_nothing() -> None:
    rules = [*USER_AND_PAY, rule("/x/[a-z]+", match="regex"), rule("/y", match="exact")]
    turned = objects(rule_set(rules[::-1]))
    assert sorted(objects(rule_set(rules)), key=lambda each: each.name) == sorted(turned, key=lambda each: each.name)


@pytest.mark.parametrize(
    "rules",
    [
        [*USER_AND_PAY, rule("/a.b"), rule("/x/[a-z]+", match="regex"), rule("/y", match="exact")],
        [rule("/a.b", match="exact")],
        [rule("/", match="exact")],
        [rule("/", rewrite={"kind": "replace_prefix", "with": "/x"})],
    ],
)
def test_regexes_are_no_prefix_paths_since_the_strict_check_refuses_those(rules: list[PathRule]) -> None:
    IngressNginx(objects(rule_set(rules)))


# --- what rules share without saying so ---


def test_a_canary_stays_with_its_rule() -> None:
    """The controller attaches it to the Service and port of the rule's backend, wherever these are written alike."""
    rules = rule_set([rule("/user", canary=CANARY), rule("/other")], default="user-v1")
    controller = IngressNginx(objects(rules))
    assert controller.reply("x.example", "/user").canary == "user-v2-80"
    assert controller.reply("x.example", "/other").canary is None
    assert controller.reply("x.example", "/").canary is None


def test_a_canary_has_its_own_annotations_and_its_rules_host_path_and_type() -> None:
    rules = rule_set([rule("/user", host="a.example", rewrite="strip_prefix", body_size="1Mi", canary=CANARY)])
    [own, canary] = [each for each in compile_rules("routes", rules) if each.rule == 0]
    assert annotations(canary) == {"canary": "true", "canary-weight": "20", "canary-weight-total": "100"}
    [its], [owns] = canary.paths, own.paths
    assert (canary.host, its.path, its.path_type) == (own.host, owns.path, owns.path_type)
    assert its.backend.service == "user-v2"
