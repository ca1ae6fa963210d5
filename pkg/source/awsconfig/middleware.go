package awsconfig

import (
	"context"
	"fmt"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
	"github.com/credrender/credrender/pkg/source/limit"
)

// recovered turns a panic in a call into an error. The SDK's provider of 'aws login'
// sessions panics if the key in its file is damaged. It runs in a goroutine of the
// credentials cache, where only middleware can recover.
func recovered(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Recover", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (out middleware.InitializeOutput, md middleware.Metadata, err error) {
		defer func() {
			if recover() != nil { // the value is dropped: it may hold part of a key
				err = errPanicked
			}
		}()
		return next.HandleInitialize(ctx, in)
	}), middleware.Before)
}

// waiting counts the calls of the SDK's clients, with all of their attempts, as waits,
// as package wire does for its own.
func waiting(stack *middleware.Stack) error {
	call := middleware.InitializeMiddlewareFunc("Wait", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		end := limit.Wait(ctx, limit.Subject{
			Name: awsmiddleware.GetServiceID(ctx), Region: awsmiddleware.GetRegion(ctx), Operation: awsmiddleware.GetOperationName(ctx),
		})
		out, md, err := next.HandleInitialize(ctx, in)
		end(wire.Answered(err))
		return out, md, err
	})
	return stack.Initialize.Add(call, middleware.After) // the middleware that registers the names
}

type lastCauseKey struct{}

// keepCause adds the last failure to the error of a call whose context ended between
// two attempts. The SDK returns "context deadline exceeded" alone.
func keepCause(stack *middleware.Stack) error {
	record := middleware.FinalizeMiddlewareFunc("RecordCause", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		out, md, err := next.HandleFinalize(ctx, in)
		if last, ok := ctx.Value(lastCauseKey{}).(*error); ok && err != nil && ctx.Err() == nil {
			*last = err
		}
		return out, md, err
	})
	add := middleware.InitializeMiddlewareFunc("AddCause", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		var last error
		out, md, err := next.HandleInitialize(context.WithValue(ctx, lastCauseKey{}, &last), in)
		if err != nil && last != nil && ctx.Err() != nil {
			err = fmt.Errorf("%w; before that: %w", err, last)
		}
		return out, md, err
	})
	if err := stack.Finalize.Insert(record, (*retry.Attempt)(nil).ID(), middleware.After); err != nil {
		return err
	}
	return stack.Initialize.Add(add, middleware.Before)
}

// attemptsKey is the key of a *int in a call's context, the number of attempts.
type attemptsKey struct{}

// observe calls o for every attempt of the SDK's clients, as package wire does for its
// own.
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
		// Inside the middleware of retries and signatures, outside that which reads the answer.
		if err := stack.Deserialize.Add(attempt, middleware.Before); err != nil {
			return err
		}
		return stack.Initialize.Add(call, middleware.Before)
	}
}
