package render

import (
	"errors"
	"fmt"
)

// keepStale applies AllowStale: if the store is unreachable and all files of the job
// are as a recent run left them, the job succeeds without rendering.
func (r *run) keepStale(p *Plan) {
	if r.o.AllowStale <= 0 || p.report.Err == nil || p.state == nil || !unreachable(p.report.Err) {
		return
	}
	rec := p.state.Record()
	if age := r.env.Host.Now().Sub(rec.LastSuccess); rec.LastSuccess.IsZero() || age < 0 || age > r.o.AllowStale {
		return
	}
	if len(rec.Overrides) > 0 {
		p.report.Err = errors.Join(p.report.Err, errors.New("its files are not kept: they contain a value of --override"))
		return
	}
	for _, f := range p.Job.Files {
		path, why := r.env.Disk.Host(f.Dest), "was not part of the last good run"
		if recorded, ok := rec.Files[path]; ok {
			why = Altered(p.state, r.env.Disk, f.Dest, recorded)
		}
		if why != "" {
			p.report.Err = errors.Join(p.report.Err, fmt.Errorf("its files are not kept: %s %s", path, why))
			return
		}
	}
	p.report.Stale = true
}
