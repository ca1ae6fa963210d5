package fleet

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	smithytime "github.com/aws/smithy-go/time"

	"github.com/credrender/credrender/internal/daemon"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/schedule"
	"github.com/credrender/credrender/pkg/source"
)

const (
	// Latency is of a request within a region.
	Latency = 5 * time.Millisecond
	// Every is how often each job is due.
	Every = time.Minute
	// longest bounds the wait for a fleet to come to rest.
	longest = time.Hour
)

// Options say what fleet it is.
type Options struct {
	Hosts int
	// Weight is how many hosts each daemon of the simulation stands for: a
	// request of it counts so many times, against the quotas too. 0: one.
	Weight int
	Splay  time.Duration // of each job; 0: all hosts tick in the same second
	Quotas Quotas
	// Spread starts each host at its own share of Every, as if it had been
	// running with a splay, and ends when each has rendered once: a tick of the
	// naive way, which fetches everything each time.
	Spread bool
}

// Result is what the phases of a fleet's life cost.
type Result struct {
	Options
	Reboot, Quiet, Full, Rotation Span
	Booted, Rotated               time.Duration // until the last host had all, from the phase's begin
}

// fleet is hosts over one AWS.
type fleet struct {
	Options
	cloud *Cloud
	hosts []*host
}

// Run plays a fleet's life. It has to be called in a bubble of package
// testing/synctest. Every host has everything at the end of each phase, or it
// fails.
func Run(ctx context.Context, o Options) (Result, error) {
	f := &fleet{Options: o, cloud: NewCloud(Latency, max(1, o.Weight), o.Quotas)}
	if err := f.open(ctx); err != nil {
		return Result{}, err
	}
	sleepUntil(ctx, time.Now().Truncate(time.Minute).Add(time.Minute))
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for i := range f.hosts {
		wg.Go(func() { f.live(ctx, i) })
	}
	r, err := f.play(ctx)
	stop()
	wg.Wait()
	return r, err
}

// play lets the phases follow one another, each from the beginning of a minute
// on.
func (f *fleet) play(ctx context.Context) (r Result, err error) {
	r.Options = f.Options
	began := time.Now()
	if r.Booted, err = f.await(ctx, "0000000000000000001"); err != nil {
		return r, fmt.Errorf("boot: %w", err)
	}
	if f.Spread {
		sleepUntil(ctx, began.Add(Every))
		r.Reboot = f.cloud.Span(began, began.Add(Every))
		return r, nil
	}
	quiet := began.Add(r.Booted).Truncate(Every).Add(2 * Every)
	r.Reboot = f.cloud.Span(began, began.Add(r.Booted).Truncate(time.Second).Add(time.Second))
	for _, h := range f.hosts {
		h.age(0)
	}
	sleepUntil(ctx, quiet.Add(Every-time.Microsecond))
	for _, h := range f.hosts {
		h.age(fullRefresh)
	}
	sleepUntil(ctx, quiet.Add(2*Every-time.Microsecond))
	if err := f.cloud.Rotate(ctx, 0); err != nil {
		return r, err
	}
	sleepUntil(ctx, quiet.Add(2*Every))
	r.Rotated, err = f.await(ctx, "0000000000000000002")
	if err != nil {
		return r, fmt.Errorf("rotation: %w", err)
	}
	sleepUntil(ctx, quiet.Add(3*Every))
	r.Quiet = f.cloud.Span(quiet, quiet.Add(Every))
	r.Full = f.cloud.Span(quiet.Add(Every), quiet.Add(2*Every))
	r.Rotation = f.cloud.Span(quiet.Add(2*Every), quiet.Add(3*Every))
	return r, nil
}

// await waits until every host has rendered all, from that version of the
// secret that is rotated.
func (f *fleet) await(ctx context.Context, version string) (time.Duration, error) {
	began, behind := time.Now(), f.hosts
	for time.Since(began) < longest {
		var still []*host
		for _, h := range behind {
			if !h.has(Name(0), version) {
				still = append(still, h)
			}
		}
		if behind = still; len(behind) == 0 {
			return time.Since(began), nil
		}
		sleepUntil(ctx, time.Now().Add(100*time.Millisecond))
	}
	return 0, fmt.Errorf("%d of %d hosts lack something after %v", len(behind), len(f.hosts), longest)
}

// live is one host from its boot on.
func (f *fleet) live(ctx context.Context, i int) {
	h, id := f.hosts[i], fmt.Sprintf("ec2 i-%08x", i)
	if f.Spread {
		sleepUntil(ctx, time.Now().Add(time.Duration(i)*Every/time.Duration(len(f.hosts))))
	}
	d, err := daemon.New(ctx, daemon.Options{
		Now: time.Now, Host: id, Log: slog.New(slog.DiscardHandler), Jitter: rand.Float64,
		Load: func(context.Context) (*daemon.Config, error) { return h.config(), nil },
	})
	if err == nil {
		_ = d.Run(ctx) // fails only for a config that does not load
	}
}

// open fills the cloud and makes the hosts. They share one store: what that
// keeps is settings, nothing of a host.
func (f *fleet) open(ctx context.Context) error {
	hosts, err := f.cloud.Open(ctx)
	if err != nil {
		return err
	}
	jobs, wants := f.jobs(Where())
	open := func(context.Context, job.Store, string) (source.Source, error) { return hosts, nil }
	for range f.Hosts / max(1, f.Weight) {
		f.hosts = append(f.hosts, newHost(open, jobs, wants))
	}
	return nil
}

func (f *fleet) jobs(where job.Store) (jobs []job.Job, wants map[string][]source.Ref) {
	wants = map[string][]source.Ref{}
	for i := range Jobs {
		j := job.Job{ID: fmt.Sprintf("job%d", i), Name: fmt.Sprintf("job%d", i), Store: where, Schedule: schedule.MustParse("* * * * *"), Splay: f.Splay}
		for s := range PerJob {
			wants[j.Name] = append(wants[j.Name], source.Ref{Name: Name(PerJob*i + s)})
		}
		jobs = append(jobs, j)
	}
	return jobs, wants
}

func sleepUntil(ctx context.Context, at time.Time) {
	_ = smithytime.SleepWithContext(ctx, time.Until(at))
}
