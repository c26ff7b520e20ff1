"""The job, in order. Reading this list is knowing the tool.

Each step lives in a file of its own. The order here is the only one there is: the plan shows it, the runner follows
it, the teardown goes through it backwards.
"""

from __future__ import annotations

from collections.abc import Sequence

from rdsrestore.steps.approve import Approve
from rdsrestore.steps.close_rule import CloseRule
from rdsrestore.steps.compare import Compare
from rdsrestore.steps.cross_check import CrossCheck
from rdsrestore.steps.dump import Dump
from rdsrestore.steps.keep_binlog import KeepBinlog
from rdsrestore.steps.load import Load
from rdsrestore.steps.locate import Locate, LocateAll
from rdsrestore.steps.look import Look
from rdsrestore.steps.make_instance import MakeAfter, MakeInstance
from rdsrestore.steps.open_rule import OpenRule
from rdsrestore.steps.own_security_group import OwnGroup
from rdsrestore.steps.raise_retention import RaiseRetention
from rdsrestore.steps.reach_moment import ReachMoment
from rdsrestore.steps.reset_password import OwnPassword
from rdsrestore.steps.restore_instance import RestoreInstance
from rdsrestore.steps.restore_second_instance import AwaitAfter, RestoreAfter
from rdsrestore.steps.rewind_binlog import RewindBinlog
from rdsrestore.steps.rewind_transaction import RewindTransaction
from rdsrestore.steps.save_undo import Save
from rdsrestore.steps.schedule_expiry import ScheduleExpiry
from rdsrestore.steps.scratch import MakeScratch
from rdsrestore.steps.stage import Stage
from rdsrestore.steps.stage_undo import StageUndo
from rdsrestore.steps.swap import Swap, SwapBack
from rdsrestore.steps.take_dumps import TakeDifferences, TakeDumps
from rdsrestore.steps.target_table import MakeTargetTable
from rdsrestore.steps.use_instance import UseGroup, UseInstance
from rdsrestore.steps.verify import Verify
from rdsrestore.workflow.step import Step

RECIPE: tuple[type[Step], ...] = (
    RaiseRetention,
    KeepBinlog,
    ReachMoment,
    ScheduleExpiry,
    OwnGroup,
    RestoreAfter,
    RestoreInstance,
    MakeAfter,
    MakeInstance,
    AwaitAfter,
    OpenRule,
    OwnPassword,
    Locate,
    Dump,
    CloseRule,
    MakeScratch,
    MakeTargetTable,
    Stage,
    Compare,
    Approve,
    Save,
    Load,
    Verify,
    Swap,
)

COMPARISON: tuple[type[Step], ...] = tuple(
    LocateAll if kind is Locate else kind for kind in RECIPE[: RECIPE.index(Compare) + 1] if kind is not MakeTargetTable
)
"""The job up to the difference: nothing but a scratch schema is made on production."""

FROM_RECIPE: tuple[type[Step], ...] = (TakeDifferences, TakeDumps, *RECIPE[RECIPE.index(CloseRule) + 1 :])
"""The job from an earlier run's dumps, without another restore."""

BINLOG_RECIPE: tuple[type[Step], ...] = (RewindBinlog, *RECIPE[RECIPE.index(CloseRule) + 1 :])
"""The job from production's own binlog, without a restore."""

TRANSACTION_RECIPE: tuple[type[Step], ...] = (RewindTransaction, *BINLOG_RECIPE[1:])
"""The job for one transaction of production's binlog."""

CHECKED_RECIPE: tuple[type[Step], ...] = (
    RaiseRetention,
    KeepBinlog,
    *BINLOG_RECIPE,
    ReachMoment,
    ScheduleExpiry,
    OwnGroup,
    RestoreInstance,
    MakeInstance,
    OpenRule,
    OwnPassword,
    CrossCheck,
)
"""The job from the binlog, and then the backup, which has to say the same (decision 8)."""

INSTANCE_RECIPE: tuple[type[Step], ...] = (UseGroup, UseInstance, *RECIPE[RECIPE.index(OpenRule) :])
"""The job from an instance that an earlier run has kept."""

LOOK_RECIPE: tuple[type[Step], ...] = (UseGroup, UseInstance, OpenRule, OwnPassword, Look)
"""A look at the rows of another run's instance; nothing of production is touched."""

PROBE_RECIPE: tuple[type[Step], ...] = (
    ReachMoment,
    ScheduleExpiry,
    OwnGroup,
    RestoreInstance,
    MakeInstance,
    OpenRule,
    OwnPassword,
    Look,
)
"""A copy of a moment that is only asked; nothing of production is touched."""

UNDO_RECIPE: tuple[type[Step], ...] = (MakeScratch, StageUndo, Compare, Approve, Save, Load, Verify)
"""Taking an earlier run back, from its undo files alone."""

SWAP_BACK: tuple[type[Step], ...] = (SwapBack,)
"""Taking a swap back."""

OF_BINLOG = (RewindBinlog, RewindTransaction, CrossCheck)
OTHERS = (*OF_BINLOG, TakeDifferences, TakeDumps, UseGroup, UseInstance, Look, StageUndo, SwapBack)
STEPS: tuple[type[Step], ...] = (*RECIPE, *OTHERS)
"""Every step there is."""


def named(names: Sequence[str]) -> tuple[type[Step], ...]:
    """Find the steps of a run's recipe by their names.

    Earlier releases knew the password before the rule was open; it is tried through the rule, which now comes first.
    """
    kinds = {kind.name: kind for kind in STEPS}
    before, after = OwnPassword.name, OpenRule.name
    if before in names and names.index(before) < names.index(after):
        swapped = {before: after, after: before}
        names = [swapped.get(name, name) for name in names]
    return tuple(kinds[name] for name in names)
