"""Changes laid over a lab: what they reach, and what is said of one that cannot be."""

from __future__ import annotations

import pytest

from simulator.lab.config.defaults import default_lab
from simulator.lab.config.lab import LabConfig
from simulator.lab.files.overlay import overlaid
from simulator.lab.files.yaml_source import SourceError


def test_without_changes_it_is_the_same_lab() -> None:
    config = default_lab()
    assert overlaid(config, []) is config


def test_a_dotted_key_reaches_one_value() -> None:
    config = overlaid(default_lab(), ["cluster.oauth_mode=false", "seed=7"])
    assert (config.cluster.oauth_mode, config.seed) == (False, 7)
    assert config == default_lab().model_copy(update={"cluster": config.cluster, "seed": 7})


@pytest.mark.parametrize("value", ["1.3", '"1.3"', "'1.3'"])
def test_a_version_may_stand_with_or_without_quotes(value: str) -> None:
    assert overlaid(default_lab(), [f"tls={value}"]).tls == "1.3"


def test_an_item_changes_the_one_of_its_name_or_is_added() -> None:
    change = "phones=[{device: CSFBOB, known: false}, {device: CSFZED, user: zed, dn: '1099'}]"
    phones = {phone.device: phone for phone in overlaid(default_lab(), [change]).phones}
    assert list(phones) == ["CSFALICE", "CSFBOB", "CSFCAROL", "CSFDAVE", "CSFZED"]
    assert (phones["CSFBOB"].known, phones["CSFBOB"].user, phones["CSFBOB"].dn) == (False, "bob", "1011")
    assert phones["CSFZED"].dn == "1099"


def test_mappings_within_items_are_changed_key_by_key() -> None:
    [node] = overlaid(default_lab(), ["nodes=[{name: ucm-pub, tomcat: {valid: expired}}]"]).nodes
    assert (node.host, node.tomcat.valid, node.tomcat.usages) == ("127.0.0.1", "expired", "both")


def test_a_list_of_plain_values_takes_the_place_of_the_one_before() -> None:
    [node] = overlaid(default_lab(), ["nodes=[{name: ucm-pub, tomcat_trust: [my-ca]}]"]).nodes
    assert node.tomcat_trust == ["my-ca"]
    [phone] = overlaid(LabConfig(), ["phones=[{device: CSFEVE}]"]).phones
    assert phone.device == "CSFEVE"


def test_later_changes_count() -> None:
    assert overlaid(default_lab(), ["seed=1", "seed=2"]).seed == 2


WRONG = {
    "no value": ("seed", "--set: 'seed' is not KEY=VALUE"),
    "no key": ("=1", "--set: '=1' is not KEY=VALUE"),
    "a hole in the key": ("cluster..trying=true", "--set: 'cluster..trying=true' is not KEY=VALUE"),
    "an unknown key": ("sed=1", "--set: sed: unknown key"),
    "an unknown key of an item": ("phones=[{device: CSFBOB, dm: 1}]", "--set: phones[1].dm: unknown key"),
    "a wrong type": ("seed=many", "--set: seed: Input should be a valid integer"),
    "no YAML": ("phones=[", "--set phones:1: not YAML"),
    "an empty value": ("seed=", "--set seed:1: the file is empty"),
    "a YAML bomb": ("phones=[&a {device: A}, *a]", "--set phones:1: anchors (&name) are not allowed"),
    "an unknown behaviour": ("phones=[{device: CSFBOB, behaviours: [sulk]}]", "no behaviour 'sulk'"),
    "an unknown mutation": ("phones=[{device: CSFBOB, token: {mutate: odd}}]", "no token mutation 'odd'"),
    "an impossible port": ("nodes=[{name: ucm-pub, ports: {oauth: 80}}]", "nodes[0].ports"),
    "a plain value for a mapping": ("cluster=1", "--set: cluster"),
}


@pytest.mark.parametrize(("change", "text"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_is_named_in_one_line(change: str, text: str) -> None:
    with pytest.raises(SourceError) as caught:
        overlaid(default_lab(), [change])
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
