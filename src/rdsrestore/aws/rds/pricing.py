"""What an instance costs an hour, where the price list says so."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

import boto3
from botocore.config import Config

from rdsrestore.aws.errors import FAILURES
from rdsrestore.domain.cloud.engine import engine
from rdsrestore.domain.cloud.instance import SourceInstance

SINGLE = "Single-AZ"
THREE = "Multi-AZ (readable standbys)"
"""A Multi-AZ DB cluster: its three instances together."""
REGION = "us-east-1"
"""The price list is served from few regions."""
QUICK = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 1})


def hourly(session: boto3.Session, region: str, source: SourceInstance, instance_class: str) -> Decimal | None:
    """Look up the on-demand price of a copy in USD an hour; None where it can't be found out quickly.

    What Serverless v2 takes is not known beforehand.
    """
    deployment = THREE if source.cluster is not None and not source.is_aurora else SINGLE
    wanted = {
        "regionCode": region,
        "instanceType": instance_class,
        "databaseEngine": engine(source.engine).sold_as,
        "deploymentOption": deployment,
    }
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
    try:
        client: Any = session.client("pricing", region_name=REGION, config=QUICK)
        answer = client.get_products(ServiceCode="AmazonRDS", Filters=filters, MaxResults=1)
        terms = json.loads(answer["PriceList"][0])["terms"]["OnDemand"]
        dimensions = next(iter(terms.values()))["priceDimensions"]
        return Decimal(next(iter(dimensions.values()))["pricePerUnit"]["USD"])
    except (*FAILURES, KeyError, IndexError, TypeError, ValueError, StopIteration, InvalidOperation):
        return None
