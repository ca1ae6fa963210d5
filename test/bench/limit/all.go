package limit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// All asks for the n secrets of a whole table: its pages, one after the other,
// then a Decrypt each, on connections that are made meanwhile, links at most.
func (c *Client) All(ctx context.Context, n, links int) error {
	c.prepare()
	keys := make([]*link, min(n, links))
	var dials errgroup.Group
	c.dial(ctx, &dials, keys, c.Keys)
	defer closeAll(keys)
	if err := errors.Join(c.scan(ctx), dials.Wait()); err != nil {
		return err
	}
	var asked atomic.Int64
	return each(keys, func(l *link) (bool, error) {
		if asked.Add(1) > int64(n) {
			return false, nil
		}
		return true, c.decrypt(ctx, l)
	})
}

// Probe asks for n secrets as they are looked at where nothing is new: a Query
// each, at once.
func (c *Client) Probe(ctx context.Context, n int) error {
	c.prepare()
	tables := make([]*link, n)
	defer closeAll(tables)
	var g errgroup.Group
	for i := range n {
		g.Go(func() (err error) {
			if tables[i], err = c.connect(ctx, c.Tables); err != nil {
				return err
			}
			return c.query(ctx, tables[i], fmt.Sprintf("n%d", i))
		})
	}
	return g.Wait()
}

// Rate returns how many Queries a second are answered to links connections that
// ask one after the other.
func (c *Client) Rate(ctx context.Context, links int, during time.Duration) (float64, error) {
	c.prepare()
	tables := make([]*link, links)
	var dials errgroup.Group
	c.dial(ctx, &dials, tables, c.Tables)
	defer closeAll(tables)
	if err := dials.Wait(); err != nil {
		return 0, err
	}
	var answered atomic.Int64
	began := time.Now()
	err := each(tables, func(l *link) (bool, error) {
		n := answered.Add(1)
		return time.Since(began) < during, c.query(ctx, l, fmt.Sprintf("n%d", n%1000))
	})
	return float64(answered.Load()) / time.Since(began).Seconds(), err
}

func (c *Client) dial(ctx context.Context, g *errgroup.Group, links []*link, url string) {
	for i := range links {
		g.Go(func() (err error) { links[i], err = c.connect(ctx, url); return err })
	}
}

func (c *Client) scan(ctx context.Context) error {
	l, err := c.connect(ctx, c.Tables)
	if err != nil {
		return err
	}
	defer l.Close()
	for start := ""; ; {
		var page bytes.Buffer
		body := `{"ConsistentRead":true,` + start + `"TableName":"credential-store"}`
		if err := c.send(ctx, l, c.Tables, "dynamodb", "DynamoDB_20120810.Scan", body, &page); err != nil {
			return err
		}
		// The key is the last field of an answer that has one.
		at := bytes.LastIndex(page.Bytes(), []byte(`"LastEvaluatedKey":`))
		if at < 0 {
			return nil
		}
		start = `"ExclusiveStartKey"` + string(bytes.TrimSuffix(page.Bytes()[at+len(`"LastEvaluatedKey"`):], []byte("}"))) + ","
	}
}

// each works on all links at once until it is told that there is no more.
func each(links []*link, work func(*link) (more bool, err error)) error {
	var g errgroup.Group
	for _, l := range links {
		g.Go(func() error {
			for {
				if more, err := work(l); err != nil || !more {
					return err
				}
			}
		})
	}
	return g.Wait()
}

func closeAll(links []*link) {
	for _, l := range links {
		if l != nil {
			_ = l.Close()
		}
	}
}
