import pytest

from operations.preview.model.paths import Path, format_path, parse_path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("spec.replicas", ("spec", "replicas")),
        (
            "spec.template.spec.containers[0].env[12].value",
            ("spec", "template", "spec", "containers", 0, "env", 12, "value"),
        ),
        ('metadata.labels["app.kubernetes.io/name"]', ("metadata", "labels", "app.kubernetes.io/name")),
        ('data["a\\"b"]', ("data", 'a"b')),
        ('["odd key"].x', ("odd key", "x")),
        ("spec[*].x", ("spec", "*", "x")),
    ],
)
def test_a_path_is_read_as_the_engine_writes_it(text: str, path: Path) -> None:
    assert parse_path(text) == path


def test_what_is_no_path_is_refused() -> None:
    with pytest.raises(ValueError, match="no property path"):
        parse_path('a["b')


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("spec", "ports", "[http]", "port"), "spec.ports[http].port"),
        (("spec", "ports", 1), "spec.ports[1]"),
        (("metadata", "labels", "app.kubernetes.io/name"), 'metadata.labels["app.kubernetes.io/name"]'),
    ],
)
def test_a_path_is_written_for_people(path: Path, text: str) -> None:
    assert format_path(path) == text
