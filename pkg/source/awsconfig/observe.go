package awsconfig

import (
	"context"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// attemptsKey marks what a call's context holds: *int, how often it was sent.
type attemptsKey struct{}

// observe has every attempt of the SDK's own clients observed, as package wire
// does for the others.
func observe(o source.Observer) func(*middleware.Stack) error {
	if o == nil {
		return func(*middleware.Stack) error { return nil }
	}
	call := middleware.InitializeMiddlewareFunc("CountAttempts", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(context.WithValue(ctx, attemptsKey{}, new(int)), in)
	})
	attempt := middleware.DeserializeMiddlewareFunc("ObserveAttempt", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		a := source.Attempt{Service: awsmiddleware.GetServiceID(ctx), Operation: awsmiddleware.GetOperationName(ctx), Number: 1}
		if n, ok := ctx.Value(attemptsKey{}).(*int); ok {
			*n++
			a.Number = *n
		}
		ctx, end := o.Start(ctx, a)
		out, md, err := next.HandleDeserialize(ctx, in)
		status := 0
		if resp, ok := out.RawResponse.(*smithyhttp.Response); ok && resp != nil && resp.Response != nil {
			status = resp.StatusCode
		}
		end(wire.Outcome(status, err))
		return out, md, err
	})
	return func(stack *middleware.Stack) error {
		// Inside of retries and signing, outside of what reads the answer.
		if err := stack.Deserialize.Add(attempt, middleware.Before); err != nil {
			return err
		}
		return stack.Initialize.Add(call, middleware.Before)
	}
}
