package render

import (
	"time"

	"github.com/credrender/credrender/pkg/template"
)

// Stats tells what a run fetched and how long its steps took.
type Stats struct {
	template.Stats
	Phases []Phase
}

// Phase is one step of a run, all jobs together.
type Phase struct {
	Name string
	Took time.Duration // by Host.Now
}

// during times f as a step of that name.
func (r *run) during(name string, f func()) {
	began := r.env.Host.Now()
	f()
	took := r.env.Host.Now().Sub(began)
	for i := range r.phases {
		if r.phases[i].Name == name { // of other jobs
			r.phases[i].Took += took
			return
		}
	}
	r.phases = append(r.phases, Phase{name, took})
}

func (r *run) stats() Stats { return Stats{r.fetched, r.phases} }
