"""The whole report as one HTML page, without anything from elsewhere, readable on a phone."""

from collections.abc import Iterator
from html import escape

from operations.diagram.svg import svg
from operations.preview.forecast.answers import ChangedAnswer, Told
from operations.preview.model.differences import Difference
from operations.preview.model.paths import format_path
from operations.preview.report.document import Component, Object, Report, StackReport, Verdict
from operations.preview.report.likeness import Alike, AlikeComponents
from operations.preview.report.listed_dangers import as_allowances, listed, to_be_allowed
from operations.preview.report.noise import counted_noise
from operations.preview.report.pictures import changed_picture
from operations.preview.report.sentences import (
    advice,
    columns,
    compared_with,
    diagnostics,
    follows,
    gate,
    headline,
    origins,
    pending,
    provenance,
    summary,
)
from operations.preview.report.texts import changed_lines, old_and_new
from operations.preview.report.verdicts import explanation

_STYLE = """\
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --look: #9a6700; --bad: #cf222e; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem; }
h1 { font-size: 1.4rem; }
h2 { border-bottom: 1px solid var(--line); font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; }
td, th { border: 1px solid var(--line); padding: .25rem .5rem; text-align: left; }
.scrolls { overflow-x: auto; }
th:last-child { min-width: 16rem; }
@media (max-width: 40rem) { .count { display: none; } th:last-child { min-width: 0; } }
code, pre { font: 14px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
pre { border: 1px solid var(--line); margin: .25rem 0; padding: .5rem; }
details { border: 1px solid var(--line); border-radius: .3rem; margin: .5rem 0; padding: .25rem .75rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
li, p, h1, h2, h3 { overflow-wrap: anywhere; }
.verdict { border-radius: .3rem; color: #fff; padding: .1rem .4rem; white-space: nowrap; }
.no-changes, .safe { background: var(--good); } .review { background: var(--look); }
.destructive, .failed { background: var(--bad); }
.dangers { border-left: .3rem solid var(--bad); padding-left: 1rem; }
ins { color: var(--good); text-decoration: none; } del { color: var(--bad); text-decoration: none; }
"""


def html(report: Report) -> str:
    """The page. It has everything, what the comment of a pull request folds or counts too."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Preview: {escape(report.verdict)}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>"
    yield f"<h1>Preview {_verdict(report.verdict)}</h1>"
    yield from _matrix(report)
    if said := gate(report):
        yield f"<p><b>{escape(said)}</b></p>"
    yield f"<p>{escape(provenance(report))}</p>"
    if report.are_compared_alike:
        yield f"<p>{escape(compared_with(report.stacks))}</p>"
    for stack in report.worst_first:
        yield from _stack(stack, says_against=not report.are_compared_alike)
    yield "</body>\n</html>"


def _verdict(verdict: Verdict) -> str:
    return f'<span class="verdict {verdict.replace(" ", "-")}">{escape(verdict)}</span>'


def _matrix(report: Report) -> Iterator[str]:
    shown = columns(report)
    yield '<div class="scrolls"><table class="matrix"><tr><th>stack</th><th>verdict</th>'
    yield "".join(f'<th class="count">to {escape(each)}</th>' for each in shown) + "<th>what it does</th></tr>"
    for stack in report.stacks:
        counts = "".join(f'<td class="count">{stack.counts.get(each) or ""}</td>' for each in shown)
        name = f'<a href="#{escape(stack.stack)}">{escape(stack.stack)}</a>'
        settings, others = headline(stack)
        does = "; ".join([*(f"<code>{escape(each)}</code>" for each in settings), *map(escape, others)])
        yield f"<tr><td>{name}</td><td>{_verdict(stack.verdict)}</td>{counts}<td>{does}</td></tr>"
    yield "</table></div>"


def _stack(stack: StackReport, *, says_against: bool) -> Iterator[str]:
    yield f'<h2 id="{escape(stack.stack)}">{escape(stack.stack)} {_verdict(stack.verdict)}</h2>'
    against = f" {compared_with([stack])}" if says_against else ""
    yield f"<p>{escape(f'{explanation(stack)}.{against}')}</p>"
    yield from _dangers(stack)
    for message in diagnostics(stack):
        yield f"<pre>{escape(message.severity)}: {escape(message.message)}</pre>"
    if stack.settings:
        yield "<h3>Settings that differ</h3><ul>"
        yield from (f"<li>{_field(each)}</li>" for each in stack.settings)
        yield "</ul>"
    if causes := origins(stack):
        yield "<details><summary>Which setting changes which fields</summary><ul>"
        yield from (f"<li>{escape(line)}</li>" for line in causes)
        yield "</ul></details>"
    if sentences := stack.forecast.sentences:
        yield "<h3>What it does</h3><ul>"
        yield from (f"<li>{escape(sentence)}</li>" for sentence in sentences)
        yield "</ul>"
    if stack.answers:
        yield '<h3>URLs that are answered otherwise</h3><div class="scrolls"><table>'
        yield "<tr><th>URL</th><th>before</th><th>after</th></tr>"
        yield from map(_changed_answer, stack.answers)
        yield "</table></div>"
    if stack.drift:
        yield "<h3>Changed in the cluster since the last update</h3><ul>"
        yield from (f"<li>{escape(sentence)}</li>" for sentence in stack.drift)
        yield "</ul>"
    if picture := changed_picture(stack):
        yield f'<h3>What changes, in a picture</h3><div class="scrolls">{svg(picture)}</div>'
    if stack.components:
        yield f"<h3>Objects</h3><p>{escape(summary(stack))}</p>"
        for component in stack.components:
            yield from _component(component)
        yield f"<p>{escape(follows(stack.components))}</p>"
    if waiting := pending(stack):
        yield f"<h3>Pending</h3><p>{escape(waiting)}</p>"
        for component in stack.pending:
            yield from _component(component)
    for heading, of_unchanged in (("Policies advise", False), ("Policies advise, of what does not change", True)):
        if found := advice(stack, of_unchanged=of_unchanged):
            yield f"<h3>{heading}</h3><ul>"
            for name, said in sorted(found.items()):
                yield from (f"<li><code>{escape(name)}</code>: {escape(each)}</li>" for each in said)
            yield "</ul>"


def _dangers(stack: StackReport) -> Iterator[str]:
    entries = listed([stack])
    if not entries:
        return
    yield '<div class="dangers"><h3>Dangerous</h3><ul>'
    for entry in entries:
        place = f" <code>{escape(entry.place)}</code>" if entry.place else ""
        allowed = f" <i>Allowed: {escape(entry.allowance)}</i>" if entry.allowance else ""
        yield f"<li><b>{escape(entry.kind)}</b>: {escape(entry.what)}{allowed}{place}</li>"
    yield "</ul>"
    if allowable := to_be_allowed(entries):
        yield "<details><summary>As allowances.yaml takes them</summary>"
        yield f"<pre>{escape(as_allowances(allowable).rstrip())}</pre></details>"
    yield "</div>"


def _changed_answer(each: ChangedAnswer) -> str:
    paths, where = each.place
    cells = (
        f"<code>{escape(paths)}</code>{escape(where)}",
        *(_answer(told, each) for told in (each.before, each.after)),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _answer(told: Told, changed: ChangedAnswer) -> str:
    who = f"<b>{escape(told.who)}</b>" if changed.is_by_another else escape(told.who)
    return ", ".join([who, *map(escape, told.details)])


def _component(component: Component) -> Iterator[str]:
    heading = AlikeComponents((component,)).heading
    yield f"<details{' open' if component.told else ''}><summary>{escape(heading)}</summary><ul>"
    for each in component.objects:
        yield f"<li>{escape(Alike((each,)).title)}{''.join(_fields(each))}</li>"
    yield "</ul></details>"


def _fields(each: Object) -> Iterator[str]:
    if each.fields:
        yield "<ul>" + "".join(f"<li>{_field(one)}</li>" for one in each.fields) + "</ul>"
    if each.noise:
        yield f" ({escape(counted_noise(each.noise))})"


def _field(difference: Difference) -> str:
    path = f"<code>{escape(format_path(difference.path))}</code>"
    lines = changed_lines(difference)
    if lines is None:
        return f"{path}: <code>{escape(old_and_new(difference))}</code>"
    return f"{path}<pre>" + "\n".join(map(_line, lines)) + "</pre>"


def _line(line: str) -> str:
    tag = {"+": "ins", "-": "del"}.get(line[:1])
    return f"<{tag}>{escape(line)}</{tag}>" if tag else escape(line)
