"""The job, in order. Reading this list is knowing the tool.

Each step lives in a file of its own. The order here is the only one there is: the plan shows it, the runner follows
it, the teardown goes through it backwards.
"""

from __future__ import annotations

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
    OwnPassword,
    OpenRule,
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

CHECKED_RECIPE: tuple[type[Step], ...] = (
    RaiseRetention,
    KeepBinlog,
    *BINLOG_RECIPE,
    ReachMoment,
    ScheduleExpiry,
    OwnGroup,
    RestoreInstance,
    MakeInstance,
    OwnPassword,
    OpenRule,
    CrossCheck,
)
"""The job from the binlog, and then the backup, which has to say the same (decision 8)."""

INSTANCE_RECIPE: tuple[type[Step], ...] = (UseGroup, UseInstance, *RECIPE[RECIPE.index(OwnPassword) :])
"""The job from an instance that an earlier run has kept."""

LOOK_RECIPE: tuple[type[Step], ...] = (UseGroup, UseInstance, OwnPassword, OpenRule, Look)
"""A look at the rows of another run's instance; nothing of production is touched."""

PROBE_RECIPE: tuple[type[Step], ...] = (
    ReachMoment,
    ScheduleExpiry,
    OwnGroup,
    RestoreInstance,
    MakeInstance,
    OwnPassword,
    OpenRule,
    Look,
)
"""A copy of a moment that is only asked; nothing of production is touched."""

UNDO_RECIPE: tuple[type[Step], ...] = (MakeScratch, StageUndo, Compare, Approve, Save, Load, Verify)
"""Taking an earlier run back, from its undo files alone."""

SWAP_BACK: tuple[type[Step], ...] = (SwapBack,)
"""Taking a swap back."""

OTHERS = (RewindBinlog, CrossCheck, TakeDifferences, TakeDumps, UseGroup, UseInstance, Look, StageUndo, SwapBack)
STEPS: tuple[type[Step], ...] = (*RECIPE, *OTHERS)
"""Every step there is."""
