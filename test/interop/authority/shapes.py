"""Checks one recorded request against botocore's service models.

A request is a dict with method, scheme, host, uri, headers (pairs) and body
(bytes). check() returns the service, the operation and a list of violations.
The models are the ones that botocore sends requests by, so a member, a target
or a URI that they do not know is one that AWS does not know.
"""

import base64
import datetime
import email.utils
import json
import re
import urllib.parse

import botocore.session
from botocore.validate import ParamValidator

# Headers that belong to HTTP, to the signature or to every SDK, and not to an
# operation's model.
COMMON_HEADERS = {
    "accept", "accept-encoding", "amz-sdk-invocation-id", "amz-sdk-request", "authorization",
    "connection", "content-length", "content-type", "expect", "host", "user-agent",
    "x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-amz-user-agent",
    # botocore adds these two itself, without a member of the model.
    "x-amz-account-id-endpoint-mode", "x-amzn-query-mode",
}
# Query parameters that name an operation without being a member of it.
COMMON_PARAMETERS = {"x-id"}

SIGNED_AS = {  # credential scope to botocore's name of the service
    "dynamodb": "dynamodb", "kms": "kms", "ssm": "ssm", "secretsmanager": "secretsmanager",
    "sts": "sts", "s3": "s3", "s3-object-lambda": "s3", "s3-outposts": "s3",
}

_session = botocore.session.Session()
_models = {}


def model(service):
    if service not in _models:
        _models[service] = _session.get_service_model(service)
    return _models[service]


def header(request, name):
    values = [v for k, v in request["headers"] if k.lower() == name]
    return values[0] if values else None


def service_of(request):
    """The service by the signature's scope, or by what an unsigned request holds."""
    auth = header(request, "authorization") or ""
    scope = re.match(r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request,", auth)
    if scope:
        return SIGNED_AS.get(scope.group(1))
    path = urllib.parse.urlsplit(request["uri"]).path
    if path.startswith("/federation/"):
        return "sso"
    if path == "/token":
        return "sso-oidc"
    if b"Action=" in request["body"]:
        return "sts"
    return None


def check(request):
    service = service_of(request)
    if service is None:
        return None, None, ["no known service"]
    found = []
    protocol = model(service).metadata["protocol"]
    handler = {"json": _json, "query": _query, "rest-xml": _rest, "rest-json": _rest}[protocol]
    operation = handler(service, request, found)
    return service, operation, found


def object_key(request):
    """The key in a request of S3, whose bucket is in the path."""
    path = urllib.parse.unquote(urllib.parse.urlsplit(request["uri"]).path)
    return path.removeprefix("/").partition("/")[2]


def _json(service, request, found):
    meta = model(service).metadata
    prefix, target = meta["targetPrefix"] + ".", header(request, "x-amz-target") or ""
    want = "application/x-amz-json-" + meta["jsonVersion"]
    if header(request, "content-type") != want:
        found.append(f"content type {header(request, 'content-type')}, want {want}")
    if (request["method"], request["uri"]) != ("POST", "/"):
        found.append(f"{request['method']} {request['uri']}, want POST /")
    if not target.startswith(prefix):
        found.append(f"target {target}, want {prefix}*")
        return None
    name = target[len(prefix):]
    if name not in model(service).operation_names:
        found.append(f"target {target}: no such operation")
        return None
    shape = model(service).operation_model(name).input_shape
    try:
        document = json.loads(request["body"])
    except ValueError as e:
        found.append(f"{name}: body: {e}")
        return name
    _validate(name, document, shape, found)
    return name


def _query(service, request, found):
    meta = model(service).metadata
    if header(request, "content-type") not in ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8"):
        found.append(f"content type {header(request, 'content-type')}")
    if (request["method"], request["uri"]) != ("POST", "/"):
        found.append(f"{request['method']} {request['uri']}, want POST /")
    pairs = urllib.parse.parse_qsl(request["body"].decode(), keep_blank_values=True)
    form = dict(pairs)
    if len(form) != len(pairs):
        found.append("a form field occurs twice")
    name, version = form.pop("Action", None), form.pop("Version", None)
    if version != meta["apiVersion"]:
        found.append(f"version {version}, want {meta['apiVersion']}")
    if name not in model(service).operation_names:
        found.append(f"action {name}: no such operation")
        return None
    shape = model(service).operation_model(name).input_shape
    used = set()
    document = _unflatten(form, "", shape, used) if shape else {}
    for field in sorted(set(form) - used):
        found.append(f"{name}: unknown form field {field}")
    if shape:
        _validate(name, document, shape, found, native=True)
    return name


def _unflatten(form, prefix, shape, used):
    """Reads a value of the query protocol: a.b, a.member.1, a.entry.1.key."""
    if shape.type_name == "structure":
        out = {}
        for member, inner in shape.members.items():
            name = inner.serialization.get("name", member)
            value = _unflatten(form, f"{prefix}.{name}".lstrip("."), inner, used)
            if value is not None:
                out[member] = value
        return out if out or not prefix else None
    if shape.type_name == "list":
        items, i = [], 1
        while (item := _unflatten(form, f"{prefix}.member.{i}", shape.member, used)) is not None:
            items.append(item)
            i += 1
        return items or None
    if prefix not in form:
        return None
    used.add(prefix)
    return _from_text(form[prefix], shape)


def _rest(service, request, found):
    split = urllib.parse.urlsplit(request["uri"])
    query = dict(urllib.parse.parse_qsl(split.query, keep_blank_values=True))
    matches = []
    for name in model(service).operation_names:
        op = model(service).operation_model(name)
        if op.http["method"] != request["method"]:
            continue
        values, literal = _match(op, split.path, query, request)
        if values is not None:
            matches.append((literal, _fitness(op, query, request), name, values))
    if not matches:
        found.append(f"{request['method']} {split.path}: no operation has this URI")
        return None
    _, _, name, values = max(matches, key=lambda m: m[:2])
    op = model(service).operation_model(name)
    document = dict(values)
    _query_members(op, query, document, found)
    _header_members(op, request, document, found)
    _body_members(service, op, request, document, found)
    if op.input_shape:
        _validate(name, document, op.input_shape, found, native=True)
    return name


def _match(op, path, query, request):
    """The URI's members, and how many literal parts of it matched."""
    template, _, literals = op.http["requestUri"].partition("?")
    wanted = dict(urllib.parse.parse_qsl(literals, keep_blank_values=True))
    if any(query.get(k) != v for k, v in wanted.items()):
        return None, 0
    pattern = re.sub(r"\\\{(\w+)(\\\+)?\\\}", lambda m: f"(?P<{m[1]}>{'.+' if m[2] else '[^/]+'})", re.escape(template))
    m = re.fullmatch(pattern, path) or re.fullmatch(pattern + "/", path)
    if not m:
        return None, 0
    values = {k: urllib.parse.unquote(v) for k, v in m.groupdict().items()}
    members = op.input_shape.members if op.input_shape else {}
    by_name = {s.serialization.get("name", n): n for n, s in members.items() if s.serialization.get("location") == "uri"}
    return {by_name[k]: v for k, v in values.items()}, len(wanted) * 10 + len(values)


def _fitness(op, query, request):
    """How well a request fits an operation among those that share a URI:
    CopyObject and PutObject, DeleteObject and AbortMultipartUpload."""
    if not op.input_shape:
        return 0
    sent = {"header": {k.lower() for k, _ in request["headers"]}, "querystring": set(query)}
    fitness = 0
    for name, shape in op.input_shape.members.items():
        location, wire = shape.serialization.get("location"), shape.serialization.get("name", name)
        if location in sent:
            there = (wire.lower() if location == "header" else wire) in sent[location]
            fitness += there - 100 * (not there and name in op.input_shape.required_members)
    return fitness


def _query_members(op, query, document, found):
    _, _, literals = op.http["requestUri"].partition("?")
    known = dict(urllib.parse.parse_qsl(literals, keep_blank_values=True))
    members = op.input_shape.members if op.input_shape else {}
    by_name = {s.serialization.get("name", n): n for n, s in members.items() if s.serialization.get("location") == "querystring"}
    for name, value in query.items():
        if name in known or name in COMMON_PARAMETERS:
            continue
        if name not in by_name:
            found.append(f"{op.name}: unknown query parameter {name}")
            continue
        document[by_name[name]] = _from_text(value, members[by_name[name]])
    if query.get("x-id", op.name) != op.name:
        found.append(f"{op.name}: x-id is {query['x-id']}")


def _header_members(op, request, document, found):
    members = op.input_shape.members if op.input_shape else {}
    exact = {s.serialization.get("name", n).lower(): n for n, s in members.items() if s.serialization.get("location") == "header"}
    prefixes = {s.serialization["name"].lower(): n for n, s in members.items() if s.serialization.get("location") == "headers"}
    for name, value in request["headers"]:
        name = name.lower()
        if name in exact:
            document[exact[name]] = _from_text(value, members[exact[name]], header=True)
        elif prefix := next((p for p in prefixes if name.startswith(p)), None):
            document.setdefault(prefixes[prefix], {})[name[len(prefix):]] = value
        elif name not in COMMON_HEADERS and not name.startswith("x-amz-checksum-"):
            found.append(f"{op.name}: unknown header {name}")


def _body_members(service, op, request, document, found):
    shape = op.input_shape
    payload = shape.serialization.get("payload") if shape else None
    if payload:
        document[payload] = request["body"] if shape.members[payload].type_name == "blob" else {}
        return
    if not request["body"]:
        return
    if model(service).metadata["protocol"] != "rest-json":
        found.append(f"{op.name}: {len(request['body'])} bytes of body where the model has none")
        return
    body = json.loads(request["body"])
    for name, value in body.items():
        member = next((n for n, s in shape.members.items() if s.serialization.get("name", n) == name), name)
        document[member] = value


def _from_text(text, shape, header=False):
    kind = shape.type_name
    if kind in ("integer", "long"):
        return int(text) if re.fullmatch(r"-?\d+", text) else text
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind == "timestamp":
        try:
            return email.utils.parsedate_to_datetime(text) if header else datetime.datetime.fromisoformat(text)
        except ValueError:
            return text
    if kind == "blob":
        return base64.b64decode(text, validate=True)
    if kind == "list":
        return [_from_text(t.strip(), shape.member) for t in text.split(",")]
    return text


def _validate(name, document, shape, found, native=False):
    if shape is None:
        if document:
            found.append(f"{name}: has members where the model has none")
        return
    params = document if native else _native(name, document, shape, found)
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        found.extend(f"{name}: {line}" for line in report.generate_report().splitlines())
    _limits(name, params, shape, found)


def _native(path, value, shape, found):
    """Turns JSON into what botocore's validator takes: bytes and times."""
    kind = shape.type_name
    if value is None:
        found.append(f"{path}: null")
        return value
    if kind == "structure" and isinstance(value, dict):
        return {k: _native(f"{path}.{k}", v, shape.members[k], found) if k in shape.members else v for k, v in value.items()}
    if kind == "list" and isinstance(value, list):
        return [_native(path + "[]", v, shape.member, found) for v in value]
    if kind == "map" and isinstance(value, dict):
        return {k: _native(f"{path}.{k}", v, shape.value, found) for k, v in value.items()}
    if kind == "blob":
        try:
            return base64.b64decode(value, validate=True)
        except (ValueError, TypeError):
            found.append(f"{path}: not base64")
            return b""
    if kind == "timestamp" and isinstance(value, (int, float)):
        return datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
    return value


def _limits(path, value, shape, found):
    """What botocore leaves to the server: upper limits, patterns and enums."""
    kind, meta = shape.type_name, shape.metadata
    size = value if kind in ("integer", "long") else len(value) if hasattr(value, "__len__") else None
    if isinstance(size, int) and not isinstance(value, bool):
        if size > meta.get("max", size):
            found.append(f"{path}: {size} is above {meta['max']}")
        if size < meta.get("min", size):
            found.append(f"{path}: {size} is below {meta['min']}")
    if kind == "structure" and isinstance(value, dict):
        for k, v in value.items():
            if k in shape.members:
                _limits(f"{path}.{k}", v, shape.members[k], found)
    elif kind == "list" and isinstance(value, list):
        for v in value:
            _limits(path + "[]", v, shape.member, found)
    elif kind == "map" and isinstance(value, dict):
        for k, v in value.items():
            _limits(f"{path} key", k, shape.key, found)
            _limits(f"{path}.{k}", v, shape.value, found)
    elif kind == "string" and isinstance(value, str):
        if getattr(shape, "enum", None) and value not in shape.enum:
            found.append(f"{path}: {value} is not one of {', '.join(shape.enum)}")
        if "pattern" in meta and not _fits(meta["pattern"], value):
            found.append(f"{path}: does not match {meta['pattern']}")


def _fits(pattern, value):
    """Whether a value has a pattern of Java's; Python's re has no \\p{...}."""
    return r"\p" in pattern or re.search(pattern, value) is not None
