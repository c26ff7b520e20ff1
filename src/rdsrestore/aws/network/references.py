"""Security groups and prefix lists that somebody wants let in: whether EC2 will take them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from rdsrestore.aws.errors import DENIED, FAILURES, MEANINGS, code_of, translate
from rdsrestore.aws.session import Clients
from rdsrestore.domain.cloud.admission import Reference, too_wide

UNKNOWN = ("NotFound", "Malformed")


def look_up(clients: Clients, names: Sequence[str], vpc: str) -> Iterator[Reference]:
    """Look up each of them; CloudError where EC2 does not answer."""
    for name in names:
        try:
            yield group(clients, name, vpc) if name.startswith("sg-") else prefix_list(clients, name)
        except FAILURES as error:
            code = code_of(error)
            if code.endswith(UNKNOWN):
                yield Reference(name, problem="there is none of that id in this account and region")
            elif MEANINGS.get(code) is DENIED:
                yield Reference(name, unseen=f"it may not be looked at ({code})")
            else:
                raise translate("--allow", error) from error


def group(clients: Clients, name: str, vpc: str) -> Reference:
    """Look up a group; one of another network can't be told from here to have a road to the copy."""
    found = clients.ec2.describe_security_groups(GroupIds=[name])["SecurityGroups"][0]
    other = found.get("VpcId") != vpc
    problem = f"it is of {found.get('VpcId')}, and the copy is in {vpc}: name the network instead" if other else ""
    return Reference(name, found["GroupName"], problem)


def prefix_list(clients: Clients, name: str) -> Reference:
    """Look up a list and its networks."""
    lists = clients.ec2.describe_managed_prefix_lists(PrefixListIds=[name])["PrefixLists"]
    if not lists:
        return Reference(name, problem="there is none of that id in this account and region")
    pages = clients.ec2.get_paginator("get_managed_prefix_list_entries").paginate(PrefixListId=name)
    networks = [ipaddress.ip_network(entry["Cidr"]) for page in pages for entry in page["Entries"]]
    wide = [str(each) for each in networks if too_wide(each)]
    problem = f"it holds {', '.join(wide)}, which is everybody" if wide else ""
    return Reference(name, f"{lists[0].get('PrefixListName', '')}, networks: {len(networks):,}", problem)
