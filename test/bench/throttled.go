package main

import (
	"context"
	"fmt"
	"time"
)

// patience is a render of a table that throttles: that it ends with every
// secret is the point, and how long it took is beside it.
type patience struct {
	Name    string  `json:"name"`
	Refs    int     `json:"refs"`
	Seconds float64 `json:"seconds"`
	Lost    bool    `json:"lost"`
}

func (p *plan) patience(ctx context.Context, dir string) ([]patience, error) {
	cases := []struct {
		patience
		wire
	}{
		{patience{Name: "1 unit a second, no burst", Refs: 20}, wire{Size: 100, Units: 1}},
		{patience{Name: "60 % of Queries throttled", Refs: 200}, wire{Size: 100, Throttle: 0.6}},
	}
	var out []patience
	for _, c := range cases {
		f, err := start(ctx, dir, c.wire)
		if err != nil {
			return nil, err
		}
		render, err := p.render(ctx, f, c.Refs, 100, "--wait", "5m")
		if err != nil {
			f.stop()
			return nil, err
		}
		began := time.Now()
		if err := render(); err != nil {
			fmt.Printf("%s: %v\n", c.Name, err)
			c.Lost = true
		}
		c.Seconds = time.Since(began).Seconds()
		f.stop()
		out = append(out, c.patience)
	}
	return out, nil
}
