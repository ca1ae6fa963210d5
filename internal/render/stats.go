package render

import (
	"time"
)

// Stats tells what a run asked for and where its time went.
type Stats struct {
	FetchStats
	Phases []Phase
}

// Phase is one part of a run, all jobs together.
type Phase struct {
	Name string
	Took time.Duration // by World.Now
}

// during runs f as a part of that name.
func (r *round) during(name string, f func()) {
	began := r.w.Now()
	f()
	took := r.w.Now().Sub(began)
	for i := range r.phases {
		if r.phases[i].Name == name { // another part of the jobs
			r.phases[i].Took += took
			return
		}
	}
	r.phases = append(r.phases, Phase{name, took})
}

func (r *round) stats() Stats { return Stats{r.fetcher.Stats(), r.phases} }
