"""Recomputes the Signature Version 4 of a recorded request with botocore."""

import hashlib
import re

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from shapes import header

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})")

# What must be under the signature whenever it is sent.
ALWAYS_SIGNED = ("host", "x-amz-date", "x-amz-security-token", "x-amz-target", "x-amz-content-sha256", "content-type")


def check(request, keys):
    """None for an unsigned request, else a list of violations. keys has secrets
    by access key; that of "*" counts for all others."""
    auth = header(request, "authorization")
    if auth is None:
        return None
    parts = AUTHORIZATION.fullmatch(auth)
    if not parts:
        return ["authorization header has another form"]
    secret = keys.get(parts["key"], keys.get("*"))
    if secret is None:
        return [f"unknown access key {parts['key']}"]
    found = []
    signed = parts["headers"].split(";")
    sent = {k.lower() for k, _ in request["headers"]}
    # AWS refuses a signature without these; botocore would sign all of them.
    found.extend(f"header {name} is not signed" for name in ALWAYS_SIGNED if name in sent and name not in signed)
    found.extend(_payload(request))
    if not (header(request, "x-amz-date") or "").startswith(parts["date"]):
        found.append("the scope's date is not the request's")
    want = _signature(request, parts, signed, secret)
    if want != parts["signature"]:
        found.append(f"signature {parts['signature'][:8]}..., botocore makes {want[:8]}...")
    return found


def _payload(request):
    claimed = header(request, "x-amz-content-sha256")
    if claimed in (None, "UNSIGNED-PAYLOAD") or claimed.startswith("STREAMING-"):
        return ["body is not signed"] if claimed and request["scheme"] == "http" else []
    if claimed != hashlib.sha256(request["body"]).hexdigest():
        return ["x-amz-content-sha256 is not the body's"]
    return []


def _signature(request, parts, signed, secret):
    headers = {k: v for k, v in request["headers"] if k.lower() in signed}
    aws = AWSRequest(method=request["method"], url=f"{request['scheme']}://{request['host']}{request['uri']}",
                     headers=headers, data=request["body"])
    aws.context["timestamp"] = header(request, "x-amz-date")
    kind = S3SigV4Auth if parts["service"].startswith("s3") else SigV4Auth
    auth = kind(Credentials(parts["key"], secret), parts["service"], parts["region"])
    return auth.signature(auth.string_to_sign(aws, auth.canonical_request(aws)), aws)
