import json
from pathlib import Path
from typing import Any

import pytest

from bot.config.rule_files import RuleSource
from bot.config.schema import json_schema


@pytest.fixture
def schema(write: Any) -> dict[str, Any]:
    path: Path = write()
    guard = RuleSource("guard", path.parent / "guard.py").load()
    return json_schema({"guard": guard})


def test_the_schema_is_plain_json_and_names_every_section(schema: dict[str, Any]) -> None:
    assert json.loads(json.dumps(schema)) == schema
    assert {"accounts", "paper", "contracts", "limits", "seatbelt", "rules"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False


def test_a_rule_brings_its_parameters(schema: dict[str, Any]) -> None:
    known, others = schema["$defs"]["RuleTable"]["oneOf"]
    assert known["properties"]["use"]["const"] == "guard"
    assert known["properties"]["use"]["description"] == "Does nothing, watchfully."
    assert known["required"] == ["use", "params"]
    params = schema["$defs"][known["properties"]["params"]["$ref"].rpartition("/")[2]]
    assert set(params["properties"]) == {"below", "times", "timeframe"}
    assert params["additionalProperties"] is False
    assert others["properties"]["use"]["not"] == {"enum": ["guard"]}


def test_every_reference_of_the_schema_leads_somewhere(schema: dict[str, Any]) -> None:
    def references(value: object) -> list[str]:
        if isinstance(value, dict):
            here = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return here + [r for inner in value.values() for r in references(inner)]
        return [r for inner in value for r in references(inner)] if isinstance(value, list) else []

    assert {r.removeprefix("#/$defs/") for r in references(schema)} <= set(schema["$defs"])


def test_keys_are_described(schema: dict[str, Any]) -> None:
    limits = schema["$defs"]["LimitsTable"]["properties"]
    assert limits["reserve"]["description"] == "Free balance that is never spent on margin."
