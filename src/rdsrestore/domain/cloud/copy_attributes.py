"""What the temporary instance gets where that is not what production has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from rdsrestore.domain.codec import written
from rdsrestore.domain.request.option import Option

PROVISIONED = frozenset({"io1", "io2"})
"""Storage whose speed has to be named."""
ADJUSTABLE = frozenset({*PROVISIONED, "gp3"})
"""Storage whose speed may be named (RDS user guide, "Amazon RDS DB instance storage")."""
SAME = "the source's"

Tags = tuple[tuple[str, str], ...]
"""Names and values of tags, in the order in which they were written."""


@written("CopyAttributes")
@dataclass(frozen=True)
class CopyAttributes:
    """Attributes of the copy that the operator chose; None for what production has.

    `iops` counts operations a second, `throughput` is in MiB a second. `tags` are the operator's own, `copy_tags` names
    those that are taken over from production; security group and rule get them too.
    """

    storage_type: Annotated[
        str | None, Option(key=True, meaning="storage of the copy: `gp2`, `gp3`, `io1`, `io2`", default=SAME)
    ] = None
    iops: Annotated[
        int | None,
        Option(
            key=True,
            form="count",
            meaning="operations a second that the copy's storage is provisioned for",
            default=SAME,
        ),
    ] = None
    throughput: Annotated[
        int | None,
        Option(
            key=True,
            form="count",
            meaning="MiB a second that the copy's storage is provisioned for (`gp3` of 400 GiB and more)",
            default="that of the storage",
        ),
    ] = None
    parameter_group: Annotated[str | None, Option(key=True, meaning="parameter group of the copy", default=SAME)] = None
    option_group: Annotated[str | None, Option(key=True, meaning="option group of the copy", default=SAME)] = None
    subnet_group: Annotated[
        str | None, Option(key=True, meaning="subnet group of the copy, in the source's VPC", default=SAME)
    ] = None
    zone: Annotated[str | None, Option(key=True, meaning="availability zone of the copy", default="chosen by AWS")] = (
        None
    )
    ca_certificate: Annotated[
        str | None,
        Option(key=True, meaning="certificate authority of the copy, such as `rds-ca-rsa2048-g1`", default=SAME),
    ] = None
    copy_tags: Annotated[
        tuple[str, ...],
        Option(
            key=True,
            form="names",
            meaning="tags that the copy, its security group and its rule take over from the source, by their names",
            default="none",
        ),
    ] = ()
    tags: Tags = ()

    def all_tags(self, of_source: Tags) -> Tags:
        """Make the tags beside our own: those of the source that are named, and the operator's, which win."""
        return tuple(
            {**{name: value for name, value in of_source if name in self.copy_tags}, **dict(self.tags)}.items()
        )

    def storage(self, of_source: str) -> str:
        """Name the storage that the copy gets."""
        return self.storage_type or of_source

    def speed(self, of_source: str, iops: int | None) -> int | None:
        """Say for how many operations a second its storage is provisioned; None where that is not to be named.

        Those of the source are taken over where storage of both kinds wants them.
        """
        return self.iops or (iops if {self.storage(of_source), of_source} <= PROVISIONED else None)
