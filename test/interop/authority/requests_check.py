"""Checks recorded requests: JSON lines on stdin, access keys and their secrets
in argv[1]; prints one JSON object."""

import base64
import collections
import json
import sys

import botocore

import shapes
import signatures


def main():
    keys = json.loads(sys.argv[1])
    operations, violations, objects = collections.Counter(), [], {}
    total = signed = equal = 0
    for line in sys.stdin:
        request = json.loads(line)
        request["body"] = base64.b64decode(request["body"] or "")
        total += 1
        service, operation, found = shapes.check(request)
        if service == "s3" and operation:
            objects[request["id"]] = shapes.object_key(request)
        if operation:
            operations[f"{service}.{operation}"] += 1
        wrong = signatures.check(request, keys)
        if wrong is not None:
            signed += 1
            equal += not wrong
        elif operation not in unsigned(service):
            found.append("request is not signed")
        violations.extend({"id": request["id"], "label": request["label"], "what": what} for what in found + (wrong or []))
    json.dump({"botocore": botocore.__version__, "requests": total, "operations": operations,
               "violations": violations, "signed": signed, "equal": equal, "objects": objects}, sys.stdout)


def unsigned(service):
    """The operations that need no signature."""
    if service is None:
        return ()
    model = shapes.model(service)
    operations = map(model.operation_model, model.operation_names)
    return [op.name for op in operations if op.auth_type == "none" or "smithy.api#noAuth" in (op.auth or [])]


main()
