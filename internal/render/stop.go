package render

import (
	"context"
	"slices"
)

// untilStop returns a context for waits, which Options.Stop ends as well.
func (r *run) untilStop(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-r.o.Stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

func (r *run) isStopped() bool {
	select {
	case <-r.o.Stop:
		return true
	default:
		return false
	}
}

// leaveRest leaves out the jobs that are not done.
func (r *run) leaveRest() {
	r.plans = slices.DeleteFunc(r.plans, func(p *Plan) bool {
		isLeft := !p.done && !p.check.unchanged
		if isLeft {
			r.report.Stopped = append(r.report.Stopped, p.Job.Name)
		}
		return isLeft
	})
}
