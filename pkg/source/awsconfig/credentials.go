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

// failureKept is how long credentials that could not be had are not asked for
// again: longer than a wave, shorter than any schedule.
const failureKept = 5 * time.Second

// patient is a provider whose failures cost their time once. Every request of
// a wave needs credentials; without this each would ask again for what is not
// there, and the SDK's retryer, which sees a refused connection and not whose,
// would let each do so ten times.
type patient struct {
	next      aws.CredentialsProvider
	now       func() time.Time
	processes *processes
	place     place

	mu     sync.Mutex
	failed error
	until  time.Time
}

// Retrieve implements aws.CredentialsProvider. Its errors wrap
// source.ErrCredentials, unless ctx came to its end.
func (p *patient) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if err := p.recent(); err != nil {
		return aws.Credentials{}, err
	}
	creds, err := p.retrieve(ctx)
	if err == nil {
		return creds, nil
	}
	if ctx.Err() != nil { // says nothing about the credentials
		p.processes.settle()
		return aws.Credentials{}, fmt.Errorf("find credentials: %w", ctx.Err())
	}
	err = newCredentialsError(err, p.place)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed, p.until = err, p.now().Add(failureKept)
	return aws.Credentials{}, err
}

// Refused reports whether an attempt was refused for whose it was: credentials that
// have expired, or that are not known.
func Refused(o source.Outcome) bool { return wire.IsCredentials(o.ErrorClass) }

func (p *patient) recent() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now().After(p.until) {
		return nil
	}
	return p.failed
}

func (p *patient) retrieve(ctx context.Context) (aws.Credentials, error) {
	if ctx.Value(callerKey{}) == nil { // else it is a role's request for those below it
		ctx = context.WithValue(ctx, callerKey{}, ctx)
	}
	// It says nothing of progress: credentials that are kept come at once.
	defer limit.Wait(ctx, limit.Subject{Name: p.place.waitedFor()})(false)
	return p.next.Retrieve(ctx)
}
