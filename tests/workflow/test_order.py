from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rdsrestore.domain.ids import TableRef
from rdsrestore.steps import recipe
from rdsrestore.steps.recipe import RECIPE, named
from rdsrestore.steps.reset_password import OwnPassword
from rdsrestore.workflow.table_order import parents_first

TABLES = [TableRef("shop", name) for name in "abcdef"]


@given(st.permutations(TABLES), st.data())
def test_parents_come_before_children_and_nothing_is_lost(given_order: list[TableRef], data: st.DataObject) -> None:
    parents = {
        child: data.draw(st.lists(st.sampled_from(TABLES[:place]), unique=True)) if place else []
        for place, child in enumerate(TABLES)
    }
    ordered = parents_first(given_order, parents)
    assert sorted(ordered, key=str) == TABLES
    for child, above in parents.items():
        assert all(ordered.index(parent) < ordered.index(child) for parent in above)


def test_a_circle_and_a_table_that_references_itself_end() -> None:
    one, two = TABLES[:2]
    assert set(parents_first((one, two), {one: (two,), two: (one, two)})) == {one, two}


def test_a_run_of_an_earlier_release_goes_on_with_the_rule_before_the_password() -> None:
    today = [step.name for step in RECIPE]
    rule, password = today.index("open-rule"), today.index("own-password")
    earlier = [*today]
    earlier[rule], earlier[password] = earlier[password], earlier[rule]
    assert earlier != today
    assert named(earlier) == named(today) == RECIPE


def test_in_every_recipe_the_rule_is_opened_before_a_password_is_tried_through_it() -> None:
    found = {
        name: [step.name for step in steps]
        for name, steps in vars(recipe).items()
        if isinstance(steps, tuple) and OwnPassword in steps
    }
    assert len(found) > len({"RECIPE", "CHECKED_RECIPE", "INSTANCE_RECIPE", "LOOK_RECIPE"})
    assert [name for name, steps in found.items() if steps.index("own-password") < steps.index("open-rule")] == []
