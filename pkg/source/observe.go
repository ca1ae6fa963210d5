package source

import "context"

// Observer is told of every attempt at a request to AWS, those of the SDK's own
// clients included. It sees names of services and operations, never a request
// or an answer. OpenTelemetry fits: Start begins a span and returns the context
// that carries it, end sets its status and ends it.
//
// It must be safe for concurrent use, and quick: a batch has hundreds of
// requests.
type Observer interface {
	// Start is called before an attempt is sent, and end when its answer has been
	// read, once. The attempt runs in the context that Start returns.
	Start(ctx context.Context, a Attempt) (attempt context.Context, end func(Outcome))
}

// Attempt is one try at a request.
type Attempt struct {
	Service, Operation string // "DynamoDB", "Query"
	Number             int    // from 1
}

// Outcome is what became of an attempt.
type Outcome struct {
	Status int // of HTTP; 0 without an answer
	// ErrorClass is empty after success; else AWS's error code, or "HTTP" (an
	// answer without a code), "Network", "Canceled", "Timeout" or "Unknown". It
	// has few different values, as OpenTelemetry's error.type wants.
	ErrorClass string
	Err        error // holds nothing of the request or the answer but AWS's code and message
}

// Observers returns one observer that tells all of those that are not nil, or
// nil without any.
func Observers(all ...Observer) Observer {
	var some observers
	for _, o := range all {
		if o != nil {
			some = append(some, o)
		}
	}
	switch len(some) {
	case 0:
		return nil
	case 1:
		return some[0]
	}
	return some
}

type observers []Observer

// Start implements Observer.
func (all observers) Start(ctx context.Context, a Attempt) (context.Context, func(Outcome)) {
	ends := make([]func(Outcome), len(all))
	for i, o := range all {
		ctx, ends[i] = o.Start(ctx, a)
	}
	return ctx, func(out Outcome) {
		for _, end := range ends {
			end(out)
		}
	}
}
