package awsconfig_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/test/awsfake"
	network "github.com/credrender/credrender/test/hop"
)

// repeater passes requests on to a server, and sends answers a second time, up
// to 5 ms late.
type repeater struct {
	to       string
	strip    bool // request ids
	mu       sync.Mutex
	dice     *rand.Rand
	repeated atomic.Int64
}

func (r *repeater) serve(c net.Conn) {
	defer c.Close()
	var writing sync.Mutex
	write := func(answer []byte) error {
		writing.Lock()
		defer writing.Unlock()
		_, err := c.Write(answer)
		return err
	}
	for in := bufio.NewReader(c); ; {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		answer, err := r.ask(req)
		if err != nil || write(answer) != nil {
			return
		}
		r.mu.Lock()
		again, late := r.dice.IntN(2) == 0, time.Duration(r.dice.IntN(5000))*time.Microsecond
		r.mu.Unlock()
		if again {
			r.repeated.Add(1)
			time.AfterFunc(late, func() { _ = write(answer) })
		}
	}
}

// ask returns the bytes of the server's answer.
func (r *repeater) ask(req *http.Request) ([]byte, error) {
	req.RequestURI, req.URL.Scheme, req.URL.Host = "", "http", strings.TrimPrefix(r.to, "http://")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if r.strip {
		resp.Header.Del("X-Amzn-Requestid")
	}
	resp.Header.Del("Content-Length")
	var out bytes.Buffer
	fmt.Fprintf(&out, "HTTP/1.1 %s\r\nContent-Length: %d\r\n", resp.Status, len(body))
	_ = resp.Header.Write(&out)
	out.WriteString("\r\n")
	out.Write(body)
	return out.Bytes(), nil
}

// Whatever is repeated, and when, no secret gets the value of another, none
// that is there is missing, and in the end all are read.
func TestRepeatedLate(t *testing.T) {
	const n = 40
	for _, strip := range []bool{false, true} {
		for seed := range uint64(6) {
			t.Run(fmt.Sprintf("no ids %t, seed %d", strip, seed), func(t *testing.T) {
				srv := awsfake.Start(t)
				_, there := openStore(t, srv, nil, n)
				var refs []source.Ref
				for i, r := range there {
					refs = append(refs, r, source.Ref{Name: fmt.Sprintf("missing%d", i)})
				}
				var urls [2]string
				for i, service := range []string{awsfake.DynamoDB, awsfake.KMS} {
					r := &repeater{to: srv.URL(service), strip: strip, dice: rand.New(rand.NewPCG(seed, uint64(i)))}
					urls[i] = "http://" + network.Accept(t, r.serve)
					defer func() {
						if r.repeated.Load() == 0 {
							t.Error("nothing was repeated")
						}
					}()
				}
				setEnvMore(t, "AWS_ENDPOINT_URL_DYNAMODB="+urls[0], "AWS_ENDPOINT_URL_KMS="+urls[1])
				c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
				if err != nil {
					t.Fatal(err)
				}
				tab, keys := dynamo.New(c.AWS, table), kms.New(c.KMS, key)
				st := store.New(store.Options{Reader: tab, Decrypter: keys, Concurrency: 5})
				for r, got := range st.Fetch(t.Context(), refs) {
					missing := strings.HasPrefix(r.Name, "missing")
					switch {
					case missing && !errors.Is(got.Err, source.ErrNotFound):
						t.Errorf("%s: %v", r.Name, got.Err)
					case !missing && got.Err != nil:
						t.Errorf("%s: %v", r.Name, got.Err)
					case !missing && string(got.Secret.Reveal()) != "value of "+r.Name:
						t.Errorf("%s has the value %q", r.Name, got.Secret.Reveal())
					}
				}
			})
		}
	}
}

// Nor does an object. Two checks find a repeated one, each alone: the id of its answer, and
// that an object without a language is believed on a new connection only. So this test fails
// only without both. TestRepeatedLate fails without the first, TestAnswersWithoutALanguage
// of pkg/source/s3 without the second.
func TestRepeatedObjects(t *testing.T) {
	for _, anonymous := range []bool{false, true} {
		for seed := range uint64(6) {
			t.Run(fmt.Sprintf("no ids %t, seed %d", anonymous, seed), func(t *testing.T) {
				h := newHop(t, false)
				h.anonymous = anonymous
				dice := rand.New(rand.NewPCG(seed, 0))
				var mu sync.Mutex
				h.reply = func(c net.Conn, _ int64, answer []byte) {
					mu.Lock()
					again, late := dice.IntN(2) == 0, time.Duration(dice.IntN(5000))*time.Microsecond
					mu.Unlock()
					_, _ = c.Write(answer)
					if again {
						time.AfterFunc(late, func() { _, _ = c.Write(answer) })
					}
				}
				o := h.objects(t)
				var wg sync.WaitGroup
				for worker := range 4 {
					wg.Go(func() {
						for i := range 25 {
							h.want(t, o, fmt.Sprintf("k%d-%d", worker, i))
						}
					})
				}
				wg.Wait()
			})
		}
	}
}

// A server that gives all answers one id, as emulators may, is believed.
func TestMeaninglessIDs(t *testing.T) {
	h := newHop(t, false)
	h.reply = func(c net.Conn, n int64, answer []byte) {
		_, _ = c.Write(bytes.Replace(answer, fmt.Appendf(nil, "Id: R%d\r", n), []byte("Id: R\r"), 1))
	}
	o := h.objects(t)
	for i := range 10 {
		h.want(t, o, fmt.Sprintf("k%d", i))
	}
}

// A hop that gives the answer of one connection to a request on another is not believed,
// as long as no second answer on a new connection has an id that was seen before.
func TestRepeatedOnANewConnection(t *testing.T) {
	h := newHop(t, false)
	var first []byte
	h.reply = func(c net.Conn, n int64, answer []byte) {
		switch n {
		case 1:
			first = answer
			defer c.Close()
		case 2:
			answer = first
		}
		_, _ = c.Write(answer)
	}
	o := h.objects(t)
	for i := range 3 {
		h.want(t, o, fmt.Sprintf("k%d", i))
	}
}
