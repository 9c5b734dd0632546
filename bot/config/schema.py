"""The JSON schema of the configuration, the parameters of every rule included.

An editor that knows the schema completes keys and marks mistakes while they are typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.config.model import Config
from bot.config.rule_files import RuleClass

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(rules: Mapping[str, RuleClass]) -> dict[str, Any]:
    """The schema of a configuration file in which ``rules`` may be used by their names."""
    schema = Config.model_json_schema(mode="validation")
    definitions = schema["$defs"]
    common = definitions["RuleTable"]
    variants = []
    for name, rule in sorted(rules.items()):
        params = rule.params_type().model_json_schema(mode="validation", ref_template="#/$defs/{model}")
        definitions.update(params.pop("$defs", {}))
        title = f"{name}_params"
        definitions[title] = params
        required = ["use", "params"] if params.get("required") else ["use"]
        variants.append(
            _variant(common, {"const": name}, {"$ref": f"#/$defs/{title}"}, required, rule.__doc__)
        )
    others = {"type": "string", "not": {"enum": sorted(rules)}}
    variants.append(_variant(common, others, {"type": "object"}, ["use"], "A rule of your own."))
    definitions["RuleTable"] = {"oneOf": variants}
    return {
        "$schema": _DIALECT,
        "title": "Holdfast configuration",
        **{k: v for k, v in schema.items() if k != "title"},
    }


def _variant(
    common: dict[str, Any], use: dict[str, Any], params: dict[str, Any], required: list[str], doc: str | None
) -> dict[str, Any]:
    description = " ".join((doc or "").strip().partition("\n\n")[0].split())
    use = {**use, "description": description} if description else use
    return {
        **common,
        "properties": {**common["properties"], "use": use, "params": params},
        "required": required,
    }
