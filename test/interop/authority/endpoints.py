"""Prints which host botocore sends each service's requests to, by region, FIPS
and dual stack: {"region fips dualstack": {"service": host or null}}. null is a
combination that the rules refuse."""

import itertools
import json
import sys

import botocore
import botocore.session
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError

session = botocore.session.Session()
loader = session.get_component("data_loader")


def provider(service):
    rules = loader.load_service_model(service, "endpoint-rule-set-1")
    return EndpointProvider(rules, loader.load_data("partitions"))


def host(rules, **parameters):
    try:
        url = rules.resolve_endpoint(**parameters).url
    except EndpointProviderError:
        return None
    return url.partition("://")[2].partition("/")[0]


def regions():
    names = set()
    for partition in loader.load_data("endpoints")["partitions"]:
        names.update(partition["regions"])
    return sorted(names)


def main():
    providers = {s: provider(s) for s in ("dynamodb", "kms", "s3", "ssm", "secretsmanager", "sts")}
    table = {}
    for region, fips, dual in itertools.product(regions(), (False, True), (False, True)):
        base = {"Region": region, "UseFIPS": fips, "UseDualStack": dual}
        row = {s: host(p, **base) for s, p in providers.items() if s != "s3"}
        for bucket in ("bucket", "dotted.bucket"):
            row["s3 " + bucket] = host(providers["s3"], Bucket=bucket, **base)
        row["dynamodb account"] = host(providers["dynamodb"], AccountId="123456789012", AccountIdEndpointMode="preferred", **base)
        table[f"{region} {str(fips).lower()} {str(dual).lower()}"] = row
    json.dump({"botocore": botocore.__version__, "endpoints": table}, sys.stdout)


main()
