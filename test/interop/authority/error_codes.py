"""Prints the error codes that each operation is documented to answer, with
their HTTP status: those of the service models, and the common ones.
argv: service.Operation ..."""

import json
import sys

import botocore
import botocore.session

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
# and its like in each service's reference.
COMMON = {
    "AccessDeniedException": 400, "ExpiredTokenException": 403, "IncompleteSignature": 403, "InternalFailure": 500,
    "InvalidSignatureException": 403, "MissingAuthenticationTokenException": 403, "NotAuthorized": 400, "OptInRequired": 403,
    "RequestExpired": 400, "ServiceUnavailable": 503, "ThrottlingException": 400, "UnrecognizedClientException": 403,
    "ValidationError": 400, "ValidationException": 400,
}
STS = {
    "AccessDenied": 403, "ExpiredToken": 403, "InvalidClientTokenId": 403, "SignatureDoesNotMatch": 403,
    "Throttling": 400, "ValidationError": 400, "InternalFailure": 500, "ServiceUnavailable": 503,
}
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
S3 = {
    "AccessDenied": 403, "AccountProblem": 403, "AllAccessDisabled": 403, "AuthorizationHeaderMalformed": 400, "ExpiredToken": 400,
    "InternalError": 500, "InvalidAccessKeyId": 403, "InvalidBucketName": 400, "InvalidToken": 400, "MethodNotAllowed": 405,
    "NoSuchBucket": 404, "NotSignedUp": 403, "OperationAborted": 409, "RequestTimeTooSkewed": 403, "ServiceUnavailable": 503,
    "SignatureDoesNotMatch": 403, "SlowDown": 503,
}


def main():
    session, table = botocore.session.Session(), {}
    for name in sys.argv[1:]:
        service, operation = name.split(".")
        codes = dict({"s3": S3, "sts": STS}.get(service, COMMON))
        for shape in session.get_service_model(service).operation_model(operation).error_shapes:
            meta = shape.metadata.get("error", {})
            codes[meta.get("code", shape.name)] = meta.get("httpStatusCode", 500 if shape.metadata.get("fault") else 400)
        table[name] = codes
    json.dump({"botocore": botocore.__version__, "codes": table}, sys.stdout)


main()
