from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.config import Config, Section, Threshold, load_config
from shared.errors import ConfigError

COMMITTED = Path(__file__).parents[3] / "config.yaml"


def write(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(file: Path | None = None, environ: dict[str, str] | None = None, **flags: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(file, environ or {}, flags)
    return str(caught.value)


def test_the_committed_file_changes_nothing() -> None:
    assert load_config(COMMITTED, {}) == Config()


def test_the_committed_file_names_every_option_and_no_other() -> None:
    def keys(section: type[Section]) -> dict[str, Any]:
        return {
            name: keys(info.annotation)
            if isinstance(info.annotation, type) and issubclass(info.annotation, Section)
            else None
            for name, info in section.model_fields.items()
        }

    def shape(value: object, pattern: object) -> object:
        if not isinstance(pattern, dict):
            return None
        assert isinstance(value, dict)
        return {key: shape(below, pattern.get(key)) for key, below in value.items()}

    expected = keys(Config)
    assert shape(yaml.safe_load(COMMITTED.read_text()), expected) == expected


def test_the_committed_file_explains_every_option() -> None:
    lines = COMMITTED.read_text().splitlines()
    options = [i for i, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")]
    shares_a_comment = {"max_images", "port"}
    for i in options:
        key, _, value = lines[i].strip().partition(":")
        if value and key not in shares_a_comment:
            assert lines[i - 1].lstrip().startswith("#"), f"{key} has no comment"


def test_flags_go_over_environment_over_file_over_defaults(tmp_path: Path) -> None:
    file = write(tmp_path, "server: {port: 1}\nstream: {batch_size: 2}\nleases: {seconds: 3}\n")
    environ = {"LABELSTREAM_SERVER__PORT": "4", "LABELSTREAM_STREAM__BATCH_SIZE": "5"}
    config = load_config(file, environ, {"server.port": 6})
    assert (config.server.port, config.stream.batch_size, config.leases.seconds) == (6, 5, 3.0)
    assert config.train == Config().train


def test_a_flag_that_was_not_given_changes_nothing(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "server: {port: 1}"), {}, {"server.port": None}).server.port == 1


def test_without_a_file_the_working_directory_s_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_config(None, {}) == Config()
    write(tmp_path, "task: classification\nclasses: [cat]\n")
    assert load_config(None, {}).classes == ["cat"]


def test_the_process_environment_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("LABELSTREAM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LABELSTREAM_TRAIN__DEVICE", "cpu")
    assert load_config(write(tmp_path, "")).train.device == "cpu"


@pytest.mark.parametrize("text", ["", "# nothing\n", "server:\nclasses:\nstop:\n"])
def test_empty_files_and_sections_mean_the_defaults(tmp_path: Path, text: str) -> None:
    assert load_config(write(tmp_path, text), {}) == Config()


def test_lists_and_mappings_in_the_environment_are_json() -> None:
    environ = {
        "LABELSTREAM_CLASSES": json.dumps(["cat", "dög"]),
        "LABELSTREAM_STOP__THRESHOLDS": '{"accuracy": {"at_least": 0.95}, "loss": {"at_most": 0.2}}',
    }
    config = load_config(COMMITTED, environ)
    assert config.classes == ["cat", "dög"]
    assert config.stop.thresholds == {"accuracy": Threshold(at_least=0.95), "loss": Threshold(at_most=0.2)}


@pytest.mark.parametrize(
    ("name", "raw", "section", "key", "expected"),
    [
        ("LABELSTREAM_SERVER__TOKEN", "1234567890123456", "server", "token", "1234567890123456"),
        ("LABELSTREAM_SERVER__TOKEN", "null", "server", "token", None),
        ("LABELSTREAM_SERVER__TOKEN", "", "server", "token", None),
        ("LABELSTREAM_STREAM__WAIT_FOR_FULL_BATCH", "true", "stream", "wait_for_full_batch", True),
        ("LABELSTREAM_LEASES__SECONDS", "2.5", "leases", "seconds", 2.5),
        ("LABELSTREAM_TRAIN__C", "3", "train", "C", 3.0),
        ("LABELSTREAM_STRATEGY__NAME", "entropy", "strategy", "name", "entropy"),
    ],
)
def test_single_values_in_the_environment(name: str, raw: str, section: str, key: str, expected: object) -> None:
    config = load_config(COMMITTED, {name: raw})
    assert getattr(getattr(config, section), key) == expected


def test_variables_for_the_tests_are_not_options() -> None:
    environ = {"LABELSTREAM_TEST_DATA": "x", "LABELSTREAM_LONG": "1", "LABELSTREAM_BROWSER": "x", "OTHER": "y"}
    assert load_config(COMMITTED, environ) == Config()


@pytest.mark.parametrize(
    ("text", "unknown", "nearest"),
    [
        ("serber: {port: 1}", "serber", "`server`"),
        ("server: {prot: 1}", "server.prot", "`server.port`"),
        ("stop: {thresholds: {accuracy: {at_lest: 0.9}}}", "stop.thresholds.accuracy.at_lest", ".at_least`"),
    ],
)
def test_an_unknown_key_names_the_nearest(tmp_path: Path, text: str, unknown: str, nearest: str) -> None:
    message = refusal(write(tmp_path, text))
    assert f"unknown key `{unknown}`" in message
    assert nearest in message


@pytest.mark.parametrize("name", ["LABELSTREAM_SERVER__PROT", "LABELSTREAM_SERVER_PORT", "LABELSTREAM_SERVER"])
def test_an_unknown_variable_names_itself_and_the_nearest_key(name: str) -> None:
    message = refusal(COMMITTED, {name: "1"})
    assert name in message
    assert "did you mean `server." in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("server: {port: 1}\nserver: {host: x}\n", ["'server'", "given twice", "line 2"]),
        ("server:\n  port: 1\n  port: 2\n", ["'port'", "given twice", "line 3"]),
        ("server: [", ["not valid YAML", "line"]),
        ("a\tb: {", ["not valid YAML"]),
        ("? [1, 2]\n: 3\n", ["not valid YAML", "unhashable"]),
        ("!!python/object/apply:os.system ['true']", ["not valid YAML"]),
        ("a: " + "[" * 5000, ["not valid YAML"]),
        ("\0", ["not valid YAML"]),
        ("created: 2024-99-99\n", ["not valid YAML"]),
        ("- server\n", ["holds a list", "sections"]),
        ("just words\n", ["holds a str", "sections"]),
    ],
)
def test_a_file_that_is_not_a_configuration(tmp_path: Path, text: str, words: list[str]) -> None:
    message = refusal(write(tmp_path, text))
    assert all(word in message for word in words), message
    assert "\n" not in message


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xff\xfe\x00\xd8")
    assert "not valid YAML" in refusal(path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.yaml", tmp_path):
        message = refusal(path)
        assert str(path) in message
        assert "check the path" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("server: {port: many}", ["server.port", "'many'", "integer"]),
        ("server: {port: 70000}", ["server.port", "70000", "65535"]),
        ("server: {port: 1.5}", ["server.port", "1.5", "integer"]),
        ("server: 3", ["server", "3"]),
        ("train: {C: .nan}", ["train.C", "nan", "finite"]),
        ("train: {C: .inf}", ["train.C", "inf", "finite"]),
        ("train: {C: 0}", ["train.C", "0", "greater than 0"]),
        ("classes: [yes]", ["classes.0", "True", "quotes"]),
        ("classes: [a, ' a']", ["classes", "'a'", "twice"]),
        ("classes: ['']", ["classes", "empty"]),
        ("classes: cat", ["classes", "'cat'", "list"]),
        ("task: segmentation", ["task", "'segmentation'", "'classification'"]),
        ("test: {min_images: 9, max_images: 3}", ["test", "9", "3"]),
        ("1: 2", ["1"]),
    ],
)
def test_a_wrong_value_says_which_what_and_what_was_expected(tmp_path: Path, text: str, words: list[str]) -> None:
    message = refusal(write(tmp_path, text))
    assert all(word in message for word in words), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("LABELSTREAM_SERVER__PORT", "abc", ["server.port", "'abc'", "integer"]),
        ("LABELSTREAM_CLASSES", "[1, ", ["LABELSTREAM_CLASSES", "JSON"]),
        ("LABELSTREAM_CLASSES", '{"a": 1}', ["classes", "list"]),
        ("LABELSTREAM_TRAIN__C", "NaN", ["train.C", "finite"]),
        ("LABELSTREAM_STOP__THRESHOLDS", "0.95", ["stop.thresholds", "'0.95'", "dictionary"]),
    ],
)
def test_a_wrong_value_in_the_environment(name: str, raw: str, words: list[str]) -> None:
    message = refusal(COMMITTED, {name: raw})
    assert all(word in message for word in words), message


def test_a_variable_for_a_section_that_the_file_gives_as_a_value(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, "server: here"), {"LABELSTREAM_SERVER__PORT": "1"})
    assert "`server` is 'here'" in message


def test_several_mistakes_come_one_to_a_line(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, "server: {port: x}\nleases: {seconds: -1}\n"))
    assert [line.split(":")[0] for line in message.splitlines()] == ["server.port", "leases.seconds"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "::"])
def test_a_host_that_others_reach_needs_a_token(host: str) -> None:
    assert "server.token" in refusal(COMMITTED, {"LABELSTREAM_SERVER__HOST": host})
    environ = {"LABELSTREAM_SERVER__HOST": host, "LABELSTREAM_SERVER__TOKEN": "0123456789abcdef"}
    assert load_config(COMMITTED, environ).server.host == host


@pytest.mark.parametrize("section", ["SERVER", "TRAINER"])
def test_a_short_token_is_refused_without_being_shown(section: str) -> None:
    message = refusal(COMMITTED, {f"LABELSTREAM_{section}__TOKEN": "secret"})
    assert "6 characters" in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("thresholds", "words"),
    [
        ({"acuracy": {"at_least": 0.9}}, ["'acuracy'", "accuracy", "f1_macro", "precision/<class>"]),
        ({"precision": {"at_least": 0.9}}, ["'precision'", "precision/<class>"]),
        ({"precision/": {"at_least": 0.9}}, ["'precision/'"]),
        ({"accuracy/cat": {"at_least": 0.9}}, ["'accuracy/cat'"]),
        ({"accuracy": {"at_least": 95}}, ["accuracy", "95", "0.95"]),
        ({"accuracy": {"at_most": 0.9}}, ["accuracy", "at_least"]),
        ({"loss": {"at_least": 0.9}}, ["loss", "at_most"]),
        ({"ece": {"at_most": -0.1}}, ["ece", "never"]),
        ({"accuracy": {}}, ["exactly one"]),
        ({"accuracy": {"at_least": 0.9, "at_most": 0.95}}, ["exactly one"]),
        ({"accuracy": 0.9}, ["stop.thresholds.accuracy", "0.9"]),
    ],
)
def test_thresholds_that_mean_nothing(thresholds: dict[str, object], words: list[str]) -> None:
    message = refusal(COMMITTED, {"LABELSTREAM_STOP__THRESHOLDS": json.dumps(thresholds)})
    assert all(word in message for word in words), message


@pytest.mark.parametrize("metric", ["accuracy", "f1_macro", "precision/a/b", "recall/rolled-in_scale"])
def test_every_metric_that_grows(metric: str) -> None:
    environ = {"LABELSTREAM_STOP__THRESHOLDS": json.dumps({metric: {"at_least": 1.0}})}
    assert load_config(COMMITTED, environ).stop.thresholds[metric].at_least == 1.0


def test_a_configuration_never_changes() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().server.port = 1
