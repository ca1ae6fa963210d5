package daemon

import (
	"context"

	"github.com/credrender/credrender/pkg/schedule"
)

// Tick is one tick of all jobs, without the loop.
func (d *Daemon) Tick(ctx context.Context) {
	due := schedule.Due{}
	for _, j := range d.config.Jobs {
		due.IDs = append(due.IDs, j.ID)
	}
	if then := d.tick(ctx, due); then != nil {
		then(d.loop.Plan)
	}
}

// NotifierFunc returns a Notifier that hands its messages to f.
func NotifierFunc(f func(message string)) *Notifier { return &Notifier{send: f} }
