"""The cloud's query protocol, both ways, driven by the service model that botocore ships."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

Value = Any
"""What a shape holds: dict, list, str, int, bool, float or datetime."""


class Fault(Exception):  # noqa: N818 - the service's own word
    """An error as the service answers it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@cache
def operation(service: str, action: str) -> OperationModel:
    """Look up an operation; Fault InvalidAction where the service has none of that name."""
    model = ServiceModel(Loader().load_service_model(service, "service-2"))
    if action not in model.operation_names:
        raise Fault("InvalidAction", f"{service} has no action {action}")
    return model.operation_model(action)


def request(service: str, action: str, form: Mapping[str, str]) -> dict[str, Value]:
    """Read a form by the operation's input shape."""
    shape = operation(service, action).input_shape
    return read(shape, form, "") if shape else {}


def read(shape: Shape, form: Mapping[str, str], prefix: str) -> Value:
    """Read one shape whose members stand under `prefix`."""
    if isinstance(shape, StructureShape):
        members = (
            (name, each, joined(prefix, each.serialization.get("name", name))) for name, each in shape.members.items()
        )
        return {name: read(each, form, place) for name, each, place in members if present(form, place)}
    if isinstance(shape, ListShape):
        return items(shape, form, prefix)
    return scalar(shape, form[prefix])


def items(shape: ListShape, form: Mapping[str, str], prefix: str) -> list[Value]:
    """Read a list, numbered from 1, under its members' name or `member`."""
    found = []
    for name in (shape.member.serialization.get("name", "member"), "member"):
        number = 1
        while present(form, f"{prefix}.{name}.{number}"):
            found.append(read(shape.member, form, f"{prefix}.{name}.{number}"))
            number += 1
        if found:
            break
    return found


def joined(prefix: str, name: str) -> str:
    """Join two parts of a form's key."""
    return f"{prefix}.{name}" if prefix else name


def present(form: Mapping[str, str], place: str) -> bool:
    """Whether the form has anything at or under a key."""
    return place in form or any(key.startswith(f"{place}.") for key in form)


def scalar(shape: Shape, text: str) -> Value:
    """Read a single value."""
    if shape.type_name == "boolean":
        return text.lower() == "true"
    if shape.type_name in {"integer", "long"}:
        return int(text)
    if shape.type_name == "timestamp":
        return datetime.fromisoformat(text).astimezone(UTC)
    return text


def response(service: str, action: str, value: Mapping[str, Value]) -> bytes:
    """Write an answer by the operation's output shape."""
    model = operation(service, action)
    root = ET.Element(f"{action}Response", xmlns=str(model.service_model.metadata.get("xmlNamespace", "")))
    shape = model.output_shape
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper")
        write(shape, value, ET.SubElement(root, wrapper) if wrapper else root)
    ET.SubElement(ET.SubElement(root, "ResponseMetadata"), "RequestId").text = str(uuid.uuid4())
    return ET.tostring(root)


def write(shape: Shape, value: Value, place: ET.Element) -> None:
    """Write one shape into an element."""
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                write(member, value[name], ET.SubElement(place, member.serialization.get("name", name)))
    elif isinstance(shape, ListShape):
        for each in value:
            write(shape.member, each, ET.SubElement(place, shape.member.serialization.get("name", "member")))
    elif isinstance(shape, MapShape):
        raise NotImplementedError(shape.name)
    elif isinstance(value, datetime):
        place.text = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    else:
        place.text = str(value).lower() if isinstance(value, bool) else str(value)


def fault(error: Fault, service: str) -> bytes:
    """Write an error as the service's protocol has it."""
    if service == "ec2":
        root = ET.Element("Response")
        place = ET.SubElement(ET.SubElement(root, "Errors"), "Error")
        ET.SubElement(root, "RequestID").text = str(uuid.uuid4())
    else:
        root = ET.Element("ErrorResponse")
        place = ET.SubElement(root, "Error")
        ET.SubElement(place, "Type").text = "Sender"
        ET.SubElement(root, "RequestId").text = str(uuid.uuid4())
    ET.SubElement(place, "Code").text = error.code
    ET.SubElement(place, "Message").text = error.message
    return ET.tostring(root)
