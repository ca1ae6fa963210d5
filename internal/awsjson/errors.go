package awsjson

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func operationError(service, operation string, err error) error {
	return &smithy.OperationError{ServiceID: service, OperationName: operation, Err: err}
}

// interrupted tells the end of ctx from what the network says of it.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &aws.RequestCanceledError{Err: ctx.Err()}
	}
	return err
}

// refused reads an answer that is none: the code is in a header or in the body,
// with a namespace before it or a URL behind it
// (https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html#operation-error-serialization).
func refused(resp *http.Response, data []byte) error {
	var body struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"` // some services capitalise it
	}
	e := &smithy.GenericAPIError{Code: "UnknownError", Message: "UnknownError"}
	if resp.StatusCode >= http.StatusInternalServerError {
		e.Fault = smithy.FaultServer
	} else {
		e.Fault = smithy.FaultClient
	}
	_ = json.Unmarshal(data, &body) // a proxy answers in HTML
	for _, code := range []string{resp.Header.Get("X-Amzn-Errortype"), body.Type, body.Code} {
		if code = plainCode(code); code != "" {
			e.Code, e.Message = code, body.Message
			break
		}
	}
	return responseError(resp, e)
}

func plainCode(s string) string {
	s, _, _ = strings.Cut(s, ":")
	return s[strings.LastIndexByte(s, '#')+1:]
}

// responseError keeps of an answer what callers and retryers look at: status
// and headers.
func responseError(resp *http.Response, err error) error {
	bare := &http.Response{Status: resp.Status, StatusCode: resp.StatusCode, Header: resp.Header}
	return &awshttp.ResponseError{
		RequestID:     resp.Header.Get("X-Amzn-Requestid"),
		ResponseError: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: bare}, Err: err},
	}
}
