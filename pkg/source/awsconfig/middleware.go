package awsconfig

import (
	"context"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"

	"github.com/credrender/credrender/pkg/source/internal/wire"
	"github.com/credrender/credrender/pkg/source/limit"
)

// recovered makes an error of a panic in a call. The SDK's provider of 'aws login'
// sessions has one for a damaged key in its file, in a goroutine of the cache of
// credentials, where only the stack of the call itself can recover it.
func recovered(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Recover", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (out middleware.InitializeOutput, md middleware.Metadata, err error) {
		defer func() {
			if recover() != nil { // what it holds may be part of a key
				err = errPanicked
			}
		}()
		return next.HandleInitialize(ctx, in)
	}), middleware.Before)
}

// waiting has the calls of the SDK's own clients counted as waits, with all of
// their attempts, as package wire does for the others.
func waiting(stack *middleware.Stack) error {
	call := middleware.InitializeMiddlewareFunc("Wait", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		end := limit.Wait(ctx, limit.Subject{
			Name: awsmiddleware.GetServiceID(ctx), Place: awsmiddleware.GetRegion(ctx), Operation: awsmiddleware.GetOperationName(ctx),
		})
		out, md, err := next.HandleInitialize(ctx, in)
		end(wire.Answered(err))
		return out, md, err
	})
	return stack.Initialize.Add(call, middleware.After) // of what registers the names
}
