"""Whether every rule can be reached, and whether its rewriting can be done."""

from collections.abc import Iterator

from webtier.path_rules.regexes.path_sets import Budget, Earlier, Paths, below, only
from webtier.path_rules.regexes.syntax import parse_regex
from webtier.path_rules.rules.model import ROOT, PathRule, RuleSet
from webtier.path_rules.rules.options import RegexRewrite, ReplacePrefix
from webtier.shared.problems import Problem


def path_problems(rules: RuleSet) -> Iterator[Problem]:
    """Paths that are there twice, rules that others leave nothing of, and rewrites that don't fit their rules."""
    duplicates = dict(_duplicates(rules))
    yield from duplicates.values()
    budget = Budget()
    for host in rules.host_names:
        ordered = [each for each in rules.ordered(host) if each[0] not in duplicates]
        # Without a regex none takes all of another's paths: of two exact rules, and of two prefixes, none does.
        if any(rule.match == "regex" for _, rule in ordered):
            yield from _shadowed(rules, ordered, budget)
    for position, rule in rules.rules.items():
        yield from _rewrite_problems(position, rule)


def _duplicates(rules: RuleSet) -> Iterator[tuple[int, Problem]]:
    first: dict[tuple[str | None, str], int] = {}
    for position, rule in rules.rules.items():
        # To the controller one path in two objects is a conflict, whatever its kind. And in a regex case matters, but
        # elsewhere two paths that differ in nothing else are a slip: not every server tells them apart.
        key = (rule.host, rule.path if rule.match == "regex" else rule.path.lower())
        earlier = first.setdefault(key, position)
        if earlier == position:
            continue
        other = rules.rules[earlier]
        where = f"host {rule.host}" if rule.host else "all hosts"
        difference = ""
        if other.path != rule.path:
            difference = f" ('{other.path}': differing in case is not enough)"
        elif other.match != rule.match:
            difference = f" (as {other.match}: another match is not enough)"
        message = f"routes[{earlier}] has this path already for {where}{difference}; allowed: each path once for a host"
        yield position, Problem(("routes", position, "path"), message, rule.path)


def _shadowed(rules: RuleSet, ordered: list[tuple[int, PathRule]], budget: Budget) -> Iterator[Problem]:
    """The rules of one host that no path is left for, given their order."""
    earlier, positions = Earlier(budget), list[int]()
    for position, rule in ordered:
        paths = _paths(rule)
        found = None if rule.match == "exact" else earlier.taking(paths)
        if rule.match != "prefix":
            earlier.add(paths)
            positions.append(position)
        if found is None:
            continue
        takers = [positions[each] for each in found]
        names = " and ".join(f"routes[{taker}] ({_described(rules.rules[taker])})" for taker in takers)
        message = (
            f"no request reaches this rule: {names}, which {'comes' if len(takers) == 1 else 'come'} first, "
            f"{'takes' if len(takers) == 1 else 'take'} all of its paths; allowed: a rule that something is left for "
            "(exact rules come first, then regexes, then prefixes, of each the longest)"
        )
        yield Problem(("routes", position, "path"), message, rule.path)


def _paths(rule: PathRule) -> Paths:
    match rule.match:
        case "exact":
            return only(rule.path)
        case "prefix":
            return below(rule.path)
        case "regex":
            return Paths(rule.path)


def _described(rule: PathRule) -> str:
    return f"the {rule.match} '{rule.path}'" if rule.match != "exact" else f"'{rule.path}' itself"


def _rewrite_problems(position: int, rule: PathRule) -> Iterator[Problem]:
    rewrite = rule.rewrite
    if rewrite is None:
        return
    place = ("routes", position, "rewrite")
    if isinstance(rewrite, RegexRewrite):
        if rule.match != "regex":
            message = (
                f"only a regex has groups, and this rule's match is {rule.match}; allowed: 'strip_prefix', "
                "'replace_prefix', or match: regex"
            )
            yield Problem((*place, "kind"), message, rewrite.kind)
            return
        groups = parse_regex(rule.path).groups
        wanted = max((int(number) for number in rewrite.to.split("$")[1:] for number in number[:1]), default=0)
        if wanted > groups:
            message = (
                f"the regex captures {groups} group{'' if groups == 1 else 's'}; allowed: at most '${groups}'"
                if groups
                else "the regex captures no groups; allowed: a path without '$', or groups '(...)' in the regex"
            )
            yield Problem((*place, "to"), message, rewrite.to)
    elif rule.match == "regex":
        message = (
            "a regex has no prefix that could be taken off; allowed: {kind: regex, to: a path with '$1' for its first "
            "group}"
        )
        yield Problem((*place, "kind"), message, rewrite.kind)
    elif isinstance(rewrite, ReplacePrefix):
        if rewrite.replacement == rule.path:
            message = "the rule's own path, so that nothing would change; allowed: another path, or no 'rewrite'"
            yield Problem((*place, "with"), message, rewrite.replacement)
    elif rule.path == ROOT:
        message = "the path '/' has no prefix that could be stripped; leave 'rewrite' out"
        yield Problem(place, message, "strip_prefix")
