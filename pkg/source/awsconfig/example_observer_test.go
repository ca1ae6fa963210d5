package awsconfig_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/test/awsfake"
)

// spans makes a span of each attempt. With OpenTelemetry, Start calls the tracer's
// Start, and end calls SetAttributes, SetStatus and End of the span.
type spans struct{}

func (spans) Start(ctx context.Context, a source.Attempt) (context.Context, func(source.Outcome)) {
	return ctx, func(out source.Outcome) {
		fmt.Printf("span %s.%s attempt=%d http.status=%d error.type=%q\n", a.Service, a.Operation, a.Number, out.Status, out.ErrorClass)
	}
}

// An observer sees each attempt at a request, and none of what it asks or answers.
func ExampleOptions_observer() {
	srv := awsfake.New(awsfake.Options{}) // in place of AWS
	defer srv.Close()
	for _, v := range srv.Env() {
		name, value, _ := strings.Cut(v, "=")
		_ = os.Setenv(name, value)
		defer func() { _ = os.Unsetenv(name) }()
	}
	ctx := context.Background()
	cfg, err := awsconfig.Load(ctx, awsconfig.Options{Region: awsfake.Region, Observer: spans{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = dynamo.New(cfg.AWS, "credential-store").Newest(ctx, "db.password")
	fmt.Println(err != nil)
	// Output:
	// span DynamoDB.Query attempt=1 http.status=400 error.type="ResourceNotFoundException"
	// true
}
