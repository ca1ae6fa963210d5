package limit_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/limit"
)

// A context under a limit ends when nothing has answered for so long.
func Example() {
	ctx, stop := limit.New(10 * time.Millisecond).Context(context.Background())
	defer stop()
	end := limit.Wait(ctx, limit.Subject{Name: "DynamoDB", Region: "eu-west-1", Operation: "Query"})
	<-ctx.Done()
	end(false)
	fmt.Println(ctx.Err())
	fmt.Println(errors.Is(ctx.Err(), source.ErrUnreachable))
	// Output:
	// no answer from DynamoDB in eu-west-1 (Query) within 10ms (--timeout)
	// true
}
