"""The lists of `words.yaml`: a word is there once, and says one thing of an order."""

from itertools import combinations

import pytest

from features.log.words import content, fold


def lists():
    for section, found in content().items():
        named = found if isinstance(found, dict) else {"": found}
        for key, words in named.items():
            if not isinstance(words, dict):
                words = words.split() if isinstance(words, str) else [str(word) for word in words]
                yield f"{section}.{key}".strip("."), words


LISTS = dict(lists())


@pytest.mark.parametrize("name", LISTS)
def test_a_word_stands_once_in_a_list(name):
    words = LISTS[name]
    assert [word for word in set(words) if words.count(word) > 1] == []


@pytest.mark.parametrize(("one", "other"), list(combinations(content()["statuses"], 2)))
def test_no_state_is_two_things(one, other):
    these, those = ({fold(word) for word in LISTS[f"statuses.{key}"]} for key in (one, other))
    assert these & those == set()
