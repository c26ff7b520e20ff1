"""AWS's service models as botocore brings them, read in half the time: a start reads four of them."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import botocore.session
from botocore.loaders import JSONFileLoader, Loader


class PlainFiles(JSONFileLoader):
    """Reads a file into plain dictionaries, which keep their order by themselves."""

    def load_file(self, file_path: str) -> Any:  # noqa: ANN401 - JSON
        """Read a model; None where there is no such file. The path has no ending."""
        packed, plain = Path(f"{file_path}.json.gz"), Path(f"{file_path}.json")
        if plain.is_file():
            return json.loads(plain.read_bytes())
        return json.loads(gzip.decompress(packed.read_bytes())) if packed.is_file() else None


class ServiceModels(Loader):
    """Takes a folder's name for a service's, where botocore looks into each of four hundred for a model."""

    FILE_LOADER_CLASS = PlainFiles

    def list_available_services(self, type_name: str) -> list[str]:
        """Name the services; what a folder has is seen once it is read."""
        del type_name
        places = [place for each in self.search_paths if (place := Path(each)).is_dir()]
        return sorted({each.name for place in places for each in place.iterdir()})


def core() -> botocore.session.Session:
    """Make the session below boto3's; models of the user's own (`AWS_DATA_PATH`) are found as ever."""
    session = botocore.session.Session()
    more = (session.get_config_variable("data_path") or "").split(os.pathsep)
    paths = [os.path.expandvars(Path(each).expanduser()) for each in more if each]
    session.register_component("data_loader", ServiceModels(extra_search_paths=paths))
    return session
