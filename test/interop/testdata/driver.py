"""Puts and gets secrets by the library of credstash or credsmash: requests and
answers are lines of JSON, {op, name, value, context, form} and {value} or
{error}, values in base64."""
import base64
import json
import sys


def credstash_peer():
    import credstash

    def put(name, value, context, form):
        credstash.putSecret(name, value.decode(), 1, context=context, digest=form)

    def get(name, context):
        return credstash.getSecret(name, context=context).encode()

    return put, get


def credsmash_peer():
    import boto3
    from credsmash import api
    from credsmash.dynamodb_storage_service import DynamoDbStorageService
    from credsmash.kms_key_service import KmsKeyService

    session = boto3.Session()
    store = DynamoDbStorageService(session, "credential-store")

    def keys(context):
        return KmsKeyService(session, "alias/credstash", context)

    def put(name, value, context, form):
        api.put_secret(store, keys(context), name, value, version=1, algorithm=form)

    def get(name, context):
        return api.get_secret(store, keys(context), name)

    return put, get


put, get = {"credstash": credstash_peer, "credsmash": credsmash_peer}[sys.argv[1]]()
for line in sys.stdin:
    request = json.loads(line)
    answer = {}
    try:
        if request["op"] == "put":
            put(request["name"], base64.b64decode(request["value"]), request["context"], request["form"])
        else:
            answer["value"] = base64.b64encode(get(request["name"], request["context"])).decode()
    except BaseException as e:  # credstash exits
        answer["error"] = repr(e)[:200]
    print(json.dumps(answer), flush=True)
