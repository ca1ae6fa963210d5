package awsconfig

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
	"github.com/credrender/credrender/pkg/source/limit"
)

// failureKept is how long a failure to get credentials is cached: longer than a
// batch, shorter than any schedule.
const failureKept = 5 * time.Second

// failureCache caches the failures of a provider for a moment. Every request of a batch
// needs credentials. Without the cache, each would look for them again, and the SDK's
// retryer, which cannot tell whose connection was refused, would do so ten times.
type failureCache struct {
	next      aws.CredentialsProvider
	now       func() time.Time
	processes *processes
	origin    origin

	mu     sync.Mutex
	failed error
	until  time.Time
}

// Retrieve implements aws.CredentialsProvider. Its errors wrap
// source.ErrCredentials, unless ctx came to its end.
func (p *failureCache) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if err := p.recent(); err != nil {
		return aws.Credentials{}, err
	}
	creds, err := p.retrieve(ctx)
	if err == nil {
		return creds, nil
	}
	if ctx.Err() != nil { // not a fault of the credentials
		p.processes.wait()
		return aws.Credentials{}, fmt.Errorf("find credentials: %w", ctx.Err())
	}
	err = newCredentialsError(err, p.origin)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed, p.until = err, p.now().Add(failureKept)
	return aws.Credentials{}, err
}

// Refused reports whether AWS refused an attempt because of its credentials, which have
// expired or are unknown.
func Refused(o source.Outcome) bool { return wire.IsCredentials(o.ErrorClass) }

func (p *failureCache) recent() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now().After(p.until) {
		return nil
	}
	return p.failed
}

func (p *failureCache) retrieve(ctx context.Context) (aws.Credentials, error) {
	if ctx.Value(callerKey{}) == nil { // otherwise a role requests the credentials that it is assumed with
		ctx = context.WithValue(ctx, callerKey{}, ctx)
	}
	// This is no sign of progress: cached credentials arrive at once.
	defer limit.Wait(ctx, limit.Subject{Name: p.origin.waitedFor()})(false)
	return p.next.Retrieve(ctx)
}
