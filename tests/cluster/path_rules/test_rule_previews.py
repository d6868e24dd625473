"""What a preview shows of a changed rule. It needs the engine and no cluster: objects are written to files."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from pulumi import automation

from command_line import pulumi_installation
from command_line.paths import Paths
from tests.unit.webtier.path_rules.harness.rule_objects import PORTS, rule
from webtier.path_rules import Backend, PathRule, PathRules, PathRulesArgs

CANARY = {"kind": "weight", "backend": "user-v2", "weight": 20}
USER = rule("/user", rewrite="strip_prefix", canary=CANARY)
PAY = rule("/pay", "pay-v1")
HELP = rule("/help")


@pytest.fixture
def stack_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Sequence[PathRule]], automation.Stack]:
    """A stack that has nothing but these rules, with its state in a folder of its own."""
    paths = Paths.from_environment()
    found = pulumi_installation.find(paths)
    if found is None:
        pytest.skip("the engine is not there yet: `make up` or `make preview` gets it")
    for name, value in pulumi_installation.variables(found, paths).items():
        monkeypatch.setenv(name, value)
    # A shell with what `make env` says has it, and the provider refuses it beside a folder.
    monkeypatch.delenv("KUBECONFIG", raising=False)
    (tmp_path / "state").mkdir()
    environment = {"PULUMI_BACKEND_URL": f"file://{tmp_path}/state", "PULUMI_CONFIG_PASSPHRASE": "of-no-importance"}
    backends = {name: Backend(name, dict.fromkeys(ports, 80)) for name, ports in PORTS.items()}

    def stack(rules: Sequence[PathRule]) -> automation.Stack:
        def program() -> None:
            provider = kubernetes.Provider("files", render_yaml_to_directory=str(tmp_path / "objects"))
            args = PathRulesArgs("shop", "nginx", rules, "pay-v1", backends)
            PathRules("routes", args, pulumi.ResourceOptions(providers=[provider]))

        options = automation.LocalWorkspaceOptions(env_vars=environment)
        return automation.create_or_select_stack("dev", project_name="webtier", program=program, opts=options)

    return stack


def preview(
    stack_of: Callable[[Sequence[PathRule]], automation.Stack], before: Sequence[PathRule], after: Sequence[PathRule]
) -> list[str]:
    stack_of(before).up()
    shown = stack_of(after).preview(diff=True).stdout
    return [re.sub(r"\s+", " ", line).strip() for line in shown.splitlines()]


def test_a_changed_value_is_shown_in_its_rule_with_the_old_and_the_new_one(
    stack_of: Callable[[Sequence[PathRule]], automation.Stack],
) -> None:
    changed = rule("/user", rewrite="strip_prefix", canary={**CANARY, "weight": 50})
    lines = preview(stack_of, [USER, PAY, HELP], [HELP, changed, PAY])
    start = lines.index("~ webtier:index:PathRule: (update)")
    assert lines[start + 2 : lines.index("}", start)] == [
        'backend: "user-v1"',
        "~ canary : {",
        'backend: "user-v2"',
        'kind : "weight"',
        "~ weight : 20 => 50",
    ]
    assert 'path : "/user"' in lines
    changes = [line for line in lines if line.startswith(("~ ", "+ ", "- ")) and "update" not in line]
    assert changes == [
        "~ canary : {",
        "~ weight : 20 => 50",
        "~ metadata: {",
        "~ annotations: {",
        '~ nginx.ingress.kubernetes.io/canary-weight: "20" => "50"',
    ]
    assert not any("/pay" in line or "/help" in line for line in lines)
    assert len(lines) < 50


def test_a_new_rule_one_that_is_gone_and_another_backend_are_shown_as_such(
    stack_of: Callable[[Sequence[PathRule]], automation.Stack],
) -> None:
    lines = preview(stack_of, [USER, PAY, HELP], [USER, rule("/pay", "errors"), rule("/new")])
    start = lines.index("~ webtier:index:PathRule: (update)")
    rules = lines.index("~ rules : {", start)
    assert lines[rules + 1 : lines.index("}", rules)] == [
        '- /help: "user-v1"',
        '+ /new : "user-v1"',
        '~ /pay : "pay-v1" => "errors"',
    ]


def test_a_rule_that_gets_an_option_gets_an_object_of_its_own(
    stack_of: Callable[[Sequence[PathRule]], automation.Stack],
) -> None:
    lines = preview(stack_of, [USER, PAY, HELP], [USER, rule("/pay", "pay-v1", body_size="8Mi"), HELP])
    start = lines.index("+ webtier:index:PathRule: (create)")
    assert {'backend : "pay-v1"', 'body_size: "8Mi"', 'path : "/pay"'} <= set(lines[start : lines.index("}", start)])
    assert '- /pay : "pay-v1"' in lines
