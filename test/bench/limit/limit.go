// Package limit is the limit program: what no client that fetches secrets one
// by one can be faster than. It signs the same requests with the SDK's own
// signer, writes them to connections of its own, one for each request in
// flight, reads the answers, and does nothing else: no item is decoded, no
// value decrypted, no template rendered, no file written.
package limit

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"golang.org/x/sync/errgroup"
)

// Client sends to the two endpoints.
type Client struct {
	Tables, Keys string // URLs
	TLS          *tls.Config
	Region       string
	Credentials  aws.Credentials

	signer *v4.Signer
	pairs  []pair
}

// pair are the connections of one secret.
type pair struct{ tables, keys *link }

type link struct {
	net.Conn
	in *bufio.Reader
}

// Fetch asks for n secrets at once: a Query, then a Decrypt, each. Connections
// that are missing are made first, those to KMS at the same time as the others.
func (c *Client) Fetch(ctx context.Context, n int) error {
	c.prepare()
	c.pairs = append(c.pairs, make([]pair, max(0, n-len(c.pairs)))...)
	var g errgroup.Group
	for i := range n {
		g.Go(func() error { return c.fetch(ctx, &c.pairs[i], fmt.Sprintf("n%d", i)) })
	}
	return g.Wait()
}

func (c *Client) prepare() {
	if c.signer == nil {
		c.signer = v4.NewSigner()
	}
}

// Close closes the connections.
func (c *Client) Close() {
	for _, p := range c.pairs {
		for _, l := range []*link{p.tables, p.keys} {
			if l != nil {
				_ = l.Close()
			}
		}
	}
}

func (c *Client) fetch(ctx context.Context, p *pair, name string) error {
	var keys errgroup.Group
	if p.keys == nil {
		keys.Go(func() (err error) { p.keys, err = c.connect(ctx, c.Keys); return err })
		defer keys.Wait() //nolint:errcheck // for the ways out before the Wait below
	}
	if p.tables == nil {
		var err error
		if p.tables, err = c.connect(ctx, c.Tables); err != nil {
			return err
		}
	}
	if err := c.query(ctx, p.tables, name); err != nil {
		return err
	}
	if err := keys.Wait(); err != nil {
		return err
	}
	return c.decrypt(ctx, p.keys)
}

func (c *Client) query(ctx context.Context, l *link, name string) error {
	query := `{"ConsistentRead":true,"ExpressionAttributeNames":{"#n":"name"},"ExpressionAttributeValues":{":n":{"S":"` + name +
		`"}},"KeyConditionExpression":"#n = :n","Limit":1,"ScanIndexForward":false,"TableName":"credential-store"}`
	return c.send(ctx, l, c.Tables, "dynamodb", "DynamoDB_20120810.Query", query, io.Discard)
}

func (c *Client) decrypt(ctx context.Context, l *link) error {
	blob := base64.StdEncoding.EncodeToString(make([]byte, 224))
	return c.send(ctx, l, c.Keys, "kms", "TrentService.Decrypt", `{"CiphertextBlob":"`+blob+`"}`, io.Discard)
}

func (c *Client) connect(ctx context.Context, rawURL string) (*link, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "https" {
		cfg := c.TLS.Clone()
		cfg.ServerName = u.Hostname()
		secured := tls.Client(conn, cfg)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		conn = secured
	}
	return &link{conn, bufio.NewReader(conn)}, nil
}

func (c *Client) send(ctx context.Context, l *link, rawURL, service, target, body string, out io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, rawURL+"/", bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	req.Header.Set("X-Amz-Target", target)
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	sum := sha256.Sum256([]byte(body))
	if err := c.signer.SignHTTP(ctx, c.Credentials, req, hex.EncodeToString(sum[:]), service, c.Region, time.Now()); err != nil {
		return err
	}
	if err := req.Write(l); err != nil {
		return err
	}
	resp, err := http.ReadResponse(l.in, req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", target, resp.Status)
	}
	_, err = io.Copy(out, resp.Body)
	return err
}
